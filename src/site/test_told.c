/* What is shown of many policies. */
#include "base/clean.h"
#include "site/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_those_that_are_not_well_come_first(void **state)
{
	(void)state;
	CLEAN(publish_history_deinit) struct publish_history h = {};
	CLEAN(buf_deinit) struct buf text = {};
	const char *whys[SITE_TOLD_MAX + 1] = { [SITE_TOLD_MAX] = "no host" };
	char name[64], id[POLICY_STS_ID_MAX + 1], expected[512];
	for (int i = 0; i < SITE_TOLD_MAX; i++) {
		snprintf(name, sizeof(name), "a%d.example", i);
		assert_non_null(publish_history_add(&h, name));
	}
	struct publish_served *last = publish_history_add(&h, "z.example");
	assert_non_null(last);
	last->max_age_s = 86400;
	last->since_s = 7;
	assert_int_equal(publish_served_id(last, id), 0);
	assert_int_equal(site_told_write(&text, &h, whys), 0);
	snprintf(expected, sizeof(expected), "1 0 0 100\nz.example none %s 7 no host\n", id);
	struct slice rest = buf_slice(&text), line;
	assert_true(slice_equal(slice_head(rest, strlen(expected)), slice_str(expected)));
	rest = slice_skip(rest, strlen(expected));
	assert_true(slice_line_next(&rest, &line));
	assert_int_equal(memcmp(line.data, "a0.example waiting ", 19), 0);
	size_t count = 2;
	while (slice_line_next(&rest, &line))
		count++;
	assert_int_equal(count, SITE_TOLD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_those_that_are_not_well_come_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
