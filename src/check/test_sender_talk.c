#include "base/clean.h"
#include "check/sender_talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct check_sender_talk talk;
	enum check_sender_talk_todo todo;
	struct buf in;
	char said[16384];
};

static void begin(struct fixture *f, enum check_sender_offer offer, bool was_sealed)
{
	struct check_sender_talk_settings set = { .offer = offer,
		                                  .was_sealed = was_sealed,
		                                  .host = "mx-x.test.example",
		                                  .domain = "x.test.example" };
	*f = (struct fixture){};
	assert_int_equal(check_sender_talk_init(&f->talk, &set), 0);
	assert_memory_equal(buf_slice(&f->talk.out).data, "220 mx-x.test.example ESMTP ", 28);
	buf_clear(&f->talk.out);
}

/* One piece; what is said to it is in f->said. */
static void feed(struct fixture *f, struct slice piece)
{
	size_t used;
	assert_int_equal(buf_add(&f->in, piece), 0);
	assert_int_equal(check_sender_talk_feed(&f->talk, buf_slice(&f->in), &used, &f->todo), 0);
	buf_consume(&f->in, used);
	struct slice out = buf_slice(&f->talk.out);
	size_t len = strlen(f->said);
	assert_true(len + out.len < sizeof(f->said));
	memcpy(f->said + len, out.data ? out.data : (const uint8_t *)"", out.len);
	f->said[len + out.len] = '\0';
	buf_clear(&f->talk.out);
}

static const char *hear(struct fixture *f, const char *text)
{
	f->said[0] = '\0';
	feed(f, slice_str(text));
	return f->said;
}

static void finish(struct fixture *f)
{
	check_sender_talk_deinit(&f->talk);
	buf_deinit(&f->in);
}

#define LETTER                                                                                     \
	"MAIL FROM:<a@b.example>\r\nRCPT TO:<test@X.test.example>\r\nDATA\r\n"                     \
	"Subject: x\r\nMessage-ID:  <1@b.example>\r\n\r\nMessage-ID: <2@b>\r\n..\r\n.\r\n"
#define TAKEN(how)                                                                                 \
	"250 2.1.0 Go on\r\n250 2.1.5 Go on\r\n354 Go on\r\n250 2.0.0 Came " how "; thrown "       \
	"away\r\n"

static void test_sender_talk_in_clear(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	assert_string_equal(hear(&f, "EHLO b.example\r\n"),
	                    "250-mx-x.test.example\r\n250-8BITMIME\r\n250 SIZE 1048576\r\n");
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_LEFT);
	assert_string_equal(hear(&f, "STARTTLS\r\n"), "502 5.5.1 Not offered\r\n");
	assert_string_equal(hear(&f, LETTER), TAKEN("in clear"));
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_IN_CLEAR);
	assert_string_equal(f.talk.message_id, "<1@b.example>");
	assert_string_equal(f.talk.recipient, "test@X.test.example");
	assert_string_equal(hear(&f, "QUIT\r\n"), "221 2.0.0 Bye\r\n");
	assert_int_equal(f.todo, CHECK_SENDER_TALK_CLOSE);
	finish(&f);
}

static void test_sender_talk_byte_by_byte(void **state)
{
	(void)state;
	static const char text[] = "ehlo b\r\n" LETTER "quit\r\n";
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		feed(&f, slice_of(text + i, 1));
	assert_non_null(strstr(f.said, TAKEN("in clear") "221 2.0.0 Bye\r\n"));
	assert_int_equal(f.talk.messages, 1);
	assert_string_equal(f.talk.message_id, "<1@b.example>");
	finish(&f);
}

static void secure(struct fixture *f)
{
	assert_non_null(strstr(hear(f, "EHLO b\r\n"), "250-STARTTLS\r\n"));
	assert_memory_equal(hear(f, "STARTTLS\r\n"), "220 2.0.0 Ready\r\n", 17);
	assert_int_equal(f->todo, CHECK_SENDER_TALK_START_TLS);
	assert_int_equal(check_sender_talk_arrival(&f->talk), CHECK_SENDER_BROKEN);
	check_sender_talk_secured(&f->talk);
	assert_int_equal(check_sender_talk_arrival(&f->talk), CHECK_SENDER_LEFT_IN_TLS);
}

static void test_sender_talk_in_tls(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS, false);
	secure(&f);
	assert_string_equal(hear(&f, "MAIL FROM:<>\r\n"), "503 5.5.1 Not now\r\n");
	assert_null(strstr(hear(&f, "EHLO b\r\n"), "STARTTLS"));
	assert_string_equal(hear(&f, LETTER), TAKEN("in TLS"));
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_IN_TLS);
	finish(&f);
}

static void test_sender_talk_injection_by_the_sender(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS, false);
	hear(&f, "EHLO b\r\n");
	hear(&f, "STARTTLS\r\nMAIL FROM:<>\r\n");
	assert_int_equal(f.todo, CHECK_SENDER_TALK_CLOSE);
	finish(&f);
}

static void test_sender_talk_refused(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFER_REFUSED, false);
	hear(&f, "EHLO b\r\n");
	assert_string_equal(hear(&f, "STARTTLS\r\n"), "454 4.7.0 TLS is not available\r\n");
	assert_int_equal(f.todo, CHECK_SENDER_TALK_READ);
	assert_string_equal(hear(&f, LETTER), TAKEN("in clear"));
	finish(&f);
}

