/* Rules by cases: facts, spoilt in one way, what is said of them. For tests. */
#ifndef CHECK_TEST_RULES_H
#define CHECK_TEST_RULES_H

#include "check/finding.h"
#include "check/plan.h"
#include "check/test_facts.h"

#include <stdio.h>

enum { NOTHING = CHECK_VERDICT_COUNT }; /* no finding at all */

typedef void spoil_fn(struct facts *f);

struct rule_case {
	const char *id, *place, *profile;
	int verdict;
	spoil_fn *spoil;
};

/* What a criterion says at its best and at its worst, by the reference. PASS and FAIL of those
 * that are not there. */
struct rule_range {
	const char *id;
	int best, worst;
};

/* Fails the test with all that differ. */
void rule_cases_hold(const struct rule_case *cases, size_t count);
/* Every criterion of these areas ("CDEI") has a case of its best and of its worst. */
struct rule_areas {
	const char *letters;
	const struct rule_range *ranges;
	size_t range_count;
};
void rule_cases_are_whole(const struct rule_case *cases, size_t count,
                          const struct rule_areas *areas);

#define SPOIL(name, ...)                                                                           \
	static void spoil_##name(struct facts *f)                                                  \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
#define AT(which) (f->endpoints[FACTS_##which])
/* Something that was asked for was not heard: what these steps are for, or (0) no matter which. */
#define LOSE(which, steps)                                                                         \
	AT(which).probes_lost = 1;                                                                 \
	AT(which).steps_lost = (steps) ? (steps) : CHECK_STEPS_ALL
#define STEP(name) (UINT64_C(1) << CHECK_STEP_##name)
#define TEXT(field, text) snprintf(field, sizeof(field), "%s", text)

void suite_add(struct check_endpoint *e, enum check_version version, uint16_t number);
/* DANE is gone; MTA-STS stays. The other way round. Both are gone. */
void dane_drop(struct facts *f);
void sts_drop(struct facts *f);
void policies_drop(struct facts *f);

#define DOMAIN "example.org"
#define MX1_HOST "mx.example.org"
#define MX2_HOST "mx2.example.org"
#define MX1_PORT "mx.example.org:25/smtp [192.0.2.25]"
#define MX2_PORT "mx2.example.org:25/smtp [192.0.2.26]"
#define USERS(port) "mail.example.org:" port " [192.0.2.27]"
#define WEBMAIL "webmail.example.org:443/https [192.0.2.80]"
#define STS_HOST "mta-sts.example.org:443/https [192.0.2.80]"
#define AUTOCONFIG "https://autoconfig.example.org/mail/config-v1.1.xml"

#define M "m3aawg"
#define N "ncsc2025"
#define S "bsi2026"
#define Z "mozilla6"
#define R "rfc9325"

#define PASS CHECK_PASS
#define INFO CHECK_INFO
#define NA CHECK_NOT_APPLICABLE
#define LOST CHECK_NOT_TESTED
#define WARN CHECK_WARN
#define FAIL CHECK_FAIL
#define CRITICAL CHECK_CRITICAL

#endif
