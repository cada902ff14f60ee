#include "advice/profile.h"
#include "base/clean.h"
#include "check/baseline.h"
#include "check/judge.h"
#include "check/test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

/* What --json writes of findings, inside of something else. */
static struct check_baseline baseline_of(const struct check_report *report)
{
	json_t *list = json_array();
	for (size_t i = 0; i < report->count; i++) {
		const struct check_finding *f = &report->findings[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id", f->criterion->id,
		                                      "place", f->place, "verdict",
		                                      check_verdict_name(f->verdict)));
	}
	json_t *root = json_pack("{s:[{s:s, s:o}]}", "domains", "domain", report->domain->name,
	                         "findings", list);
	char *text = json_dumps(root, 0);
	struct check_baseline baseline;
	const char *why;
	assert_int_equal(check_baseline_read(slice_str(text), &baseline, &why), 0);
	assert_int_equal(baseline.count, report->count);
	free(text);
	json_decref(root);
	return baseline;
}

static struct check_report judge(const struct facts *f)
{
	struct check_report report;
	assert_int_equal(check_judge(&f->domain, advice_profile_find("m3aawg"), &report), 0);
	return report;
}

struct change {
	enum check_change_kind kind;
	const char *id;
	enum check_verdict before, now;
};

/* Both sets of facts are the caller's. */
static void changes_are(struct facts *before, struct facts *now, const struct change *expected,
                        size_t count)
{
	struct check_report old = judge(before), new = judge(now);
	struct check_baseline baseline = baseline_of(&old);
	struct check_changes changes;
	assert_int_equal(check_baseline_compare(&baseline, &new, &changes), 0);
	assert_int_equal(changes.count, count);
	for (size_t i = 0; i < count; i++) {
		const struct check_change *c = &changes.items[i];
		assert_string_equal(check_change_name(c->kind),
		                    check_change_name(expected[i].kind));
		assert_string_equal(c->id, expected[i].id);
		assert_int_equal(c->before, expected[i].before);
		assert_int_equal(c->now, expected[i].now);
		assert_int_equal(c->finding == NULL, c->kind == CHECK_CHANGE_GONE);
	}
	check_changes_deinit(&changes);
	check_baseline_deinit(&baseline);
	check_report_deinit(&old);
	check_report_deinit(&new);
}

static void test_baseline_nothing_changed(void **state)
{
	(void)state;
	struct facts *before = facts_new(), *now = facts_new();
	/* A certificate that is a week older is no change. */
	now->domain.at_s += 7 * FACTS_DAY;
	changes_are(before, now, NULL, 0);
	free(before);
	free(now);
}

static void test_baseline_worse_and_better(void **state)
{
	static const struct change worse[] = {
		{ CHECK_CHANGE_WORSE, "G5", CHECK_PASS, CHECK_FAIL },
		{ CHECK_CHANGE_WORSE, "D9", CHECK_PASS, CHECK_WARN },
	};
	static const struct change better[] = {
		{ CHECK_CHANGE_BETTER, "G5", CHECK_FAIL, CHECK_PASS },
		{ CHECK_CHANGE_BETTER, "D9", CHECK_WARN, CHECK_PASS },
	};
	(void)state;
	struct facts *good = facts_new(), *bad = facts_new();
	bad->endpoints[FACTS_POP3].clear.offers_user = true;
	bad->endpoints[FACTS_IMAPS].has_pq = CHECK_NO;
	changes_are(good, bad, worse, COUNT_OF(worse));
	changes_are(bad, good, better, COUNT_OF(better));
	free(good);
	free(bad);
}

static void test_baseline_new_and_gone(void **state)
{
	static const struct change is_new[] = {
		{ CHECK_CHANGE_NEW, "G7", CHECK_PASS, CHECK_WARN },
	};
	static const struct change is_gone[] = {
		{ CHECK_CHANGE_GONE, "G7", CHECK_WARN, CHECK_PASS },
	};
	(void)state;
	struct facts *with = facts_new(), *without = facts_new();
	strcpy(with->endpoints[FACTS_SIEVE].sealed.auth, "CRAM-MD5");
	without->domain.endpoint_count = FACTS_SIEVE; /* it, and the web hosts behind it */
	with->domain.endpoint_count = FACTS_SIEVE + 1;
	changes_are(without, with, is_new, COUNT_OF(is_new));
	changes_are(with, without, is_gone, COUNT_OF(is_gone));
	free(with);
	free(without);
}

