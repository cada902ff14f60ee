/*
 * Questions to resolvers of this host that validate, for their verdict: the AD bit (RFC 6840 5.8),
 * which libunbound takes out of whatever it is told; or to servers of a zone, for what they have.
 * One datagram a question; an answer that does not fit into one is asked for over TCP. Nothing is
 * kept: they have a cache.
 */
#ifndef ASK_UPSTREAM_H
#define ASK_UPSTREAM_H

#include "base/slice.h"
#include "dns/message.h"

struct io_loop;
struct upstream;
struct upstream_question;

struct upstream_settings {
	const char *const *addresses; /* "ADDRESS" or "ADDRESS@PORT"; one after the other */
	size_t count;
	unsigned questions_max; /* at a time */
	unsigned again_ms;      /* without an answer, then the next is asked; 0: 4 s */
	bool has_zone;          /* servers of the zone: asked without RD and AD */
};

enum {
	UPSTREAM_BAD_ADDRESS = 1,
	UPSTREAM_BAD_NAME,
	UPSTREAM_BUSY, /* as many questions, or descriptors, as may be */
};

/* 0, a negative or UPSTREAM_BAD_ADDRESS: *ret_bad is the one. */
[[nodiscard]] int upstream_new(struct upstream **ret_u, struct io_loop *loop,
                               const struct upstream_settings *settings, const char **ret_bad);
/* No question may be under way. */
void upstream_free(struct upstream *u);

/* An answer to this question (packet, borrowed; whatever its code is), or why there is none. The
 * question must not be freed from inside. */
typedef void upstream_fn(void *owner, struct slice packet, const char *why);
/*
 * fn is called once, in a later turn, unless the question is freed before. Who waits for ever for
 * an answer is the caller's business.
 *
 * Returns 0, a negative, UPSTREAM_BAD_NAME or UPSTREAM_BUSY.
 */
[[nodiscard]] int upstream_ask(struct upstream_question **ret_q, struct upstream *u,
                               const char *name, enum dns_type type, upstream_fn *fn, void *owner);
void upstream_question_free(struct upstream_question *q);

#endif
