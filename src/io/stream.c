#include "io/stream.h"

#include "base/err.h"
#include "tls/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is decrypted of one read fits in one piece. */
_Static_assert(IO_STREAM_READ_BULK + 16384 <= IO_SCRATCH_LEN);

static void emit(struct io_stream *s, enum io_stream_event event)
{
	if (s->on_event)
		s->on_event(s, event);
}

bool io_stream_is_open(const struct io_stream *s)
{
	return s->loop && s->fd >= 0;
}

static bool wants_input(const struct io_stream *s)
{
	return !s->is_connecting && !s->has_ended && !s->is_paused && !s->is_dead &&
	       buf_len(&s->in) < IO_STREAM_INPUT_MAX && buf_len(&s->raw) < IO_STREAM_INPUT_MAX;
}

/* The socket tells once: what is still to be read is read in a later turn. */
static void watch_update(struct io_stream *s)
{
	if (s->may_read && wants_input(s))
		io_soon_add(s->loop, &s->pump);
}

static void fail(struct io_stream *s, int error)
{
	if (s->is_dead)
		return;
	s->is_dead = true;
	s->error = error;
	buf_clear(&s->out);
	watch_update(s);
	emit(s, IO_STREAM_ERROR);
}

/* Returns how much the socket took, 0 if it is full; an error is left for the read side to tell. */
static size_t socket_send(struct io_stream *s, struct slice bytes)
{
	ssize_t n;
	if (!s->may_write)
		return 0;
	do
		n = send(s->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return (size_t)n;
	if (errno == EAGAIN) {
		s->may_write = false;
		return 0;
	}
	s->error = errno;
	return bytes.len; /* nobody is there to read it */
}

static void out_flush(struct io_stream *s)
{
	while (buf_len(&s->out) && !s->is_connecting) {
		size_t n = socket_send(s, buf_slice(&s->out));
		if (!n)
			break;
		buf_consume(&s->out, n);
	}
	if (!buf_len(&s->out)) {
		io_loop_take_back(s->loop, &s->out);
		/* Where the peer has ended too, closing the descriptor says the same. */
		if (s->ends_when_sent && !s->is_shut && !s->has_ended && s->fd >= 0) {
			s->is_shut = true;
			shutdown(s->fd, SHUT_WR);
		}
	}
	watch_update(s);
}

/* Hands the plain bytes to the owner; what it leaves is copied, for the scratch is lent. */
static int deliver(struct io_stream *s, struct slice plain)
{
	s->bytes_in += plain.len;
	if (buf_len(&s->in)) {
		int r = buf_add(&s->in, plain);
		if (r)
			return err_up(r);
		emit(s, IO_STREAM_DATA);
		return 0;
	}
	s->fresh = plain;
	emit(s, IO_STREAM_DATA);
	plain = s->fresh;
	s->fresh = (struct slice){};
	return plain.len ? buf_add(&s->in, plain) : 0;
}

/* A peer with Nagle's algorithm keeps its first line until it knows that we have the end of its
 * handshake. Where no byte of ours says so, the kernel would take 40 ms. */
static void acknowledge(struct io_stream *s)
{
	const int now = 1;
	setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof(now));
}

/* Runs TLS over ciphertext. What it does not take stays in *cipher. */
static int tls_handshake(struct io_stream *s, struct slice *cipher)
{
	io_loop_lend(s->loop, &s->out);
	size_t waiting = buf_len(&s->out);
	int r = tls_session_handshake(s->tls, cipher, &s->out);
	if (r == 0 && buf_len(&s->out) == waiting)
		acknowledge(s);
	out_flush(s);
	if (r == TLS_MORE || r == TLS_SIGNING)
		return 0;
	if (r < 0)
		return err_up(r);
	if (r) {
		s->is_dead = true;
		watch_update(s);
		emit(s, IO_STREAM_TLS_FAILED);
		return 0;
	}
	s->is_tls_up = true;
	emit(s, IO_STREAM_TLS_UP);
	return 0;
}

static int tls_records(struct io_stream *s, struct slice *cipher)
{
	uint8_t *plain = io_loop_plain_scratch(s->loop);
	int r = 0;
	while (!r && !s->is_paused && !s->is_dead && s->tls) {
		size_t have = 0;
		io_loop_lend(s->loop, &s->out);
		while (!r && have + 16384 <= IO_SCRATCH_LEN) {
			size_t n = 0;
			r = tls_session_read(s->tls, cipher, &s->out, plain + have,
			                     IO_SCRATCH_LEN - have, &n);
			have += n;
		}
		out_flush(s);
		if (r < 0)
			return err_up(r);
		if (have) {
			int d = deliver(s, slice_of(plain, have));
			if (d)
				return err_up(d);
		}
	}
	if (r == TLS_CLOSED)
		s->has_ended = true;
	if (r == TLS_FAILED)
		fail(s, EPROTO);
	return 0;
}

