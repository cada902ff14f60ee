#include "base/clean.h"
#include "relay/words.h"
#include "smtp/handoff.h"
#include "smtp/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define WHOSE "mx.example.org[192.0.2.1] said: "

static const struct {
	const char *name;
	const char *reply;
	const char *text;
} cases[] = {
	{ "its own enhanced code", "250 2.1.5 ok\r\n", "250 2.1.5 " WHOSE "ok\r\n" },
	{ "none", "250 ok\r\n", "250 2.0.0 " WHOSE "ok\r\n" },
	{ "none, and refused", "550 no\r\n", "550 5.0.0 " WHOSE "no\r\n" },
	{ "of another class", "450 5.7.1 later\r\n", "450 4.0.0 " WHOSE "later\r\n" },
	{ "of another class, and taken", "250 5.1.1 who\r\n", "250 2.0.0 " WHOSE "who\r\n" },
	{ "not of two dots", "250 2.1 ok\r\n", "250 2.0.0 " WHOSE "2.1 ok\r\n" },
	{ "the longest", "550 5.123.456 no\r\n", "550 5.123.456 " WHOSE "no\r\n" },
	{ "too many digits", "550 5.1234.5 no\r\n", "550 5.0.0 " WHOSE "no\r\n" },
	{ "a part without digits", "550 5..10 no\r\n", "550 5.0.0 " WHOSE "no\r\n" },
	{ "an address, not a code", "550 192.0.2 no\r\n", "550 5.0.0 " WHOSE "192.0.2 no\r\n" },
	{ "a code alone", "250\r\n", "250 2.0.0 " WHOSE "\r\n" },
	{ "a code and a space", "250 \r\n", "250 2.0.0 " WHOSE "\r\n" },
	{ "an enhanced code alone", "250 2.1.5\r\n", "250 2.1.5 " WHOSE "\r\n" },
	{ "several lines", "550-5.1.1 one\r\n550-two\r\n550 5.7.1 three\r\n",
	  "550-5.1.1 " WHOSE "one\r\n550-5.0.0 " WHOSE "two\r\n550 5.7.1 " WHOSE "three\r\n" },
	{ "control bytes", "250 a\033[2Jb\tc\r\n", "250 2.0.0 " WHOSE "a?[2Jb\tc\r\n" },
	{ "what looks like a format", "250 %s%n\r\n", "250 2.0.0 " WHOSE "%s%n\r\n" },
};

static void pass(struct buf *out, struct slice from, const char *host)
{
	CLEAN(smtp_reply_deinit) struct smtp_reply reply = {};
	size_t used;
	assert_int_equal(smtp_reply_take(&reply, from, &used), 0);
	assert_int_equal(relay_words_pass(out, &reply, host, "192.0.2.1"), 0);
}

/* As the parser of another relay, and as the conversation with the MTA, see it. */
static void accepted_check(const char *name, struct slice words)
{
	CLEAN(smtp_reply_deinit) struct smtp_reply reply = {};
	static struct smtp_replies replies;
	char code[4] = "";
	size_t used;
	if (smtp_reply_take(&reply, words, &used) || used != words.len)
		fail_msg("%s: no reply: %.*s", name, (int)words.len, (const char *)words.data);
	replies = (struct smtp_replies){};
	smtp_replies_owe(&replies, SMTP_OWED_RCPT, 0);
	int r = smtp_replies_give(&replies, SMTP_OWED_RCPT, 0, words);
	assert_int_equal(r, words.data[0] == '2' ? SMTP_REPLIES_ACCEPTED : 0);
	memcpy(code, buf_slice(&replies.out).data, 3);
	bool is_same = !memcmp(code, words.data, 3) || !strcmp(code, "451");
	if (!is_same || memmem(buf_slice(&replies.out).data, buf_len(&replies.out), "no sense", 8))
		fail_msg("%s: was replaced", name);
	smtp_replies_deinit(&replies);
}

static void test_words_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf_deinit) struct buf out = {};
		pass(&out, slice_str(cases[i].reply), "mx.example.org");
		if (!slice_equal(buf_slice(&out), slice_str(cases[i].text)))
			fail_msg("%s: %.*s", cases[i].name, (int)buf_len(&out),
			         (const char *)buf_slice(&out).data);
		accepted_check(cases[i].name, buf_slice(&out));
	}
}

/* What is in the longest line that a far end may send, behind its code. */
static const struct {
	const char *name;
	const char *head;
	char fill;
} longest[] = {
	{ "text", "", 'x' },       { "text behind a code", "5.7.1 ", 'x' },
	{ "digits", "5.1.", '1' }, { "digits in the middle", "5.", '1' },
	{ "dots", "5.1.1 ", '.' }, { "bytes of no charset", "", '\xff' },
	{ "spaces", "", ' ' },
};

static void test_words_long_lines_cut(void **state)
{
	char host[256], line[SMTP_REPLY_LINE_MAX + 1];
	(void)state;
	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(longest); i++) {
		CLEAN(buf_deinit) struct buf out = {};
		memset(line, longest[i].fill, sizeof(line));
		memcpy(line, "550 ", 4);
		memcpy(line + 4, longest[i].head, strlen(longest[i].head));
		memcpy(line + SMTP_REPLY_LINE_MAX - 2, "\r\n", 3);
		pass(&out, slice_str(line), host);
		accepted_check(longest[i].name, buf_slice(&out));
		/* RFC 5321 4.5.3.1.5 has 512; MTAs read 1000 and more. */
		if (buf_len(&out) > 800)
			fail_msg("%s: %zu bytes", longest[i].name, buf_len(&out));
	}
}

static void test_words_most_lines(void **state)
{
	CLEAN(buf_deinit) struct buf from = {}, out = {};
	(void)state;
	for (int i = 0; i < SMTP_REPLY_LINES_MAX; i++) {
		bool is_last = i + 1 == SMTP_REPLY_LINES_MAX;
		assert_int_equal(buf_printf(&from, "550%c%0500d\r\n", is_last ? ' ' : '-', i), 0);
	}
	pass(&out, buf_slice(&from), "mx.example.org");
	accepted_check("most lines", buf_slice(&out));
}

static void test_words_of_every_code(void **state)
{
	(void)state;
	for (unsigned code = 200; code < 600; code++) {
		CLEAN(buf_deinit) struct buf out = {};
		char line[32];
		if (code / 100 == 3) /* goes to nobody */
			continue;
		snprintf(line, sizeof(line), "%u words\r\n", code);
		pass(&out, slice_str(line), "mx.example.org");
		accepted_check(line, buf_slice(&out));
	}
}

static void test_words_own(void **state)
{
	CLEAN(buf_deinit) struct buf out = {}, cut = {};
	char text[2000];
	(void)state;
	assert_int_equal(relay_words_own(&out, "451 4.4.1", "mx.example.org", "192.0.2.1", "no"),
	                 0);
	assert_int_equal(relay_words_own(&out, "550 5.1.2", "example.org", NULL, "no"), 0);
	assert_true(
		slice_equal(buf_slice(&out), slice_str("451 4.4.1 mx.example.org[192.0.2.1]: no\r\n"
	                                               "550 5.1.2 example.org: no\r\n")));
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(relay_words_own(&cut, "451 4.4.1", "mx.example.org", "2001:db8::1", text),
	                 0);
	accepted_check("own", buf_slice(&cut));
	assert_true(buf_len(&cut) < 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_pass),
		cmocka_unit_test(test_words_long_lines_cut),
		cmocka_unit_test(test_words_most_lines),
		cmocka_unit_test(test_words_of_every_code),
		cmocka_unit_test(test_words_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
