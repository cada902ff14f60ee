/*
 * The test bench of a sender: a listener for each bad MX, and one for their MTA-STS policies, on a
 * loop. Strangers come here: everything is bounded, and nothing they send is kept.
 */
#ifndef CHECK_SENDER_BENCH_H
#define CHECK_SENDER_BENCH_H

#include "check/sender_site.h"
#include "check/sender_tls.h"
#include "io/loop.h"

enum {
	CHECK_SENDER_VISITS_MAX = 256,   /* connections at a time */
	CHECK_SENDER_VISITS_OF_PEER = 32 /* of one address */
};

struct check_sender_bench;

struct check_sender_bench_settings {
	struct io_loop *loop;
	const struct check_sender_site *site; /* the caller's, as long as the bench lives */
	const struct check_sender_tls *tls;   /* the same */
	uint64_t settle_ms;                   /* who stayed away so long after a visit stays away */
	void *owner;
	/* Whether a peer is the sender under test; others hear 554 and do not count. NULL: all. */
	bool (*is_wanted)(void *owner, const struct sockaddr *peer);
	/* Somebody was there, and what is known of the case is another than before. */
	void (*on_arrival)(void *owner, const struct check_sender_case *c,
	                   enum check_sender_arrival arrival);
	/* All cases are settled. Once. */
	void (*on_settled)(void *owner);
};

/* ret_place: which address could not be had, with a negative errno; else not written. */
[[nodiscard]] int check_sender_bench_new(struct check_sender_bench **ret_b,
                                         const struct check_sender_bench_settings *set,
                                         unsigned *ret_place);
/* Who is there still is cut off, and does not count unless its message came. */
void check_sender_bench_free(struct check_sender_bench *b);

/* One for each case of the table. */
const struct check_sender_seen *check_sender_bench_seen(const struct check_sender_bench *b);
/* Visits of who is no mail program, or not the sender under test. */
unsigned check_sender_bench_strangers(const struct check_sender_bench *b);

#endif
