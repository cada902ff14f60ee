/*
 * Counts how sessions ended, for TLS reports (RFC 8460), for all workers: what is told in the day
 * is summed up in one file. What could not be counted is said, every minute at most.
 */
#ifndef RESOLVER_OUTCOMES_H
#define RESOLVER_OUTCOMES_H

#include "policy/outcome.h"

struct io_loop;
struct outcomes;
struct store_tlsrpt;

/* folder: where they are kept. Without its file nothing is counted, which is logged. 0 or -ENOMEM.
 */
[[nodiscard]] int outcomes_new(struct outcomes **ret_o, struct io_loop *loop, const char *folder);
/* Where they are kept; NULL: nowhere. */
struct store_tlsrpt *outcomes_store(const struct outcomes *o);
void outcomes_free(struct outcomes *o);

/* lost: how many a worker could not tell before. */
void outcomes_count(struct outcomes *o, const struct policy_outcome *outcome, uint32_t lost);

#endif
