/*
 * TLS reports that others sent us (RFC 8460): kept in a file of its own, which a mail pipe writes,
 * so that its user needs nothing else. Each is there once. Bounded: the oldest go, first of those
 * that nobody vouched for, and then of the sender who takes most room. A report names its
 * organization itself: two that came from different domains are told apart.
 */
#ifndef STORE_RECEIVED_H
#define STORE_RECEIVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_opened;
struct store_received;

enum {
	STORE_RECEIVED_DAYS = 400,
	STORE_RECEIVED_REPORTS = 100 * 1000,
};

/* Who says that it comes from its sender. */
enum store_received_trust {
	STORE_RECEIVED_UNASKED,    /* nobody was asked */
	STORE_RECEIVED_SIGNED,     /* our MTA: its DKIM signature is that of the sender's domain */
	STORE_RECEIVED_UNVERIFIED, /* our MTA does not say so (RFC 8460 3: to be ignored) */
	STORE_RECEIVED_TRUST_COUNT
};

/* 0, or a negative: see store_open(). */
[[nodiscard]] int store_received_open(struct store_received **ret_s, const char *path,
                                      struct store_opened *ret_opened);
/* To read alone. STORE_RECEIVED_NONE: there is no such file. */
enum { STORE_RECEIVED_NONE = 1, STORE_RECEIVED_KNOWN };
[[nodiscard]] int store_received_open_read(struct store_received **ret_s, const char *path);
void store_received_close(struct store_received *s);

struct store_received_head {
	const char *organization, *id, *contact;
	const char *from; /* the domain it came from; "": no mail */
	enum store_received_trust trust;
	size_t len; /* of the report */
	int64_t begin_s, end_s, now_s;
};
struct store_received_policy {
	const char *kind, *domain;
	uint64_t succeeded, failed;
};
struct store_received_failure {
	const char *result, *sender, *mx, *helo, *receiver, *reason, *more;
	uint64_t sessions;
};

/* One after the other: a report, its policies, the failures of each behind it; then kept as a
 * whole, or not at all. 0, STORE_RECEIVED_KNOWN (it is there: nothing was begun), or a negative:
 * then, and after any other negative, store_received_undo(). */
[[nodiscard]] int store_received_begin(struct store_received *s,
                                       const struct store_received_head *head);
[[nodiscard]] int store_received_policy(struct store_received *s,
                                        const struct store_received_policy *policy);
/* ret_is_new: this organization, from this domain, never told this failure of this domain. */
[[nodiscard]] int store_received_failure(struct store_received *s,
                                         const struct store_received_failure *failure,
                                         bool *ret_is_new);
[[nodiscard]] int store_received_keep(struct store_received *s);
void store_received_undo(struct store_received *s);

/* What organizations told of a domain since a time. Texts live until the next one. A few of each
 * sender come before the many of some, and those that nobody vouched for last. */
struct store_received_sum {
	const char *organization, *from, *domain;
	enum store_received_trust trust;
	uint64_t reports, succeeded, failed;
	int64_t last_s; /* the end of what it is about */
};
struct store_received_fault {
	const char *organization, *from, *domain, *result, *mx, *reason; /* reason: one of them */
	enum store_received_trust trust;
	uint64_t sessions;
	int64_t first_s; /* when we were told of such a failure for the first time, ever */
	int64_t last_s;
};
struct store_received_reader {
	void *owner;
	int (*on_sum)(void *owner, const struct store_received_sum *sum);
	int (*on_fault)(void *owner,
	                const struct store_received_fault *fault); /* behind all sums */
};
/* domain: NULL for all. 0, a negative, or what a function of the reader says that is not 0. */
[[nodiscard]] int store_received_read(struct store_received *s, int64_t since_s, const char *domain,
                                      const struct store_received_reader *reader);

#endif
