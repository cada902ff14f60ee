#include "proc/chan.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_CHUNK = 64 * 1024,
	READ_BUDGET = 1024 * 1024, /* a call: other channels want their turn */
	KEEP_MAX = 2 * READ_CHUNK, /* memory an idle channel may hold, each way */
	/* Enough that proc_chan_next() always gets on; more is left in the socket. */
	IN_MAX = PROC_HEADER_LEN + PROC_PAYLOAD_MAX,
	FDS_MAX = 256, /* received, and their messages not taken yet: the rest is left, too */
};

/* A descriptor in a queue, and where in the stream of bytes it belongs. */
struct passing {
	struct passing *next;
	uint64_t from; /* out: first byte of its frame; in: of what was received with it */
	uint64_t to;   /* in: one past the last byte received with it */
	int fd;
};

struct queue {
	struct passing *first;
	struct passing **last; /* where the next one is hung */
	size_t count;
};

struct proc_chan {
	int fd;
	enum proc_role self, peer;
	uint16_t version; /* of the table, in what we send */
	uint16_t newer;   /* than ours: what comes in it is left out; 0: nothing is */
	bool is_broken;
	bool is_closed;
	struct buf in, out;
	uint64_t read;  /* bytes of the stream received */
	uint64_t taken; /* of them, those of messages that were taken */
	uint64_t sent;
	struct queue fds_in, fds_out;
};

static void queue_init(struct queue *q)
{
	*q = (struct queue){ .last = &q->first };
}

/* Takes fd. 0 or -ENOMEM. */
static int queue_add(struct queue *q, int fd, uint64_t from, uint64_t to)
{
	struct passing *p = malloc(sizeof(*p));
	if (!p) {
		close(fd);
		return err_raise(-ENOMEM);
	}
	*p = (struct passing){ .from = from, .to = to, .fd = fd };
	*q->last = p;
	q->last = &p->next;
	q->count++;
	return 0;
}

/* The first one's descriptor, now the caller's. */
static int queue_take(struct queue *q)
{
	struct passing *p = q->first;
	int fd = p->fd;
	q->first = p->next;
	if (!q->first)
		q->last = &q->first;
	q->count--;
	free(p);
	return fd;
}

static void queue_deinit(struct queue *q)
{
	while (q->first)
		close(queue_take(q));
}

int proc_chan_pair(int ret_fds[2])
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return err_raise(-errno);
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

static int fd_prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return err_raise(-errno);
	return 0;
}

int proc_chan_new(struct proc_chan **ret_chan, int fd, enum proc_role self, enum proc_role peer)
{
	CLEAN(closep) int mine = fd;
	struct proc_chan *chan = calloc(1, sizeof(*chan));
	if (!chan)
		return err_raise(-ENOMEM);
	int r = fd_prepare(fd);
	if (r) {
		free(chan);
		return err_up(r);
	}
	chan->fd = TAKE_FD(mine);
	chan->self = self;
	chan->peer = peer;
	chan->version = PROC_TABLE_VERSION;
	queue_init(&chan->fds_in);
	queue_init(&chan->fds_out);
	*ret_chan = chan;
	return 0;
}

void proc_chan_free(struct proc_chan *chan)
{
	if (!chan)
		return;
	close(chan->fd);
	queue_deinit(&chan->fds_in);
	queue_deinit(&chan->fds_out);
	/* Ticket keys went through. */
	buf_deinit_secret(&chan->in);
	buf_deinit_secret(&chan->out);
	free(chan);
}

void proc_chan_freep(struct proc_chan **chan)
{
	proc_chan_free(*chan);
}

int proc_chan_fd(const struct proc_chan *chan)
{
	return chan->fd;
}

unsigned proc_chan_version(const struct proc_chan *chan)
{
	return chan->version;
}

void proc_chan_set_version(struct proc_chan *chan, unsigned version)
{
	if (proc_version_is_known(version))
		chan->version = (uint16_t)version;
	else if (version > PROC_TABLE_VERSION)
		chan->newer = (uint16_t)version;
}

/* What a long series of messages needed is not kept for ever. */
static void memory_return(struct buf *b)
{
	if (buf_len(b) == 0 && b->cap > KEEP_MAX)
		buf_deinit_secret(b);
}

/* --- receiving --- */

