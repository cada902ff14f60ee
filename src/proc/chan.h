/*
 * A channel to another process: messages of proc/msg.h over a stream socket, never blocking. It
 * has no loop: the owner watches proc_chan_fd() and calls in.
 *
 * readable:  proc_chan_read(), then proc_chan_next() until it does not return 0.
 * writable:  proc_chan_flush(); watch for it while proc_chan_wants_write().
 * A peer that is gone or broken never becomes well again: end it and free the channel.
 */
#ifndef PROC_CHAN_H
#define PROC_CHAN_H

#include "proc/msg.h"

struct proc_chan;

enum proc_outcome {
	PROC_MORE = 1, /* no whole message yet */
	PROC_CLOSED,   /* the peer is gone; messages that came before can still be taken */
	PROC_BROKEN,   /* the peer sent what the table does not allow: it has to be ended */
	PROC_FULL,     /* PROC_QUEUE_MAX bytes wait for the peer: this message was not queued */
};

enum {
	PROC_QUEUE_MAX = 64 * 1024 * 1024
}; /* bytes waiting to be sent: the chains of
      thousands of certificates go in one series */

struct proc_msg {
	enum proc_msg_type type;
	struct slice payload; /* borrowed: until the next proc_chan_read() or the channel's end */
	int fd;               /* the caller's from now on (close-on-exec); -1: none belongs to it */
};

/* Two connected ends, non-blocking and close-on-exec. */
[[nodiscard]] int proc_chan_pair(int ret_fds[2]);

/* Takes fd in any case and closes it with the channel. self sends, peer receives. */
[[nodiscard]] int proc_chan_new(struct proc_chan **ret_chan, int fd, enum proc_role self,
                                enum proc_role peer);
/* What waited to be sent is lost, descriptors nobody took are closed. NULL is fine. */
void proc_chan_free(struct proc_chan *chan);
void proc_chan_freep(struct proc_chan **chan);
int proc_chan_fd(const struct proc_chan *chan);

/*
 * The version of the table that messages are sent with: our own, until a message of the peer shows
 * that it is older.
 */
unsigned proc_chan_version(const struct proc_chan *chan);
/*
 * The peer is of another build and spoke this version until now. An older one is spoken to in its
 * own; what a newer one says before it has heard us is left out.
 */
void proc_chan_set_version(struct proc_chan *chan, unsigned version);

/*
 * Reads what is there; at most about a megabyte, or one largest message, a call (the socket then
 * stays readable; so it does at the peer's end, told by the call after the last bytes). Returns 0,
 * PROC_CLOSED, PROC_BROKEN or a negative. PROC_BROKEN is found by proc_chan_next() too and comes
 * from both ever after.
 */
[[nodiscard]] int proc_chan_read(struct proc_chan *chan);

/* The next message. Returns 0, PROC_MORE or PROC_BROKEN. */
[[nodiscard]] int proc_chan_next(struct proc_chan *chan, struct proc_msg *ret_msg);

/*
 * Queues a message and sends what the socket takes.
 *
 * payload: borrowed, copied
 * fd:      -1, or a descriptor to hand over; it stays the caller's, who may close it at once
 *
 * Returns 0, PROC_FULL, PROC_CLOSED or a negative (-EPROTO: not in the table, our own bug).
 */
[[nodiscard]] int proc_chan_send(struct proc_chan *chan, enum proc_msg_type type,
                                 struct slice payload, int fd);

/* The same without sending: for several that go in one call, proc_chan_flush(). */
[[nodiscard]] int proc_chan_queue(struct proc_chan *chan, enum proc_msg_type type,
                                  struct slice payload, int fd);

/* Sends what the socket takes. Returns 0, PROC_CLOSED or a negative. */
[[nodiscard]] int proc_chan_flush(struct proc_chan *chan);
bool proc_chan_wants_write(const struct proc_chan *chan);
/* Bytes that wait: to pace a long series before PROC_FULL. */
size_t proc_chan_queued(const struct proc_chan *chan);
/* No part of a message is held here: another image may go on with the descriptor. */
bool proc_chan_is_between_messages(const struct proc_chan *chan);

#endif