/* Turned away: then nothing is better, and nothing is worse when it answers again. */
static void test_baseline_untested_is_no_change(void **state)
{
	(void)state;
	struct facts *seen = facts_new(), *unseen = facts_new();
	/* Without policies, for theirs is a verdict on all hosts together. */
	for (int i = 0; i < 2; i++) {
		struct facts *f = i ? unseen : seen;
		f->domain.sts = (struct policy_sts_facts){};
		f->domain.sts_record = (struct check_txt){};
	}
	seen->endpoints[FACTS_MX2].versions[CHECK_SSL3].is_there = CHECK_YES;
	unseen->endpoints[FACTS_MX2].reach = CHECK_RATE;
	changes_are(seen, unseen, NULL, 0);
	changes_are(unseen, seen, NULL, 0);
	free(seen);
	free(unseen);
}

static void test_baseline_other_domains_do_not_count(void **state)
{
	static const char json[] =
		"[{\"domain\":\"other.example\",\"findings\":[{\"id\":\"F9\",\"place\":"
		"\"example.org\",\"verdict\":\"fail\"}]}]";
	(void)state;
	struct check_baseline baseline;
	struct check_changes changes;
	const char *why;
	struct facts *f = facts_new();
	struct check_report now = judge(f);
	assert_int_equal(check_baseline_read(slice_str(json), &baseline, &why), 0);
	assert_string_equal(baseline.items[0].domain, "other.example");
	assert_int_equal(check_baseline_compare(&baseline, &now, &changes), 0);
	assert_int_equal(changes.count, 0);
	check_changes_deinit(&changes);
	check_baseline_deinit(&baseline);
	check_report_deinit(&now);
	free(f);
}

/* As --json writes many domains. */
static void test_baseline_one_text_behind_the_other(void **state)
{
	static const char json[] =
		"{\"domain\":\"b.example\",\"findings\":[{\"id\":\"F9\",\"place\":"
		"\"b.example\",\"verdict\":\"fail\"}]}\n"
		"{\"domain\":\"a.example\",\"findings\":[{\"id\":\"F9\",\"place\":"
		"\"a.example\",\"verdict\":\"warn\"}]}\n\n";
	(void)state;
	struct check_baseline baseline;
	const char *why;
	assert_int_equal(check_baseline_read(slice_str(json), &baseline, &why), 0);
	assert_int_equal(baseline.count, 2);
	assert_string_equal(baseline.items[0].domain, "a.example");
	assert_int_equal(baseline.items[1].verdict, CHECK_FAIL);
	check_baseline_deinit(&baseline);
	/* The last one is cut. */
	assert_int_equal(
		check_baseline_read(slice_head(slice_str(json), sizeof(json) - 9), &baseline, &why),
		CHECK_BASELINE_BAD);
	assert_int_equal(baseline.count, 0);
}

static void test_baseline_what_is_no_report(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{}",
		"17",
		"{\"id\":\"C2\",\"place\":\"x\",\"verdict\":\"splendid\"}",
		"{\"id\":1,\"place\":\"x\",\"verdict\":\"pass\"}",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct check_baseline baseline;
		const char *why;
		assert_int_equal(check_baseline_read(slice_str(bad[i]), &baseline, &why),
		                 CHECK_BASELINE_BAD);
		assert_true(why[0]);
		check_baseline_deinit(&baseline);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_baseline_nothing_changed),
		cmocka_unit_test(test_baseline_worse_and_better),
		cmocka_unit_test(test_baseline_new_and_gone),
		cmocka_unit_test(test_baseline_untested_is_no_change),
		cmocka_unit_test(test_baseline_other_domains_do_not_count),
		cmocka_unit_test(test_baseline_one_text_behind_the_other),
		cmocka_unit_test(test_baseline_what_is_no_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
