#include "base/clean.h"
#include "base/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

static void assert_out(struct html *h, const char *expected)
{
	assert_false(h->has_failed);
	assert_int_equal(h->depth, 0);
	assert_int_equal(buf_add(&h->out, slice_of("", 1)), 0);
	assert_string_equal((const char *)buf_slice(&h->out).data, expected);
}

static void test_html_nests(void **state)
{
	(void)state;
	CLEAN(html_deinit) struct html h = {};
	html_open(&h, "p", { "class", "x" }, { "id", NULL });
	html_element(&h, "b", "7 < 8");
	html_void(&h, "input", { "name", "a" }, { "required", "" });
	html_textf(&h, "%d & %s", 5, "<b>");
	html_close(&h);
	assert_out(&h, "<p class=\"x\"><b>7 &lt; 8</b>\n<input name=\"a\" required=\"\">"
	               "5 &amp; &lt;b&gt;</p>\n");
}

static const struct {
	const char *name, *text, *written;
} cases[] = {
	{ "script", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "out of an attribute", "\" onload=\"x", "&quot; onload=&quot;x" },
	{ "single quotes", "' onload='x`", "&#39; onload=&#39;x&#96;" },
	{ "an entity stays what was written", "&lt;", "&amp;lt;" },
	{ "a comment", "<!-- -->", "&lt;!-- --&gt;" },
	{ "controls",
	  "a\x01"
	  "b\x7f"
	  "c\x1b[2J",
	  "a" BAD "b" BAD "c" BAD "[2J" },
	{ "line ends", "a\nb\tc\rd", "a b c" BAD "d" },
	{ "letters of other scripts", "bücher 例 \xf0\x9f\x93\xa7", "bücher 例 \xf0\x9f\x93\xa7" },
	{ "half a character", "a\xe2\x82", "a" BAD BAD },
	{ "half a character swallows no quote", "\xc3\"x", BAD "&quot;x" },
	{ "overlong <",
	  "\xc0\xbc"
	  "b",
	  BAD BAD "b" },
	{ "overlong < of three", "\xe0\x80\xbc", BAD BAD BAD },
	{ "surrogate", "\xed\xa0\x80", BAD BAD BAD },
	{ "past the last", "\xf4\x90\x80\x80", BAD BAD BAD BAD },
	{ "turned text",
	  "a\xe2\x80\xae"
	  "b\xe2\x81\xa6"
	  "c\xe2\x80\x8f",
	  "a" BAD "b" BAD "c" BAD },
	{ "Arabic letter mark", "\xd8\x9c", BAD },
	{ "C1 control",
	  "\xc2\x9b"
	  "2J",
	  BAD "2J" },
	{ "line separator", "\xe2\x80\xa8", BAD },
};

/* What a stranger wrote stays text, wherever it stands. */
static void test_html_hostile_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(html_deinit) struct html h = {};
		char expected[256];
		html_element(&h, "td", cases[i].text, { "title", cases[i].text });
		snprintf(expected, sizeof(expected), "<td title=\"%s\">%s</td>\n", cases[i].written,
		         cases[i].written);
		assert_out(&h, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html_nests),
		cmocka_unit_test(test_html_hostile_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
