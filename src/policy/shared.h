/*
 * What nodes of a cluster tell each other of far ends: what TLS a host had at one of them, what is
 * wrong with it, MTA-STS policies. As text, read with bounds, and put together. Pure.
 */
#ifndef POLICY_SHARED_H
#define POLICY_SHARED_H

#include "base/buf.h"
#include "policy/memory.h"
#include "policy/sts.h"

enum {
	POLICY_SHARED_CAP = 112,
	POLICY_SHARED_SESSIONS_MAX = 1000000,
};

/* Of a host of a domain at one node, or at several. Times are Unix time in seconds. */
struct policy_shared_memory {
	int64_t sealed_since_s;
	int64_t sealed_last_s;
	uint32_t sessions;
	bool was_trusted;
	int64_t lost_since_s; /* 0: not lost */
};

void policy_shared_memory_print(const struct policy_shared_memory *m,
                                char ret_text[POLICY_SHARED_CAP]);
/* False: it is none, or of a time that has not come. */
bool policy_shared_memory_parse(struct slice text, int64_t now_s,
                                struct policy_shared_memory *ret_memory);
/* All zero is the start. Who saw TLS last knows best. */
void policy_shared_memory_add(struct policy_shared_memory *sum,
                              const struct policy_shared_memory *more);

struct policy_shared_fault {
	int64_t failing_since_s, failed_last_s; /* 0: it does not fail */
	int64_t small_until_s;
};
void policy_shared_fault_print(const struct policy_shared_fault *f,
                               char ret_text[POLICY_SHARED_CAP]);
bool policy_shared_fault_parse(struct slice text, int64_t now_s,
                               struct policy_shared_fault *ret_fault);
/* What was said at now_s, on top of what is known. */
void policy_shared_fault_add(struct policy_fault *fault, const struct policy_shared_fault *more,
                             int64_t now_s);

/* A policy that is in force; text: of its file. */
struct policy_shared_sts {
	char id[POLICY_STS_ID_MAX + 1];
	int64_t fetched_s, expires_s;
	struct slice text;
};
/* 0 or -ENOMEM. */
[[nodiscard]] int policy_shared_sts_print(const struct policy_shared_sts *p, struct buf *ret_text);
/* Borrows from text. False: it is none, or not in force, or one that demands nothing: those are
 * not believed of anybody but the domain. */
bool policy_shared_sts_parse(struct slice text, int64_t now_s,
                             struct policy_shared_sts *ret_policy);

#endif
