#include "hops/header.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What is told: each value in [], and where the body begins. */
static const struct {
	const char *name, *text, *told, *body;
} cases[] = {
	{ "one field", "Received: a\r\n\r\nbody", "[ a]", "body" },
	{ "LF alone", "Received: a\n\nbody", "[ a]", "body" },
	{ "folded", "Received: a\r\n\tb\r\n  c\r\n\r\n", "[ a b  c]", "" },
	{ "folded with nothing in the line", "Received: a\n \n b\n\n", "[ a b]", "" },
	{ "others are passed over", "Subject: x\n Received: y\nReceived: a\nTo: z\n\n", "[ a]",
	  "" },
	{ "any case, a blank before the colon", "reCEIVED : a\n\n", "[ a]", "" },
	{ "two", "Received: a\nReceived: b\n\n", "[ a][ b]", "" },
	{ "a longer name", "X-Received: a\nReceived-SPF: b\n\n", "", "" },
	{ "no value", "Received:\n\n", "[]", "" },
	{ "an mbox", "From a@b Tue Nov 24 06:28:09 2026\nReceived: a\n\nx", "[ a]", "x" },
	{ "a line that is no field", "hello world\n more\nReceived: a\n\n", "[ a]", "" },
	{ "such a line between", "Received: a\nhello\n b\nReceived: c\n\n", "[ a][ c]", "" },
	{ "results", "ARC-Authentication-Results: i=1\nAuthentication-Results: x\n\n", "[ i=1][ x]",
	  "" },
	{ "no body, no empty line", "Received: a\nReceived: b", "[ a][ b]", "" },
	{ "the end in a line end", "Received: a\r\n", "[ a]", "" },
	{ "the end in a name", "Received", "", "" },
	{ "nothing", "", "", "" },
	{ "only a body", "\nReceived: a\n", "", "Received: a\n" },
	{ "a bare CR", "Received: a\rb\n\n", "[ a b]", "" },
	{ "a folded first line", " x\nReceived: a\n\n", "[ a]", "" },
};

struct told {
	char text[256];
	size_t body; /* where it begins; SIZE_MAX: the header did not end */
};

static void field_tell(struct told *told, const struct hops_header *h)
{
	char value[128];
	size_t len = strlen(told->text);
	slice_to_text(hops_header_value(h), value, sizeof(value));
	snprintf(told->text + len, sizeof(told->text) - len, "[%s]", value);
}

/* In pieces of so many bytes. */
static struct told read_all(struct slice text, size_t piece)
{
	struct hops_header *h = calloc(1, sizeof(*h));
	struct told told = { .body = SIZE_MAX };
	size_t at = 0;
	int r = HOPS_HEADER_MORE;
	assert_non_null(h);
	while (r != HOPS_HEADER_END && at < text.len) {
		size_t used;
		r = hops_header_feed(h, slice_head(slice_skip(text, at), piece), &used);
		at += used;
		if (!r)
			field_tell(&told, h);
	}
	if (r == HOPS_HEADER_END)
		told.body = at;
	else if (hops_header_finish(h))
		field_tell(&told, h);
	free(h);
	return told;
}

static void test_header_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t piece = 1; piece < 100; piece += 7) {
			struct slice text = slice_str(cases[i].text);
			struct told told = read_all(text, piece);
			if (strcmp(told.text, cases[i].told))
				fail_msg("%s: %s", cases[i].name, told.text);
			if (told.body != SIZE_MAX &&
			    strcmp(cases[i].text + told.body, cases[i].body))
				fail_msg("%s: body at %zu", cases[i].name, told.body);
		}
}

static void test_header_nul_is_a_question_mark(void **state)
{
	(void)state;
	struct told told = read_all(slice_of("Received: a\0b\n\n", 15), 4);
	assert_string_equal(told.text, "[ a?b]");
}

static void test_header_long_field_is_cut(void **state)
{
	(void)state;
	struct hops_header *h = calloc(1, sizeof(*h));
	char line[1000];
	size_t used;
	assert_non_null(h);
	memset(line, 'x', sizeof(line));
	assert_int_equal(hops_header_feed(h, slice_str("Received:"), &used), HOPS_HEADER_MORE);
	for (int i = 0; i < 100; i++)
		assert_int_equal(hops_header_feed(h, slice_of(line, sizeof(line)), &used),
		                 HOPS_HEADER_MORE);
	assert_int_equal(hops_header_feed(h, slice_str("\nReceived: b\n\n"), &used), 0);
	assert_true(h->is_cut);
	assert_int_equal(h->value_len, HOPS_VALUE_MAX);
	assert_int_equal(hops_header_feed(h, slice_str("Received: b\n\n"), &used), 0);
	assert_false(h->is_cut);
	assert_true(slice_equal(hops_header_value(h), slice_str(" b")));
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_read),
		cmocka_unit_test(test_header_nul_is_a_question_mark),
		cmocka_unit_test(test_header_long_field_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
