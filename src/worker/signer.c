#include "worker/signer.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/stream.h"
#include "proc/chan.h"
#include "proc/msg.h"

#include <errno.h>
#include <string.h>

enum { DIGEST_MAX = 64, SLOTS_FIRST = 64, SLOTS_MAX = 65536 };

/* The number of a request is its slot and how often that slot was used: an old answer is known. */
struct request {
	struct tls_session *session; /* NULL: free */
	uint16_t uses;
	uint16_t scheme;
	uint32_t key_id;
	uint8_t digest[DIGEST_MAX];
	uint8_t digest_len;
};

struct worker_signer {
	struct tls_signer tls; /* first: the callbacks get back to us by it */
	struct io_loop *loop;
	struct proc_chan *keys;
	struct io_watch *watch;
	struct io_later flush; /* one call for all that a turn asks */
	struct request *requests;
	size_t capacity;
	size_t pending;
	size_t free_hint;
};

static uint32_t number_of(const struct worker_signer *s, const struct request *r)
{
	return (uint32_t)(r - s->requests) | (uint32_t)r->uses << 16;
}

static void watch_update(struct worker_signer *s)
{
	if (s->watch)
		io_watch_set(s->watch, IO_READ | (proc_chan_wants_write(s->keys) ? IO_WRITE : 0));
}

static void ask(struct worker_signer *s, const struct request *r)
{
	uint8_t payload[4 + 4 + 2 + 2 + DIGEST_MAX];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	if (!s->keys)
		return; /* asked when the next keys is attached */
	proc_pack_u32(&p, number_of(s, r));
	proc_pack_u32(&p, r->key_id);
	proc_pack_u16(&p, r->scheme);
	proc_pack_bytes(&p, slice_of(r->digest, r->digest_len));
	if (proc_chan_queue(s->keys, PROC_MSG_SIGN, proc_packed(&p), -1))
		log_warn(NULL, "request to keys not sent");
	io_turn_add(s->loop, &s->flush);
}

static void on_flush(struct io_later *later)
{
	struct worker_signer *s =
		(struct worker_signer *)((char *)later - offsetof(struct worker_signer, flush));
	/* If it is gone, reading tells. */
	if (s->keys && proc_chan_flush(s->keys) < 0)
		log_warn(NULL, "requests to keys not sent");
	watch_update(s);
}

static struct request *request_new(struct worker_signer *s)
{
	for (size_t n = 0; n < s->capacity; n++) {
		struct request *r = &s->requests[(s->free_hint + n) % s->capacity];
		if (r->session)
			continue;
		s->free_hint = (size_t)(r - s->requests) + 1;
		return r;
	}
	size_t capacity = s->capacity ? s->capacity * 2 : SLOTS_FIRST;
	if (capacity > SLOTS_MAX)
		return NULL;
	struct request *more = realloc(s->requests, capacity * sizeof(*more));
	if (!more)
		return NULL;
	memset(more + s->capacity, 0, (capacity - s->capacity) * sizeof(*more));
	s->requests = more;
	s->free_hint = s->capacity + 1;
	struct request *r = &more[s->capacity];
	s->capacity = capacity;
	return r;
}

static void on_request(struct tls_signer *tls, struct tls_session *session, uint32_t key_id,
                       uint16_t scheme, struct slice digest)
{
	struct worker_signer *s = (struct worker_signer *)tls;
	struct request *r = digest.len <= DIGEST_MAX ? request_new(s) : NULL;
	if (!r) /* no room: the handshake's deadline ends it */
		return;
	r->session = session;
	r->uses++;
	r->scheme = scheme;
	r->key_id = key_id;
	r->digest_len = (uint8_t)digest.len;
	memcpy(r->digest, digest.data, digest.len);
	s->pending++;
	ask(s, r);
}

static void on_cancel(struct tls_signer *tls, struct tls_session *session)
{
	struct worker_signer *s = (struct worker_signer *)tls;
	for (size_t i = 0; i < s->capacity; i++) {
		if (s->requests[i].session != session)
			continue;
		s->requests[i].session = NULL;
		s->pending--;
		return;
	}
}

static void answered(struct worker_signer *s, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t number = 0;
	struct slice sig = {};
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_bytes(&u, &sig))
		return;
	size_t slot = number & 0xffff;
	if (slot >= s->capacity)
		return;
	struct request *r = &s->requests[slot];
	if (!r->session || number_of(s, r) != number)
		return;
	struct io_stream *stream = tls_session_owner(r->session);
	r->session = NULL;
	s->pending--;
	io_stream_signed(stream, sig);
}

static void detach(struct worker_signer *s)
{
	io_watch_free(s->watch);
	s->watch = NULL;
	proc_chan_free(s->keys);
	s->keys = NULL;
}

static void on_keys_ready(void *owner, int events)
{
	struct worker_signer *s = owner;
	struct proc_msg msg;
	if (events & IO_WRITE && proc_chan_flush(s->keys)) {
		detach(s);
		return;
	}
	int r = proc_chan_read(s->keys);
	int next;
	while ((next = proc_chan_next(s->keys, &msg)) == 0)
		answered(s, msg.payload); /* the table lets nothing but SIGNED through */
	if (r || next != PROC_MORE)
		detach(s); /* it died: the parent makes another and sends its channel */
	else
		watch_update(s);
}

int worker_signer_new(struct worker_signer **ret_s, struct io_loop *loop)
{
	struct worker_signer *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->tls = (struct tls_signer){ .request = on_request, .cancel = on_cancel };
	s->loop = loop;
	s->flush.fn = on_flush;
	*ret_s = s;
	return 0;
}

void worker_signer_free(struct worker_signer *s)
{
	if (!s)
		return;
	detach(s);
	io_later_remove(s->loop, &s->flush);
	free(s->requests);
	free(s);
}

struct tls_signer *worker_signer_tls(struct worker_signer *s)
{
	return &s->tls;
}

int worker_signer_attach(struct worker_signer *s, int fd)
{
	detach(s);
	int r = proc_chan_new(&s->keys, fd, PROC_ROLE_WORKER, PROC_ROLE_KEYS);
	if (r)
		return err_up(r);
	r = io_watch_new(&s->watch, s->loop, fd, on_keys_ready, s);
	if (r)
		return err_up(r);
	for (size_t i = 0; i < s->capacity; i++)
		if (s->requests[i].session)
			ask(s, &s->requests[i]);
	watch_update(s);
	return 0;
}

size_t worker_signer_pending(const struct worker_signer *s)
{
	return s->pending;
}