/* Everything between the socket and the owner, for bytes that just came. */
static int process(struct io_stream *s, struct slice bytes)
{
	if (!s->tls)
		return bytes.len ? deliver(s, bytes) : 0;
	struct buf waiting = s->raw;
	s->raw = (struct buf){};
	if (buf_len(&waiting)) {
		int r = buf_add(&waiting, bytes);
		bytes = buf_slice(&waiting);
		if (r) {
			buf_deinit(&waiting);
			return err_up(r);
		}
	}
	int r = 0;
	if (!s->is_tls_up && !s->is_dead)
		r = tls_handshake(s, &bytes);
	if (!r && s->is_tls_up && !s->is_dead)
		r = tls_records(s, &bytes);
	if (!r && bytes.len && !s->is_dead)
		r = buf_add(&s->raw, bytes);
	buf_deinit(&waiting);
	return err_up(r);
}

static void tell_end(struct io_stream *s)
{
	if (!s->has_ended || s->end_is_told || s->is_dead || s->is_paused)
		return;
	s->end_is_told = true;
	watch_update(s);
	emit(s, IO_STREAM_EOF);
}

static void on_readable(struct io_stream *s)
{
	uint8_t *scratch = io_loop_scratch(s->loop);
	ssize_t most = s->is_bulk ? IO_STREAM_READ_BULK : IO_STREAM_READ;
	ssize_t n = recv(s->fd, scratch, (size_t)most, 0);
	if (n < 0) {
		s->may_read = errno == EINTR;
		if (errno != EAGAIN && errno != EINTR)
			fail(s, errno);
		watch_update(s);
		return;
	}
	/* Less than there was room for: the socket is empty, and will tell when it is not. */
	s->may_read = n == most || (n > 0 && s->sees_end);
	if (n == 0) {
		s->has_ended = true;
		s->was_truncated = s->tls;
	} else {
		int r = process(s, slice_of(scratch, (size_t)n));
		if (r) {
			fail(s, -r);
			return;
		}
	}
	tell_end(s);
	watch_update(s);
}

/* A connection that failed ends at once: only then there is something to ask for. */
static void on_connected(struct io_stream *s)
{
	int error = 0;
	socklen_t len = sizeof(error);
	if (s->sees_end && getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		fail(s, error);
		return;
	}
	s->is_connecting = false;
	watch_update(s);
	emit(s, IO_STREAM_CONNECTED);
}

static void room_tell(struct io_stream *s)
{
	if (s->was_full && buf_len(&s->out) < IO_STREAM_OUT_LOW) {
		s->was_full = false;
		emit(s, IO_STREAM_ROOM);
	}
}

static void on_ready(struct io_edge *ready, int events)
{
	struct io_stream *s =
		(struct io_stream *)((char *)ready - offsetof(struct io_stream, ready));
	s->may_read |= (events & IO_READ) != 0;
	s->may_write |= (events & IO_WRITE) != 0;
	s->sees_end |= (events & IO_END) != 0;
	if (s->is_dead) /* aborted: its socket has one more event */
		return;
	if (s->is_connecting) {
		if (events & (IO_WRITE | IO_END))
			on_connected(s);
		return;
	}
	if (events & IO_WRITE && (buf_len(&s->out) || s->was_full)) {
		out_flush(s);
		room_tell(s);
	}
	if (s->may_read && wants_input(s))
		on_readable(s);
}

/* What waited for the owner is offered again: plain bytes, then ciphertext. */
static void offer(struct io_stream *s)
{
	s->is_offering = false;
	if (buf_len(&s->in))
		emit(s, IO_STREAM_DATA);
	if (s->is_dead || s->is_paused || !s->tls || (s->is_tls_up && !buf_len(&s->raw)))
		return;
	int r = process(s, (struct slice){});
	if (r)
		fail(s, -r);
}

static void on_pump(struct io_later *later)
{
	struct io_stream *s =
		(struct io_stream *)((char *)later - offsetof(struct io_stream, pump));
	if (s->is_dead || s->is_paused)
		return;
	if (s->is_offering)
		offer(s);
	if (s->may_read && wants_input(s))
		on_readable(s);
	else
		tell_end(s);
}

static void offer_later(struct io_stream *s)
{
	s->is_offering = true;
	io_later_add(s->loop, &s->pump);
}

