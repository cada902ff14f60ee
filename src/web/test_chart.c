#include "base/clean.h"
#include "web/chart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DAY = 86400, NOON = 1800014400 };

static const char *text_of(struct html *h)
{
	assert_false(h->has_failed);
	assert_int_equal(h->depth, 0);
	assert_int_equal(buf_add(&h->out, slice_of("", 1)), 0);
	return (const char *)buf_slice(&h->out).data;
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, part)); at++)
		count++;
	return count;
}

static void test_chart_shares(void **state)
{
	(void)state;
	static const struct {
		uint64_t part, whole;
		const char *text;
	} cases[] = {
		{ 0, 0, "-" },           { 0, 5, "0.0 %" },       { 5, 5, "100.0 %" },
		{ 1, 3, "33.3 %" },      { 1, 100000, "<0.1 %" }, { 99999, 100000, "99.9 %" },
		{ 995, 1000, "99.5 %" },
	};
	char text[16];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		chart_share_text(cases[i].part, cases[i].whole, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_chart_trend(void **state)
{
	(void)state;
	struct chart_day days[30] = {};
	for (size_t i = 0; i < COUNT_OF(days); i++)
		days[i].at_s = NOON + (int64_t)i * DAY;
	days[3].counts[CHART_SEALED] = 3;
	days[3].counts[CHART_PLAIN] = 1;
	days[29].counts[CHART_AUTHENTICATED] = UINT32_MAX;
	days[29].counts[CHART_PLAIN] = 1;
	CLEAN(html_deinit) struct html h = {};
	chart_trend(&h,
	            &(struct chart_trend){
			    .id = "t", .title = "<all>", .days = days, .count = COUNT_OF(days) });
	const char *text = text_of(&h);
	assert_non_null(strstr(text, "&lt;all&gt;"));
	assert_non_null(strstr(text, "Sealed: 75.0 % on 2027-01-18, 99.9 % on 2027-02-13."));
	/* One session in clear among four thousand million is seen. */
	assert_int_equal(count_of(text, "part-plain"), 2);
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "\"-"));
}

static void test_chart_empty(void **state)
{
	(void)state;
	struct chart_day day = { .at_s = NOON };
	CLEAN(html_deinit) struct html h = {};
	chart_trend(&h, &(struct chart_trend){ .id = "t", .title = "t", .days = &day, .count = 0 });
	chart_bar(&h, "t", day.counts);
	assert_int_equal(buf_len(&h.out), 0);
	chart_trend(&h, &(struct chart_trend){ .id = "t", .title = "t", .days = &day, .count = 1 });
	assert_non_null(strstr(text_of(&h), "no sessions yet"));
}

static void test_chart_bar(void **state)
{
	(void)state;
	CLEAN(html_deinit) struct html h = {};
	chart_bar(&h, "inbound", (uint64_t[]){ 100000, 0, 0, 1 });
	const char *text = text_of(&h);
	assert_non_null(
		strstr(text, "aria-label=\"inbound: authenticated 99.9 %, plain &lt;0.1 %\""));
	assert_non_null(strstr(text, "class=\"part-plain\" x=\"398.0\" y=\"0.0\" width=\"2.0\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chart_shares),
		cmocka_unit_test(test_chart_trend),
		cmocka_unit_test(test_chart_empty),
		cmocka_unit_test(test_chart_bar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
