#include "base/clean.h"
#include "parent/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1800000000, HOUR = 3600, DAY = 24 * HOUR };

#define ONLY(kind) (1u << PROC_ALARM_##kind)

/* A sight that is well, and what makes it another. */
struct seen {
	enum proc_witness_end end;
	enum proc_witness_tlsa tlsa;
	int64_t begun_s, left_s; /* of the certificate's life */
	uint8_t leaf;            /* which certificate: the first byte of its digest */
	bool is_of_another_name, is_incomplete;
};

static const struct {
	const char *name;
	struct seen seen;
	struct verdict_expected expected; /* file_sha256[0] is which */
	unsigned wrong;
} cases[] = {
	{ "well", { .begun_s = 30 * DAY, .left_s = 60 * DAY, .leaf = 1 }, {}, 0 },
	{ "shut", { .end = PROC_WITNESS_SHUT }, {}, ONLY(UNREACHABLE) },
	{ "no TLS", { .end = PROC_WITNESS_NO_TLS }, {}, ONLY(UNREACHABLE) },
	{ "nothing is known", { .end = PROC_WITNESS_LOST }, {}, 0 },
	{ "another name",
	  { .begun_s = DAY, .left_s = 89 * DAY, .is_of_another_name = true },
	  {},
	  ONLY(NAME_MISMATCH) },
	{ "without its issuer",
	  { .begun_s = DAY, .left_s = 89 * DAY, .is_incomplete = true },
	  {},
	  ONLY(CHAIN_INCOMPLETE) },
	{ "expired", { .begun_s = 90 * DAY, .left_s = -1 }, {}, ONLY(EXPIRED) },
	{ "to the second", { .begun_s = 90 * DAY, .left_s = 0 }, {}, ONLY(EXPIRED) },
	{ "not yet", { .begun_s = -HOUR, .left_s = 90 * DAY }, {}, ONLY(EXPIRED) },
	{ "ends in three weeks", { .begun_s = 69 * DAY, .left_s = 21 * DAY }, {}, 0 },
	{ "ends sooner", { .begun_s = 69 * DAY, .left_s = 21 * DAY - 1 }, {}, ONLY(EXPIRES) },
	{ "a year's, half gone", { .begun_s = 180 * DAY, .left_s = 185 * DAY }, {}, 0 },
	{ "short, at two thirds", { .begun_s = 4 * DAY, .left_s = 2 * DAY }, {}, 0 },
	{ "short, past two thirds",
	  { .begun_s = 4 * DAY + 9, .left_s = 2 * DAY - 9 },
	  {},
	  ONLY(EXPIRES) },
	{ "our own makes itself anew",
	  { .begun_s = 89 * DAY, .left_s = DAY },
	  { .is_self_made = true },
	  0 },
	{ "our own that expired",
	  { .begun_s = 89 * DAY, .left_s = -DAY },
	  { .is_self_made = true },
	  ONLY(EXPIRED) },
	{ "as the file has it",
	  { .begun_s = DAY, .left_s = 89 * DAY, .leaf = 1 },
	  { .has_file = true, .file_sha256 = { 1 }, .file_s = NOW - DAY },
	  0 },
	{ "stale",
	  { .begun_s = DAY, .left_s = 89 * DAY, .leaf = 1 },
	  { .has_file = true, .file_sha256 = { 2 }, .file_s = NOW - 61 },
	  ONLY(STALE) },
	{ "a moment's reload",
	  { .begun_s = DAY, .left_s = 89 * DAY, .leaf = 1 },
	  { .has_file = true, .file_sha256 = { 2 }, .file_s = NOW - 60 },
	  0 },
	{ "stale and expired",
	  { .begun_s = 90 * DAY, .left_s = -DAY, .leaf = 1 },
	  { .has_file = true, .file_sha256 = { 2 }, .file_s = NOW - 30 * DAY },
	  ONLY(STALE) | ONLY(EXPIRED) },
	{ "an edge whose file was not taken",
	  { .begun_s = DAY, .left_s = 89 * DAY, .leaf = 1 },
	  { .has_file = true,
	    .file_sha256 = { 2 },
	    .file_s = NOW - DAY,
	    .has_force = true,
	    .is_in_force = true },
	  ONLY(STALE) },
	{ "an edge that serves what it was not told",
	  { .begun_s = DAY, .left_s = 89 * DAY, .leaf = 1 },
	  { .has_force = true },
	  ONLY(NOT_SERVED) },
	{ "an edge that is faster than we",
	  { .begun_s = DAY, .left_s = 89 * DAY, .leaf = 2 },
	  { .has_file = true, .file_sha256 = { 2 }, .file_s = NOW, .has_force = true },
	  0 },
	{ "TLSA covers it",
	  { .begun_s = DAY, .left_s = 89 * DAY, .tlsa = PROC_WITNESS_TLSA_COVERS },
	  {},
	  0 },
	{ "TLSA misses it",
	  { .begun_s = DAY, .left_s = 89 * DAY, .tlsa = PROC_WITNESS_TLSA_MISSES },
	  {},
	  ONLY(TLSA_MISMATCH) },
	{ "TLSA is not known",
	  { .begun_s = DAY, .left_s = 89 * DAY, .tlsa = PROC_WITNESS_TLSA_UNKNOWN },
	  {},
	  0 },
};

