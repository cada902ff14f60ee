/* What strangers see of a policy of ours is held against what is served. */
#include "publish/seen.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct publish_served_mx mx = { .name = "mx.own.example" };
static const struct publish_served served = { .domain = "own.example",
	                                      .mode = CONF_STS_ENFORCE,
	                                      .max_age_s = 604800,
	                                      .mx = &mx,
	                                      .mx_count = 1 };

static void expect(const struct publish_served *s, const struct publish_seen *seen,
                   enum publish_seen_verdict wanted, const char *words)
{
	char why[PUBLISH_SEEN_WHY_CAP];
	enum publish_seen_verdict verdict;
	assert_int_equal(publish_seen_compare(s, seen, &verdict, why), 0);
	assert_int_equal(verdict, wanted);
	assert_true(words[0] ? strstr(why, words) != NULL : !why[0]);
}

static void test_seen(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	char id[POLICY_STS_ID_MAX + 1];
	(void)state;
	assert_int_equal(publish_served_text(&served, &text), 0);
	assert_int_equal(publish_served_id(&served, id), 0);
	struct publish_seen seen = { .state = POLICY_STS_IN_FORCE,
		                     .id = id,
		                     .text = buf_slice(&text) };
	expect(&served, &seen, PUBLISH_SEEN_SAME, "");
	seen.id = "1";
	expect(&served, &seen, PUBLISH_SEEN_OTHER, "has id 1, ");
	seen.text = slice_head(seen.text, seen.text.len - 1);
	expect(&served, &seen, PUBLISH_SEEN_OTHER, "another policy");
	seen = (struct publish_seen){ .state = POLICY_STS_UNUSED, .id = "" };
	expect(&served, &seen, PUBLISH_SEEN_OTHER, "no record _mta-sts.own.example");
	seen = (struct publish_seen){ .state = POLICY_STS_LOST, .id = "", .why = "timeout" };
	expect(&served, &seen, PUBLISH_SEEN_UNKNOWN, "");
	seen = (struct publish_seen){ .state = POLICY_STS_BROKEN, .id = "1", .why = "no\nway\x1b" };
	expect(&served, &seen, PUBLISH_SEEN_FAILED, "no?way?");
}

static void test_seen_where_nothing_is_served(void **state)
{
	const struct publish_seen seen = { .state = POLICY_STS_UNUSED, .id = "" };
	const struct publish_served waits = { .domain = "own.example" };
	struct publish_served none = served;
	(void)state;
	none.mode = CONF_STS_NONE;
	expect(&waits, &seen, PUBLISH_SEEN_UNKNOWN, "");
	expect(&none, &seen, PUBLISH_SEEN_SAME, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_seen_where_nothing_is_served),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
