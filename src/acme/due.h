/* When a certificate is ordered, and when again after that failed. Pure; times are Unix seconds. */
#ifndef ACME_DUE_H
#define ACME_DUE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* What is kept of the orders of a certificate, so that a restart does not order more often. */
struct acme_record {
	int64_t began_s;   /* of the last one; 0: there was none */
	int64_t ended_s;   /* 0: it is under way, or was cut off */
	uint32_t failures; /* in a row */
	char why[256];     /* of the last failure; hostile, without control characters */
};

struct acme_life {
	int64_t not_before_s, not_after_s; /* not_after_s 0: there is no certificate yet */
};

/*
 * Two thirds of its life, and up to a thirtieth of it later, by seed: not all nodes and names at
 * once. Of one that is not there: 0.
 */
int64_t acme_due_renewal(const struct acme_life *life, uint32_t seed);

/*
 * When the next order may begin: what acme_due_renewal() says, later after failures (ten seconds,
 * five minutes, fifteen, then an hour and each time twice as long, a day at most: CAs count, and
 * five failures an hour are the limit of the largest). One that was cut off counts as a failure,
 * and a minute passes at least.
 */
int64_t acme_due_next(const struct acme_record *record, const struct acme_life *life,
                      uint32_t seed);

/* Of the names, and of who orders. */
uint32_t acme_due_seed(const char *name, const char *node);

/* How an order ended; why NULL: well. Control characters and what is no ASCII become '?'. */
void acme_record_end(struct acme_record *record, int64_t now_s, struct slice why);

/* As a text, and back. What cannot be read is a record of nothing. */
[[nodiscard]] int acme_record_write(struct buf *ret_text, const struct acme_record *record);
void acme_record_read(struct acme_record *ret_record, struct slice text);

#endif
