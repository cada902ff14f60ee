/*
 * MTA-STS policies that are in force, kept over restarts (RFC 8461 5.1: a policy holds for its
 * max_age, whatever its domain's DNS or web server say meanwhile). The text is kept as it was
 * fetched. Times are Unix time in seconds.
 */
#ifndef STORE_STS_H
#define STORE_STS_H

#include "base/buf.h"
#include "policy/sts.h"

struct store_opened;
struct store_sts;

struct store_sts_row {
	char domain[256];
	char id[POLICY_STS_ID_MAX + 1];
	int64_t fetched_s;
	int64_t expires_s;
	struct buf text;
};
void store_sts_row_deinit(struct store_sts_row *row);

enum {
	STORE_STS_NONE = 1,
	STORE_STS_DOMAINS_MAX = 100000,
	STORE_STS_LONG_MAX = 1000, /* of more than 4 KiB: all others have a few hundred bytes */
};

/* 0, or a negative: see store_open(). ret_opened: NULL to read alone. */
[[nodiscard]] int store_sts_open(struct store_sts **ret_s, const char *path,
                                 struct store_opened *ret_opened);
void store_sts_close(struct store_sts *s);

/* One that has not expired; it counts as used now, unless we read alone. 0, STORE_STS_NONE or a
 * negative. */
[[nodiscard]] int store_sts_get(struct store_sts *s, const char *domain, int64_t now_s,
                                struct store_sts_row *ret_row);
/* In place of the one before; used_s: when, 0 leaves it. Of more than STORE_STS_DOMAINS_MAX, and
 * of more than STORE_STS_LONG_MAX long ones, the one that was not used for longest goes. */
[[nodiscard]] int store_sts_put(struct store_sts *s, const struct store_sts_row *row,
                                int64_t used_s);
/* Not tried since tried_s, or for half of the time that the policy holds: the longest untried
 * first. Domains end in NULs in ret_domains. */
[[nodiscard]] int store_sts_due(struct store_sts *s, int64_t now_s, int64_t tried_s, unsigned count,
                                struct buf *ret_domains);
/* It was tried again without success: it is not the longest unfetched any more. */
[[nodiscard]] int store_sts_tried(struct store_sts *s, const char *domain, int64_t now_s);
/* Those that expired, or were not used since used_s. */
[[nodiscard]] int store_sts_prune(struct store_sts *s, int64_t now_s, int64_t used_s);

#endif
