#include "proc/peer.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>

struct proc_peer {
	struct proc_peer_settings set;
	struct proc_chan *chan;
	struct io_watch *watch;
	struct io_later flush;
	struct io_later begin;
	bool *is_gone; /* set when it is freed from inside a callback */
	bool is_over;  /* the end was told */
};

static void watch_update(struct proc_peer *p)
{
	int writes = proc_chan_wants_write(p->chan) ? IO_WRITE : 0;
	io_watch_set(p->watch, p->is_over ? 0 : IO_READ | writes);
}

/* Returns false when the peer is no more. */
static bool message_give(struct proc_peer *p, struct proc_msg *msg, int *ret_r)
{
	bool is_gone = false;
	p->is_gone = &is_gone;
	*ret_r = p->set.on_message(p->set.owner, p, msg);
	if (msg->fd >= 0)
		close(msg->fd);
	if (is_gone)
		return false;
	p->is_gone = NULL;
	return true;
}

static void end(struct proc_peer *p, enum proc_peer_end how)
{
	p->is_over = true;
	watch_update(p);
	p->set.on_end(p->set.owner, p, how);
}

static void on_ready(void *owner, int events)
{
	struct proc_peer *p = owner;
	struct proc_msg msg;
	int ended = events & IO_WRITE ? proc_chan_flush(p->chan) : 0;
	if (!ended)
		ended = proc_chan_read(p->chan);
	int r = 0, next = PROC_MORE;
	/* Those that came before its end count. */
	while (!r && (next = proc_chan_next(p->chan, &msg)) == 0)
		if (!message_give(p, &msg, &r))
			return;
	if (r) {
		log_error(NULL, "message failed", kv_str("message", proc_msg_name(msg.type)),
		          kv_int("errno", -r), kv_str("where", err_origin()));
		end(p, PROC_PEER_REFUSED);
	} else if (next != PROC_MORE) {
		end(p, PROC_PEER_BROKEN);
	} else if (ended) {
		end(p, PROC_PEER_GONE);
	} else {
		watch_update(p);
	}
}

/* What the channel had read already. */
static void on_begin(struct io_later *later)
{
	on_ready((struct proc_peer *)((char *)later - offsetof(struct proc_peer, begin)), IO_READ);
}

/* That it is gone, reading tells. */
static void on_flush(struct io_later *later)
{
	struct proc_peer *p =
		(struct proc_peer *)((char *)later - offsetof(struct proc_peer, flush));
	(void)!proc_chan_flush(p->chan);
	watch_update(p);
}

int proc_peer_new(struct proc_peer **ret_peer, const struct proc_peer_settings *set)
{
	struct proc_peer_settings now = *set;
	int r = proc_chan_new(&now.chan, set->fd, set->self, set->peer);
	return r ? err_up(r) : err_up(proc_peer_adopt(ret_peer, &now));
}

int proc_peer_adopt(struct proc_peer **ret_peer, const struct proc_peer_settings *set)
{
	struct proc_peer *p = calloc(1, sizeof(*p));
	if (!p) {
		proc_chan_free(set->chan);
		return err_raise(-ENOMEM);
	}
	p->set = *set;
	p->chan = set->chan;
	p->flush.fn = on_flush;
	p->begin.fn = on_begin;
	int r = io_watch_new(&p->watch, set->loop, proc_chan_fd(p->chan), on_ready, p);
	if (r) {
		proc_peer_free(p);
		return err_up(r);
	}
	io_watch_set(p->watch, IO_READ);
	io_soon_add(set->loop, &p->begin);
	*ret_peer = p;
	return 0;
}

void proc_peer_free(struct proc_peer *p)
{
	if (!p)
		return;
	if (p->is_gone)
		*p->is_gone = true;
	io_later_remove(p->set.loop, &p->flush);
	io_later_remove(p->set.loop, &p->begin);
	io_watch_free(p->watch);
	proc_chan_free(p->chan);
	free(p);
}

int proc_peer_send(struct proc_peer *p, enum proc_msg_type type, struct slice payload, int fd)
{
	int r = proc_chan_send(p->chan, type, payload, fd);
	watch_update(p);
	return r;
}

int proc_peer_queue(struct proc_peer *p, enum proc_msg_type type, struct slice payload)
{
	int r = proc_chan_queue(p->chan, type, payload, -1);
	io_turn_add(p->set.loop, &p->flush);
	return r;
}

int proc_peer_ready(struct proc_peer *p)
{
	int r = proc_peer_send(p, PROC_MSG_READY, (struct slice){}, -1);
	return r == PROC_CLOSED ? 0 : err_up(r);
}

struct proc_chan *proc_peer_chan(struct proc_peer *p)
{
	return p->chan;
}
