/*
 * The MTA-STS policies in force (RFC 8461 5.1): what a domain publishes now, and what it published
 * before as long as that holds. A policy that has not expired stays in force when its record or
 * file is gone or cannot be had; a domain whose file cannot be had is asked again after five
 * minutes; what is used is fetched anew every day, before half of its time is over.
 */
#ifndef RESOLVER_POLICIES_H
#define RESOLVER_POLICIES_H

#include "policy/way.h"

struct fetch;
struct io_loop;
struct lookup;
struct policies;
struct policies_question;
struct store_sts;
struct store_sts_row;

struct policies_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct store_sts *store; /* NULL: nothing is remembered; stays the caller's */
	bool only_reads;         /* it is another's: nothing is kept there, nor refreshed */
	/* NULL: nobody wants to know. One that was fetched, and is kept. */
	void (*on_kept)(void *owner, const struct store_sts_row *row);
	void *owner;
};

[[nodiscard]] int policies_new(struct policies **ret_p, const struct policies_settings *set);
/* No question may be under way. */
void policies_free(struct policies *p);

/* facts are the question's, as long as it lasts; it may be freed from inside. */
typedef void policies_fn(void *owner, const struct policy_sts_facts *facts);
/* fn is called once, in a later turn, unless the question is freed before. */
[[nodiscard]] int policies_ask(struct policies_question **ret_q, struct policies *p,
                               const char *domain, policies_fn *fn, void *owner);
void policies_question_free(struct policies_question *q);

#endif