/* *ret_fd: the descriptor that came, or -1. A second one, or what is no descriptor, is false. */
static bool control_read(struct msghdr *m, int *ret_fd)
{
	bool is_fine = true;
	*ret_fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			is_fine = false;
			continue;
		}
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (*ret_fd >= 0) {
				close(fd);
				is_fine = false;
				continue;
			}
			*ret_fd = fd;
		}
	}
	return is_fine;
}

static int broken(struct proc_chan *chan)
{
	chan->is_broken = true;
	return PROC_BROKEN;
}

/* One recvmsg. *ret_len is 0 if nothing is there now. */
static int receive(struct proc_chan *chan, size_t *ret_len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))]; /* the second is there to be refused */
	} control;
	uint8_t *at;
	int fd;
	int r = buf_reserve(&chan->in, READ_CHUNK, &at);
	if (r)
		return err_up(r);
	struct iovec iov = { .iov_base = at, .iov_len = READ_CHUNK };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(chan->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	*ret_len = 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != ECONNRESET && errno != EPIPE)
		return err_raise(-errno);
	if (n <= 0)
		return PROC_CLOSED;
	bool is_fine = control_read(&m, &fd);
	if (fd >= 0) {
		r = queue_add(&chan->fds_in, fd, chan->read, chan->read + (uint64_t)n);
		if (r)
			return err_up(r);
	}
	if (!is_fine)
		return broken(chan);
	if (m.msg_flags & MSG_CTRUNC) /* our table of descriptors is full, or it sent many */
		return err_raise(-EMFILE);
	buf_commit(&chan->in, (size_t)n);
	chan->read += (uint64_t)n;
	*ret_len = (size_t)n;
	return 0;
}

int proc_chan_read(struct proc_chan *chan)
{
	size_t budget = READ_BUDGET;
	if (chan->is_broken)
		return PROC_BROKEN;
	memory_return(&chan->in);
	while (buf_len(&chan->in) < IN_MAX && chan->fds_in.count < FDS_MAX) {
		size_t len = 0;
		int r = receive(chan, &len);
		if (r == PROC_CLOSED)
			chan->is_closed = true;
		if (r == PROC_CLOSED || r == PROC_BROKEN)
			return r;
		if (r)
			return err_up(r);
		/* A descriptor ends what one call brings; else the socket is empty now. */
		if (len == 0 || (len < READ_CHUNK && !chan->fds_in.count))
			break;
		budget = len < budget ? budget - len : 0;
		if (budget == 0)
			break;
	}
	return 0;
}

/*
 * A descriptor comes with the first byte of its frame, and the kernel gives it with a run of bytes
 * that this byte is in. Which frames have one is in the table, so both must agree.
 */
static bool fd_agrees(const struct proc_chan *chan, bool has_fd, uint64_t end)
{
	const struct passing *p = chan->fds_in.first;
	if (has_fd)
		return p && p->from <= chan->taken && chan->taken < p->to;
	return !p || p->to > end;
}

static void message_consume(struct proc_chan *chan, size_t len)
{
	/* Only forgets: the bytes stay where they are until the next read. */
	buf_consume(&chan->in, len);
	chan->taken += len;
}

/* The rest of a message is missing. It can have one descriptor. */
static int more(struct proc_chan *chan)
{
	return chan->fds_in.count < FDS_MAX ? PROC_MORE : broken(chan);
}

/* Leaves out what is of a newer table. Returns 0, PROC_MORE or PROC_BROKEN. */
static int newer_skip(struct proc_chan *chan)
{
	for (;;) {
		struct slice in = buf_slice(&chan->in);
		if (!chan->newer || in.len < PROC_HEADER_LEN)
			return 0;
		struct proc_header h = proc_header_read(in.data);
		size_t len = PROC_HEADER_LEN + (size_t)h.len;
		if (h.version != chan->newer)
			return 0;
		if (h.len > PROC_PAYLOAD_MAX)
			return broken(chan);
		if (in.len < len)
			return more(chan);
		if (!fd_agrees(chan, false, chan->taken + len))
			return broken(chan);
		message_consume(chan, len);
	}
}

