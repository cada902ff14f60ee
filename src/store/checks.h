/*
 * How own domains did when they were looked at from outside: letters over time, and what was found
 * by the last two looks. A file of its own in the ledger's folder; bounded by STORE_CHECKS_KEPT
 * looks a domain and STORE_CHECKS_DAYS.
 */
#ifndef STORE_CHECKS_H
#define STORE_CHECKS_H

#include "base/slice.h"

struct store_checks;
struct store_opened;

enum { STORE_CHECKS_KEPT = 400, STORE_CHECKS_DAYS = 400 };

/* Of a read texts and findings live until the function of the reader returns. */
struct store_check {
	const char *domain, *profile, *why;
	const char *overall, *between, *users; /* letters */
	int64_t at_s;
	bool is_partial;
	unsigned critical, fail, warn, not_tested; /* findings */
	unsigned worse;        /* findings that are worse than the look before had them */
	struct slice findings; /* JSON (report/checked.h); empty: it is older */
};

/* 0 or a negative: see store_open(). */
[[nodiscard]] int store_checks_open(struct store_checks **ret_s, const char *path,
                                    struct store_opened *ret_opened);
/* To read alone. STORE_CHECKS_NONE: there is no such file. */
enum { STORE_CHECKS_NONE = 1 };
[[nodiscard]] int store_checks_open_read(struct store_checks **ret_s, const char *path);
void store_checks_close(struct store_checks *s);

/* 0 or -EIO. */
[[nodiscard]] int store_checks_add(struct store_checks *s, const struct store_check *check,
                                   int64_t now_s);

typedef int store_checks_fn(void *owner, const struct store_check *check);
/* Looks at a domain, the newest first, so many at most. 0, -EIO, or what fn says that is not 0. */
[[nodiscard]] int store_checks_read(struct store_checks *s, const char *domain, unsigned max,
                                    store_checks_fn *fn, void *owner);

#endif