static void test_sender_talk_offers_once(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS_ONCE, false);
	secure(&f);
	hear(&f, "EHLO b\r\n");
	hear(&f, LETTER);
	assert_string_equal(hear(&f, "MAIL FROM:<>\r\n"), "421 4.3.2 Closing; come again\r\n");
	assert_int_equal(f.todo, CHECK_SENDER_TALK_CLOSE);
	finish(&f);
	begin(&f, CHECK_SENDER_OFFERS_ONCE, true);
	assert_null(strstr(hear(&f, "EHLO b\r\n"), "STARTTLS"));
	finish(&f);
}

static void test_sender_talk_injects(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFER_INJECTS, false);
	secure(&f);
	assert_string_equal(hear(&f, "EHLO b\r\n"), "250 mx-x.test.example\r\n");
	hear(&f, "MAIL FROM:<>\r\n");
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_LEFT_IN_TLS);
	hear(&f, "RSET\r\nMAIL FROM:<> SIZE=10\r\n");
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_MISLED);
	finish(&f);
	begin(&f, CHECK_SENDER_OFFER_INJECTS, false);
	hear(&f, "EHLO b\r\n");
	assert_string_equal(hear(&f, "STARTTLS\r\n"),
	                    "220 2.0.0 Ready\r\n250-mx-x.test.example\r\n250-8BITMIME\r\n"
	                    "250 SIZE 1048576\r\n");
	finish(&f);
}

/* Port scanners and those who look for an open relay. */
static void test_sender_talk_strangers(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_NEVER);
	hear(&f, "EHLO b\r\nMAIL FROM:<a@b>\r\n");
	assert_string_equal(hear(&f, "RCPT TO:<a@other.example>\r\n"),
	                    "550 5.7.1 Mail for this test's domain alone\r\n");
	assert_string_equal(hear(&f, "DATA\r\n"), "503 5.5.1 Not now\r\n");
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_NEVER);
	finish(&f);
}

static void test_sender_talk_limits(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	for (int i = 0; i <= CHECK_SENDER_FAULTS_MAX; i++)
		hear(&f, "WHAT\r\n");
	assert_string_equal(f.said, "421 4.7.0 Too many errors\r\n");
	assert_int_equal(f.todo, CHECK_SENDER_TALK_CLOSE);
	finish(&f);
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	for (int i = 0; i <= CHECK_SENDER_COMMANDS_MAX; i++)
		hear(&f, "NOOP\r\n");
	assert_string_equal(f.said, "421 4.7.0 Too many commands\r\n");
	finish(&f);
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	hear(&f, "NOOP\nNOOP\r\n");
	assert_int_equal(f.todo, CHECK_SENDER_TALK_CLOSE);
	finish(&f);
}

static void test_sender_talk_too_long_a_text(void **state)
{
	(void)state;
	static char piece[64 * 1024];
	struct fixture f;
	memset(piece, 'x', sizeof(piece));
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	hear(&f, "EHLO b\r\nMAIL FROM:<>\r\nRCPT TO:<t@x.test.example>\r\nDATA\r\n");
	for (size_t sent = 0; sent <= CHECK_SENDER_TEXT_MAX; sent += sizeof(piece))
		feed(&f, slice_of(piece, sizeof(piece)));
	assert_non_null(strstr(f.said, "552 5.3.4 Too long for a test\r\n"));
	assert_int_equal(f.todo, CHECK_SENDER_TALK_CLOSE);
	assert_int_equal(check_sender_talk_arrival(&f.talk), CHECK_SENDER_IN_CLEAR);
	finish(&f);
}

/* Only CRLF.CRLF ends it: no second message is smuggled into the count. */
static void test_sender_talk_dots(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	hear(&f, "EHLO b\r\nMAIL FROM:<>\r\nRCPT TO:<t@x.test.example>\r\nDATA\r\n");
	hear(&f, "a\n.\r\nb\n.\nc\r\n.\nd\r\n\r.\r\n");
	assert_int_equal(f.talk.messages, 0);
	hear(&f, ".\r\n");
	assert_int_equal(f.talk.messages, 1);
	finish(&f);
}

static void test_sender_talk_what_is_kept_is_printable(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, CHECK_SENDER_OFFERS_NONE, false);
	hear(&f, "EHLO b\r\nMAIL FROM:<>\r\nRCPT TO:<t@x.test.example>\r\nDATA\r\n"
	         "Message-ID: <\033[31m\001>\r\n.\r\n");
	assert_string_equal(f.talk.message_id, "<?[31m?>");
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sender_talk_in_clear),
		cmocka_unit_test(test_sender_talk_byte_by_byte),
		cmocka_unit_test(test_sender_talk_in_tls),
		cmocka_unit_test(test_sender_talk_injection_by_the_sender),
		cmocka_unit_test(test_sender_talk_refused),
		cmocka_unit_test(test_sender_talk_offers_once),
		cmocka_unit_test(test_sender_talk_injects),
		cmocka_unit_test(test_sender_talk_strangers),
		cmocka_unit_test(test_sender_talk_limits),
		cmocka_unit_test(test_sender_talk_too_long_a_text),
		cmocka_unit_test(test_sender_talk_dots),
		cmocka_unit_test(test_sender_talk_what_is_kept_is_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
