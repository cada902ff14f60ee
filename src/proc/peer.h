/*
 * Another process at the end of a channel, on the loop: messages come as they come, what cannot be
 * sent at once is sent when there is room.
 */
#ifndef PROC_PEER_H
#define PROC_PEER_H

#include "io/loop.h"
#include "proc/chan.h"

struct proc_peer;

/* How it ended. */
enum proc_peer_end {
	PROC_PEER_GONE,    /* the other process closed it */
	PROC_PEER_BROKEN,  /* it sent what the table does not allow */
	PROC_PEER_REFUSED, /* on_message returned a negative, which was logged */
};

struct proc_peer_settings {
	struct io_loop *loop;
	int fd;                 /* taken in any case */
	struct proc_chan *chan; /* in place of fd, self and peer, for proc_peer_adopt() */
	enum proc_role self, peer;
	void *owner;
	/* msg->fd: taken by TAKE_FD, or closed behind it. A negative ends the peer. */
	int (*on_message)(void *owner, struct proc_peer *from, struct proc_msg *msg);
	/* The last call, not from inside another of this header; it may free the peer. */
	void (*on_end)(void *owner, struct proc_peer *peer, enum proc_peer_end how);
};

[[nodiscard]] int proc_peer_new(struct proc_peer **ret_peer, const struct proc_peer_settings *set);
/* The same with a channel that is there already; it is taken in any case. */
[[nodiscard]] int proc_peer_adopt(struct proc_peer **ret_peer,
                                  const struct proc_peer_settings *set);
/* Also from inside on_message and on_end. NULL is fine. */
void proc_peer_free(struct proc_peer *peer);

/* As proc_chan_send() and proc_chan_queue(); what was queued goes at the end of the turn. */
[[nodiscard]] int proc_peer_send(struct proc_peer *peer, enum proc_msg_type type,
                                 struct slice payload, int fd);
[[nodiscard]] int proc_peer_queue(struct proc_peer *peer, enum proc_msg_type type,
                                  struct slice payload);
/* PROC_MSG_READY, to the parent. That it has ended meanwhile is no failure, for on_end tells. 0 or
 * a negative. */
[[nodiscard]] int proc_peer_ready(struct proc_peer *peer);
struct proc_chan *proc_peer_chan(struct proc_peer *peer);

#endif
