/*
 * What `mailseal check --json` said of one domain, in short: letters, and what is to be mended; and
 * what got worse since the one before. Pure. Strangers' texts are in it: bounded, and cut.
 */
#ifndef REPORT_CHECKED_H
#define REPORT_CHECKED_H

#include "base/buf.h"

#include <stdbool.h>

enum {
	REPORT_CHECKED_FINDINGS_MAX = 500, /* that are kept */
	REPORT_CHECKED_TEXT_CAP = 300,
};

struct report_checked {
	char domain[256];
	int64_t at_s;
	char profile[16];
	char why[REPORT_CHECKED_TEXT_CAP];     /* nothing could be looked at; else "" */
	char overall[3], between[3], users[3]; /* "A+" to "F", "-": not examined */
	bool is_partial;
	unsigned critical, fail, warn, not_tested; /* findings */
	struct buf findings; /* JSON, for report_checked_each() and _compare(); owned */
};
void report_checked_deinit(struct report_checked *c);

/* 0, REPORT_CHECKED_BAD: it is no such thing; or -ENOMEM. */
enum { REPORT_CHECKED_BAD = 1 };
[[nodiscard]] int report_checked_read(struct report_checked *ret_checked, struct slice json);

/* Texts are borrowed. */
struct report_checked_finding {
	const char *id, *place, *verdict, *title, *evidence;
};
typedef void report_checked_fn(void *owner, const struct report_checked_finding *finding);
/* All that is kept, the worst first. False: it is no such text. */
bool report_checked_each(struct slice findings, report_checked_fn *fn, void *owner);

/*
 * Calls fn for each warning or worse that was not there, or was less, before. What could not be
 * tested, then or now, got neither better nor worse. Counts them. before: empty: there is none.
 */
unsigned report_checked_worse(struct slice before, struct slice now, report_checked_fn *fn,
                              void *owner);

#endif
