/*
 * One look at a target: its addresses (where it is a host's name), its TLSA records, then a
 * handshake at each address in turn.
 */
#ifndef WITNESS_LOOK_H
#define WITNESS_LOOK_H

#include "proc/witness.h"

struct io_loop;
struct lookup;
struct tls_hops;
struct look;

enum { LOOK_ADDRESSES_MAX = 8 };

/* What all looks share. Borrowed; they outlive them. */
struct look_tools {
	struct io_loop *loop;
	struct lookup *lookup;
	struct tls_hops *hops;
	const char *hostname; /* for EHLO */
};

struct look_settings {
	const struct look_tools *tools;
	const struct proc_witness_target *target; /* borrowed, as long as the look */
	const char *token;                        /* the same */
	/* For each address, from a later turn; with the last one the look may be freed. */
	void (*on_seen)(void *owner, const struct proc_witness_sight *sight);
	void *owner;
};
/* 0 or a negative. */
[[nodiscard]] int look_new(struct look **ret_look, const struct look_settings *set);
/* NULL is fine; on_seen is not called any more. */
void look_free(struct look *look);

#endif