int proc_chan_next(struct proc_chan *chan, struct proc_msg *ret_msg)
{
	if (chan->is_broken)
		return PROC_BROKEN;
	int r = newer_skip(chan);
	if (r)
		return r;
	struct slice in = buf_slice(&chan->in);
	if (in.len < PROC_HEADER_LEN)
		return more(chan);
	struct proc_header h = proc_header_read(in.data);
	bool has_fd = proc_msg_has_fd(h.type);
	/* Refused by its header: what is not allowed is not waited for. */
	if (!proc_version_is_known(h.version) ||
	    !proc_msg_allowed(chan->peer, chan->self, h.type, h.len, has_fd))
		return broken(chan);
	size_t len = PROC_HEADER_LEN + (size_t)h.len;
	if (in.len < len)
		return more(chan);
	if (!fd_agrees(chan, has_fd, chan->taken + len))
		return broken(chan);
	*ret_msg = (struct proc_msg){
		.type = h.type,
		.payload = slice_of(in.data + PROC_HEADER_LEN, h.len),
		.fd = has_fd ? queue_take(&chan->fds_in) : -1,
	};
	if (h.version < chan->version)
		chan->version = h.version;
	message_consume(chan, len);
	return 0;
}

/* --- sending --- */

/* Bytes from here that may go in one sendmsg: up to the next frame with a descriptor. */
static size_t run_len(const struct proc_chan *chan, bool has_fd)
{
	const struct passing *next = chan->fds_out.first;
	size_t len = buf_len(&chan->out);
	if (has_fd)
		next = next->next;
	return next && next->from - chan->sent < len ? (size_t)(next->from - chan->sent) : len;
}

static ssize_t run_send(struct proc_chan *chan, bool has_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = {
		.iov_base = chan->out.data + chan->out.start,
		.iov_len = run_len(chan, has_fd),
	};
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (has_fd) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &chan->fds_out.first->fd, sizeof(int));
	}
	return sendmsg(chan->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int proc_chan_flush(struct proc_chan *chan)
{
	if (chan->is_closed)
		return PROC_CLOSED;
	while (buf_len(&chan->out)) {
		const struct passing *p = chan->fds_out.first;
		bool has_fd = p && p->from == chan->sent;
		ssize_t n = run_send(chan, has_fd);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return 0;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			chan->is_closed = true;
			return PROC_CLOSED;
		}
		if (n < 0)
			return err_raise(-errno);
		if (has_fd)
			close(queue_take(&chan->fds_out));
		buf_consume(&chan->out, (size_t)n);
		chan->sent += (uint64_t)n;
	}
	memory_return(&chan->out);
	return 0;
}

/* All of it or nothing: a frame without its descriptor would break the peer. */
static int frame_queue(struct proc_chan *chan, enum proc_msg_type type, struct slice payload,
                       int fd)
{
	uint8_t *at;
	size_t len = PROC_HEADER_LEN + payload.len;
	int r = buf_reserve(&chan->out, len, &at);
	if (r)
		return err_up(r);
	if (fd >= 0) {
		uint64_t from = chan->sent + buf_len(&chan->out);
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			return err_raise(-errno);
		r = queue_add(&chan->fds_out, copy, from, from + len);
		if (r)
			return err_up(r);
	}
	struct proc_header h = {
		.len = (uint32_t)payload.len,
		.type = (uint16_t)type,
		.version = chan->version,
	};
	proc_header_write(h, at);
	if (payload.len)
		memcpy(at + PROC_HEADER_LEN, payload.data, payload.len);
	buf_commit(&chan->out, len);
	return 0;
}

int proc_chan_queue(struct proc_chan *chan, enum proc_msg_type type, struct slice payload, int fd)
{
	if (!proc_msg_allowed(chan->self, chan->peer, type, payload.len, fd >= 0))
		return err_raise(-EPROTO);
	if (chan->is_closed)
		return PROC_CLOSED;
	if (buf_len(&chan->out) + PROC_HEADER_LEN + payload.len > PROC_QUEUE_MAX)
		return PROC_FULL;
	return err_up(frame_queue(chan, type, payload, fd));
}

int proc_chan_send(struct proc_chan *chan, enum proc_msg_type type, struct slice payload, int fd)
{
	int r = proc_chan_queue(chan, type, payload, fd);
	return r ? r : proc_chan_flush(chan);
}

bool proc_chan_wants_write(const struct proc_chan *chan)
{
	return buf_len(&chan->out) && !chan->is_closed;
}

size_t proc_chan_queued(const struct proc_chan *chan)
{
	return buf_len(&chan->out);
}

bool proc_chan_is_between_messages(const struct proc_chan *chan)
{
	return !buf_len(&chan->in) && !buf_len(&chan->out) && !chan->is_broken && !chan->is_closed;
}
