#include "smtp/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct reply_case {
	const char *name;
	const char *input;
	int result;
	unsigned code;
	size_t used;
	const char *text; /* NULL: as the input */
};

static const struct reply_case cases[] = {
	{ "one line", "250 Ok\r\n", 0, 250, 8, NULL },
	{ "three lines", "250-a\r\n250-b\r\n250 c\r\n", 0, 250, 21, NULL },
	{ "code alone", "250\r\n", 0, 250, 5, NULL },
	{ "no text", "354 \r\n", 0, 354, 6, NULL },
	{ "more behind it", "220 go\r\n250 x\r\n", 0, 220, 8, "220 go\r\n" },
	{ "tab and 8 bit stay", "250 a\tb\xc3\xa9\r\n", 0, 250, 11, NULL },
	{ "control bytes do not", "250 \x01\x1b[2J\x7f\r\n", 0, 250, 12, "250 ??[2J?\r\n" },
	{ "not whole", "250-a\r\n", SMTP_REPLY_MORE, 0, 7, NULL },
	{ "half a line", "250 O", SMTP_REPLY_MORE, 0, 0, "" },
	{ "nothing", "", SMTP_REPLY_MORE, 0, 0, NULL },
	{ "bare LF", "250 Ok\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "bare LF between lines", "250-a\n250 b\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "bare CR", "250 a\rb\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "codes that differ", "250-a\r\n550 b\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "no code", "hello\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "empty line", "\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "two digits", "25\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "four digits", "2500 x\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "1yz", "150 x\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "6yz", "650 x\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
	{ "letters in the code", "2a0 x\r\n", SMTP_REPLY_BROKEN, 0, 0, NULL },
};

static void check(const struct reply_case *c, const struct smtp_reply *reply, int r, size_t used)
{
	if (r != c->result || (r != SMTP_REPLY_BROKEN && used != c->used))
		fail_msg("%s: result %d, used %zu", c->name, r, used);
	if (r == 0 && reply->code != c->code)
		fail_msg("%s: code %u", c->name, reply->code);
	if (r == SMTP_REPLY_BROKEN)
		return;
	struct slice text = buf_slice(&reply->text);
	if (!slice_equal(text, slice_str(c->text ? c->text : c->input)))
		fail_msg("%s: text '%.*s'", c->name, (int)text.len, text.data);
}

static void test_reply_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_reply reply = {};
		size_t used = 0;
		int r = smtp_reply_take(&reply, slice_str(cases[i].input), &used);
		check(&cases[i], &reply, r, used);
		smtp_reply_deinit(&reply);
	}
}

static void test_reply_take_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_reply reply = {};
		struct slice input = slice_str(cases[i].input);
		size_t done = 0;
		int r = SMTP_REPLY_MORE;
		for (size_t n = 0; n <= input.len && r == SMTP_REPLY_MORE; n++) {
			size_t used = 0;
			struct slice part = slice_skip(slice_head(input, n), done);
			r = smtp_reply_take(&reply, part, &used);
			done += used;
		}
		check(&cases[i], &reply, r, done);
		smtp_reply_deinit(&reply);
	}
}

static void test_reply_is_bounded(void **state)
{
	(void)state;
	struct smtp_reply reply = {};
	int r = SMTP_REPLY_MORE;
	size_t used;
	unsigned lines = 0;
	while (r == SMTP_REPLY_MORE) {
		r = smtp_reply_take(&reply, slice_str("250-x\r\n"), &used);
		assert_true(lines++ <= SMTP_REPLY_LINES_MAX);
	}
	assert_int_equal(r, SMTP_REPLY_BROKEN);
	smtp_reply_deinit(&reply);

	char line[SMTP_REPLY_LINE_MAX + 1];
	memset(line, 'x', sizeof(line));
	memcpy(line, "250 ", 4);
	r = smtp_reply_take(&reply, slice_of(line, SMTP_REPLY_LINE_MAX - 1), &used);
	assert_int_equal(r, SMTP_REPLY_MORE);
	r = smtp_reply_take(&reply, slice_of(line, sizeof(line)), &used);
	assert_int_equal(r, SMTP_REPLY_BROKEN);
	smtp_reply_deinit(&reply);
	smtp_reply_deinit(NULL);
}

static void test_reply_next(void **state)
{
	(void)state;
	struct smtp_reply reply = {};
	struct slice text;
	size_t used;
	assert_int_equal(smtp_reply_take(&reply, slice_str("250-a b\r\n250-\r\n250\r\n"), &used),
	                 0);
	struct slice rest = buf_slice(&reply.text);
	assert_true(smtp_reply_next(&rest, &text));
	assert_true(slice_equal(text, slice_str("a b")));
	assert_true(smtp_reply_next(&rest, &text));
	assert_int_equal(text.len, 0);
	assert_true(smtp_reply_next(&rest, &text));
	assert_int_equal(text.len, 0);
	assert_false(smtp_reply_next(&rest, &text));
	smtp_reply_deinit(&reply);
}

static void test_reply_enhanced(void **state)
{
	(void)state;
	static const struct {
		const char *text, *code, *rest;
	} texts[] = {
		{ "2.6.0 accepted", "2.6.0", "accepted" },
		{ "5.7.11", "5.7.11", "" },
		{ "Ok", "", "Ok" },
		{ "2.6 x", "", "2.6 x" },
		{ "2.6.0.1 x", "", "2.6.0.1 x" },
		{ "mx.example.org x", "", "mx.example.org x" },
		{ "", "", "" },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct slice text = slice_str(texts[i].text);
		struct slice code = smtp_reply_enhanced(&text);
		if (!slice_equal(code, slice_str(texts[i].code)) ||
		    !slice_equal(text, slice_str(texts[i].rest)))
			fail_msg("'%s': '%.*s'", texts[i].text, (int)code.len, code.data);
	}
}

static void test_reply_queue_id(void **state)
{
	(void)state;
	static const struct {
		const char *text, *id;
	} texts[] = {
		{ "250 2.0.0 Ok: queued as 4Xyz-1\r\n", "4Xyz-1" },
		{ "250 2.0.0 from MTA(smtp:[::1]:1): 250 2.0.0 Ok: queued as A1\r\n", "A1" },
		{ "250 OK id=1qABCD-0001-xY\r\n", "1qABCD-0001-xY" },
		{ "250-first\r\n250 Ok: queued as B2\r\n", "B2" },
		{ "250 2.0.0 3f2a1b Message accepted for delivery\r\n", "3f2a1b" },
		{ "250 2.0.0 Ok: queued as x,y\r\n", "x" },
		{ "250 2.0.0 Ok: queued as \r\n", "" },
		{ "250 Ok\r\n", "" },
		{ "250\r\n", "" },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct smtp_reply reply = {};
		char id[32];
		size_t used;
		assert_int_equal(smtp_reply_take(&reply, slice_str(texts[i].text), &used), 0);
		smtp_reply_queue_id(&reply, id, sizeof(id));
		if (strcmp(id, texts[i].id))
			fail_msg("'%s': '%s'", texts[i].text, id);
		smtp_reply_deinit(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_take),
		cmocka_unit_test(test_reply_take_byte_by_byte),
		cmocka_unit_test(test_reply_is_bounded),
		cmocka_unit_test(test_reply_next),
		cmocka_unit_test(test_reply_enhanced),
		cmocka_unit_test(test_reply_queue_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
