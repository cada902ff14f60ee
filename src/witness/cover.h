/*
 * Do TLSA records cover a certificate where it will be shown? One question to DNS for each place,
 * and the certificate held against what it says; no connection is made.
 */
#ifndef WITNESS_COVER_H
#define WITNESS_COVER_H

#include "proc/guard.h"

struct io_loop;
struct lookup;
struct cover;

struct cover_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	struct slice question; /* the payload of PROC_MSG_GUARD_ASK; copied */
	/* Once, from a later turn; it may be freed inside. */
	void (*on_answer)(void *owner, struct cover *cover, const struct proc_guard_answer *answer);
	void *owner;
};
/* 0 or a negative. */
[[nodiscard]] int cover_new(struct cover **ret_cover, const struct cover_settings *set);
/* NULL is fine; on_answer is not called any more. */
void cover_free(struct cover *cover);

#endif