int io_stream_open(struct io_stream *s, struct io_loop *loop, int fd)
{
	s->loop = loop;
	s->fd = fd;
	s->pump.fn = on_pump;
	s->ready.fn = on_ready;
	int one = 1;
	/* Fails on a unix socket, where there is no delay to avoid. */
	if (!s->is_prompt)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->may_write = !s->is_connecting;
	int r = io_edge_add(loop, &s->ready, fd);
	if (r)
		s->fd = -1; /* the caller's still */
	return err_up(r);
}

void io_stream_deinit(struct io_stream *s)
{
	if (s->loop)
		io_later_remove(s->loop, &s->pump);
	if (io_stream_is_open(s)) {
		io_edge_remove(s->loop, &s->ready);
		close(s->fd);
	}
	s->fd = -1;
	tls_session_free(s->tls);
	s->tls = NULL;
	buf_deinit_secret(&s->in);
	buf_deinit_secret(&s->raw);
	buf_deinit_secret(&s->out);
	s->is_dead = true;
}

struct slice io_stream_input(const struct io_stream *s)
{
	return buf_len(&s->in) ? buf_slice(&s->in) : s->fresh;
}

void io_stream_consume(struct io_stream *s, size_t len)
{
	if (!buf_len(&s->in)) {
		s->fresh = slice_skip(s->fresh, len);
		return;
	}
	buf_consume(&s->in, len);
	if (!buf_len(&s->in))
		buf_deinit_secret(&s->in);
	watch_update(s);
}

bool io_stream_has_input(const struct io_stream *s)
{
	return buf_len(&s->in) || s->fresh.len || buf_len(&s->raw);
}

void io_stream_start_tls(struct io_stream *s, struct tls_session *tls)
{
	s->tls = tls;
	/* A client speaks first; a server waits for input that is still to come. */
	offer_later(s);
}

void io_stream_signed(struct io_stream *s, struct slice sig)
{
	if (!s->tls)
		return;
	tls_session_signed(s->tls, sig);
	offer_later(s);
}

/* Behind a silence of ours this long a stream begins anew (tls/record_size.h). */
enum { SILENCE_MS = 1000 };

static int seal(struct io_stream *s, struct slice bytes)
{
	uint32_t now_ms = (uint32_t)io_loop_now_ms(s->loop);
	if (now_ms - s->sealed_ms >= SILENCE_MS)
		tls_session_rest(s->tls);
	s->sealed_ms = now_ms;
	return tls_session_write(s->tls, bytes, &s->out);
}

int io_stream_write(struct io_stream *s, struct slice bytes)
{
	if (s->is_dead || !bytes.len)
		return 0;
	if (s->tls && !s->is_tls_up)
		return err_raise(-EPROTO); /* never in clear by mistake */
	s->bytes_out += bytes.len;
	if (!s->is_tls_up && !buf_len(&s->out) && !s->is_connecting)
		bytes = slice_skip(bytes, socket_send(s, bytes));
	if (!bytes.len)
		return 0;
	io_loop_lend(s->loop, &s->out);
	int r = s->is_tls_up ? seal(s, bytes) : buf_add(&s->out, bytes);
	if (r)
		return r < 0 ? err_up(r) : err_raise(-EPROTO);
	out_flush(s);
	return 0;
}

int io_stream_write_sealed(struct io_stream *s, struct slice ciphertext)
{
	if (s->is_dead || !s->is_tls_up)
		return 0;
	int r = buf_add(&s->out, ciphertext);
	if (r)
		return err_up(r);
	out_flush(s);
	return 0;
}

bool io_stream_is_full(const struct io_stream *s)
{
	return buf_len(&s->out) > IO_STREAM_OUT_HIGH;
}

void io_stream_pause(struct io_stream *s)
{
	s->is_paused = true;
	watch_update(s);
}

void io_stream_resume(struct io_stream *s)
{
	s->is_paused = false;
	watch_update(s);
	if (io_stream_has_input(s) || s->has_ended)
		offer_later(s);
}

void io_stream_want_room(struct io_stream *s)
{
	s->was_full = true;
}

void io_stream_end(struct io_stream *s)
{
	if (s->is_tls_up && !s->is_dead && !s->ends_when_sent) {
		io_loop_lend(s->loop, &s->out);
		tls_session_close(s->tls, &s->out);
	}
	io_stream_cut(s);
}

void io_stream_cut(struct io_stream *s)
{
	if (s->is_dead || s->ends_when_sent)
		return;
	s->ends_when_sent = true;
	out_flush(s);
}

size_t io_stream_queued(const struct io_stream *s)
{
	return buf_len(&s->out);
}
