/*
 * Is the TLSA record of a next key everywhere? For each host and port: what DNSSEC vouches for has
 * it, and so has each server of its zone, asked directly. One place after the other; the first
 * that has it not ends it. A place without TLSA records does not need it: nobody verifies there.
 */
#ifndef WITNESS_EVERYWHERE_H
#define WITNESS_EVERYWHERE_H

#include "proc/everywhere.h"

struct io_loop;
struct lookup;
struct lookup_stub;
struct everywhere;

struct everywhere_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	const struct lookup_stub *stubs; /* borrowed: their zones have these servers */
	size_t stub_count;
	struct slice question; /* the payload of PROC_MSG_EVERYWHERE_ASK; read at once */
	/* Once, from a later turn; it may be freed inside. */
	void (*on_answer)(void *owner, struct everywhere *e,
	                  const struct proc_everywhere_answer *answer);
	void *owner;
};
/* 0 or a negative. */
[[nodiscard]] int everywhere_new(struct everywhere **ret_e, const struct everywhere_settings *set);
/* NULL is fine; on_answer is not called any more. */
void everywhere_free(struct everywhere *e);

#endif