static void sight_make(struct proc_witness_sight *sight, const struct seen *seen)
{
	bool is_seen = seen->end == PROC_WITNESS_SEEN;
	*sight = (struct proc_witness_sight){
		.end = seen->end,
		.tlsa = seen->tlsa,
		.has_name = is_seen && !seen->is_of_another_name,
		.is_incomplete = seen->is_incomplete,
		.not_before_s = is_seen ? NOW - seen->begun_s : 0,
		.not_after_s = is_seen ? NOW + seen->left_s : 0,
		.sha256 = { seen->leaf },
		.why = "421 %s no",
	};
}

static void test_verdict(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct proc_witness_sight sight;
		struct verdict v;
		unsigned wrong = 0;
		sight_make(&sight, &cases[i].seen);
		verdict_find(&v, &sight, &cases[i].expected, NOW);
		for (int kind = 0; kind < PROC_ALARM_KIND_COUNT; kind++) {
			wrong |= (unsigned)v.is_wrong[kind] << kind;
			assert_true(!v.is_wrong[kind] ||
			            verdict_may_find((enum proc_alarm_kind)kind));
			assert_true(!v.is_wrong[kind] == !v.texts[kind][0]);
		}
		if (wrong != cases[i].wrong)
			fail_msg("%s: %x", cases[i].name, wrong);
	}
}

static void test_verdict_words(void **state)
{
	struct verdict v;
	const struct proc_witness_sight sight = { .has_name = true,
		                                  .not_before_s = NOW - 85 * DAY,
		                                  .not_after_s = NOW + 5 * DAY };
	const struct verdict_expected expected = { .has_file = true,
		                                   .file_sha256 = { 2 },
		                                   .file_s = NOW - 2 * DAY,
		                                   .file = "/etc/ssl/mx.pem" };
	verdict_find(&v, &sight, &expected, NOW);
	assert_string_equal(v.texts[PROC_ALARM_STALE],
	                    "/etc/ssl/mx.pem has another certificate since 2027-01-13 08:00 UTC; "
	                    "the one that is served is valid until 2027-01-20 08:00 UTC");
	assert_string_equal(v.texts[PROC_ALARM_EXPIRES],
	                    "the certificate that is served expires at 2027-01-20 08:00 UTC, in 5 "
	                    "days");
}

static void test_verdict_is_about(void **state)
{
	(void)state;
	static const struct {
		const char *subject;
		bool is_about;
	} subjects[] = { { "host:99", true },
		         { "host:99 192.0.2.1", true },
		         { "host:993", false },
		         { "host:9", false } };
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		assert_int_equal(verdict_is_about(subjects[i].subject, "host:99=imaps", 7),
		                 subjects[i].is_about);
}

/* Nobody is told to look for an ACME client where mailseal is it, or to reload it. */
static void test_verdict_mend(void **state)
{
	(void)state;
	for (int k = 0; k < PROC_ALARM_KIND_COUNT; k++) {
		const char *ours = verdict_mend((enum proc_alarm_kind)k, VERDICT_KEEPER_OURS);
		const char *files = verdict_mend((enum proc_alarm_kind)k, VERDICT_KEEPER_FILES);
		assert_null(verdict_mend((enum proc_alarm_kind)k, VERDICT_KEEPER_OTHER));
		assert_null(strstr(ours ? ours : proc_alarm_mend((enum proc_alarm_kind)k),
		                   "ACME client"));
		assert_null(strstr(files ? files : proc_alarm_mend((enum proc_alarm_kind)k),
		                   "reload the server that"));
	}
	assert_non_null(
		strstr(verdict_mend(PROC_ALARM_EXPIRES, VERDICT_KEEPER_OURS), "acme-renew"));
	assert_non_null(strstr(proc_alarm_mend(PROC_ALARM_EXPIRES), "ACME client"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict_is_about),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_verdict_words),
		cmocka_unit_test(test_verdict_mend),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
