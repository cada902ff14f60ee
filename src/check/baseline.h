/*
 * What changed since a report of before: findings by criterion and place, never counters of days.
 * Pure. What could not be tested, then or now, changed neither way. Like is to be compared with
 * like: what only a deeper look finds is new after a shallow one, and gone the other way round.
 */
#ifndef CHECK_BASELINE_H
#define CHECK_BASELINE_H

#include "check/finding.h"

enum { CHECK_BASELINE_MAX = 64 << 20 }; /* bytes of a report that is read */

/* One finding of before. Texts are owned. */
struct check_past {
	char *domain, *id, *place;
	enum check_verdict verdict;
};

struct check_baseline {
	struct check_past *items; /* in order of domain, place and id; owned */
	size_t count;
};

enum { CHECK_BASELINE_BAD = 1 };

/*
 * What `check --json` wrote, of one domain or of many (one text behind the other): every object
 * with "id", "place" and "verdict", wherever it stands; its domain is the nearest "domain" around
 * it ("" without one).
 *
 * 0, -ENOMEM or CHECK_BASELINE_BAD: *ret_why says what is wrong (static words).
 */
[[nodiscard]] int check_baseline_read(struct slice json, struct check_baseline *ret_baseline,
                                      const char **ret_why);
void check_baseline_deinit(struct check_baseline *baseline);

enum check_change_kind {
	CHECK_CHANGE_NEW, /* a warning or worse of something that was not there */
	CHECK_CHANGE_WORSE,
	CHECK_CHANGE_BETTER,
	CHECK_CHANGE_GONE, /* a warning or worse of something that is not there any more */
	CHECK_CHANGE_COUNT
};
const char *check_change_name(enum check_change_kind kind); /* "new", "worse", ... */

struct check_change {
	enum check_change_kind kind;
	const char *id, *place;              /* borrowed from the report or the baseline */
	enum check_verdict before, now;      /* of NEW now alone, of GONE before alone; else PASS */
	const struct check_finding *finding; /* NULL: GONE */
};

struct check_changes {
	struct check_change *items; /* new and worse first; owned */
	size_t count;
};

/* Borrows from both. 0 or -ENOMEM. */
[[nodiscard]] int check_baseline_compare(const struct check_baseline *before,
                                         const struct check_report *now,
                                         struct check_changes *ret_changes);
void check_changes_deinit(struct check_changes *changes);

#endif
