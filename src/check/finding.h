/*
 * What the facts of a domain are worth: findings, one for each criterion and place, and letters.
 * check/judge.h makes them; check/print_*.h and --serve show them; --baseline compares them.
 */
#ifndef CHECK_FINDING_H
#define CHECK_FINDING_H

#include "advice/criteria.h"
#include "advice/profile.h"
#include "check/domain.h"

enum check_verdict {
	CHECK_PASS,
	CHECK_NOT_APPLICABLE,
	CHECK_INFO,
	CHECK_NOT_TESTED, /* rate limits, or nothing answered: said, never counted as bad */
	CHECK_WARN,
	CHECK_FAIL,
	CHECK_CRITICAL, /* mail is being lost or deferred now */
	CHECK_VERDICT_COUNT
};
const char *check_verdict_name(enum check_verdict verdict); /* "pass", "not-tested", ... */

struct check_finding {
	const struct advice_criterion *criterion; /* id, title, source, why, weight */
	enum check_verdict verdict;
	char place[CHECK_TEXT_CAP]; /* stable: "mx.example.org:25/smtp [192.0.2.1]", a host, a name
	                             */
	const struct check_endpoint *endpoint; /* NULL: of the domain or a host; borrowed */
	char evidence[CHECK_TEXT_CAP * 2]; /* what was seen, in words; no counters of days alone */
	char software[CHECK_TEXT_CAP];     /* whose mend comes first; "" unknown */
	char retest[CHECK_TEXT_CAP + 128]; /* the command that looks at this alone */
};

/* The same of another place: they are shown together. */
bool check_finding_is_like(const struct check_finding *a, const struct check_finding *b);

enum check_recommendation {
	CHECK_BETWEEN, /* R1: between providers */
	CHECK_INSIDE,  /* R2: not seen from outside */
	CHECK_USERS,   /* R3: passwords */
	CHECK_RECOMMENDATION_COUNT
};

/* "A+", "A" ... "F"; "-": not examined. */
struct check_letter {
	char letter[3];
	bool is_partial; /* something could not be tested */
	const char *why; /* what decided; static words or the finding's; "" for A+ */
};

struct check_report {
	const struct check_domain *domain; /* borrowed */
	const struct advice_profile *profile;
	struct check_finding *findings; /* worst first; owned */
	size_t count, cap;
	struct check_letter letters[CHECK_RECOMMENDATION_COUNT];
	struct check_letter overall;
	unsigned totals[CHECK_VERDICT_COUNT];
};

void check_report_deinit(struct check_report *report);

#endif
