/*
 * The workers, and those that watch, at the other ends of their channels. What they tell is read
 * once there is a file for it: until then it waits where it is, and they keep it.
 */
#ifndef LEDGER_TELLERS_H
#define LEDGER_TELLERS_H

#include "ledger/keeper.h"
#include "proc/msg.h"

struct tellers;

struct tellers_settings {
	struct io_loop *loop;
	void *owner;
	void (*on_none)(void *owner); /* the last is gone */
	/* A login (PROC_MSG_GUESS); NULL: nobody wants to know. 0 or a negative: it is no such
	 * message. */
	int (*on_guess)(void *owner, uint64_t teller, struct slice payload);
};

[[nodiscard]] int tellers_new(struct tellers **ret_t, const struct tellers_settings *set);
/* NULL is fine. */
void tellers_free(struct tellers *t);
/* Whom they tell it; it may be free'd after them alone. */
void tellers_keeper_set(struct tellers *t, struct keeper *keeper);
/* Takes fd, the channel of one; role: WORKER or WATCH. 0 or a negative. */
[[nodiscard]] int tellers_add(struct tellers *t, enum proc_role role, int fd);
size_t tellers_count(const struct tellers *t);

/* To this one, if it is still there. */
void tellers_answer(struct tellers *t, uint64_t teller, enum proc_msg_type type,
                    struct slice payload);

/* There is a file. */
void tellers_begin(struct tellers *t);
/* All that they told is in it: they hear of it. */
void tellers_kept(struct tellers *t);
/* It was not kept: each gets another channel from the parent and tells it again. */
void tellers_cut(struct tellers *t);
/* What was said to them goes out, as far as their sockets take it. */
void tellers_flush(struct tellers *t);

#endif
