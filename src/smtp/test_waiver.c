#include "base/clean.h"
#include "smtp/waiver.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *name, *text;
	enum smtp_waiver_says says;
} cases[] = {
	{ "as it is written", "TLS-Required: No\r\n\r\nhello\r\n", SMTP_WAIVER_GIVEN },
	{ "among others", "From: a@b\r\nTLS-Required: No\r\nTo: c\r\n\r\n", SMTP_WAIVER_GIVEN },
	{ "any case", "tls-REQUIRED:no\r\n\r\n", SMTP_WAIVER_GIVEN },
	{ "folded", "TLS-Required:\r\n No \r\n\r\n", SMTP_WAIVER_GIVEN },
	{ "a header without a body", "TLS-Required: No\r\n.\r\n", SMTP_WAIVER_GIVEN },
	{ "no header field ends it", "TLS-Required: No\r\nhello\r\n", SMTP_WAIVER_GIVEN },
	{ "not there", "From: a@b\r\n\r\n", SMTP_WAIVER_NONE },
	{ "nothing at all", ".\r\n", SMTP_WAIVER_NONE },
	{ "in the body", "From: a@b\r\n\r\nTLS-Required: No\r\n", SMTP_WAIVER_NONE },
	{ "behind what is no field", "hello\r\nTLS-Required: No\r\n\r\n", SMTP_WAIVER_NONE },
	{ "another value", "TLS-Required: Yes\r\n\r\n", SMTP_WAIVER_NONE },
	{ "more than the value", "TLS-Required: No way\r\n\r\n", SMTP_WAIVER_NONE },
	{ "more in another line", "TLS-Required: No\r\n way\r\n\r\n", SMTP_WAIVER_NONE },
	{ "No in another line", "TLS-Required: maybe\r\n No\r\n\r\n", SMTP_WAIVER_NONE },
	{ "no value", "TLS-Required:\r\n\r\n", SMTP_WAIVER_NONE },
	{ "two of them", "TLS-Required: No\r\nTLS-Required: No\r\n\r\n", SMTP_WAIVER_NONE },
	{ "in another field", "Subject: x\r\n TLS-Required: No\r\n\r\n", SMTP_WAIVER_NONE },
	{ "a longer name", "X-TLS-Required: No\r\n\r\n", SMTP_WAIVER_NONE },
	{ "a space before the colon", "TLS-Required : No\r\n\r\n", SMTP_WAIVER_NONE },
	{ "not over yet", "TLS-Required: No\r\n", SMTP_WAIVER_MORE },
	{ "no line yet", "TLS-Required: No", SMTP_WAIVER_MORE },
	{ "nothing yet", "", SMTP_WAIVER_MORE },
};

static void test_waiver_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct smtp_waiver w = {};
		if (smtp_waiver_read(&w, slice_str(cases[i].text)) != cases[i].says)
			fail_msg("%s", cases[i].name);
	}
}

static void test_waiver_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct smtp_waiver w = {};
		enum smtp_waiver_says says = SMTP_WAIVER_MORE;
		for (size_t len = 0; says == SMTP_WAIVER_MORE && len <= strlen(cases[i].text);
		     len++)
			says = smtp_waiver_read(&w, slice_of(cases[i].text, len));
		if (says != cases[i].says)
			fail_msg("%s", cases[i].name);
	}
}

/* However long its lines are. */
static void test_waiver_header_too_long(void **state)
{
	(void)state;
	static const char field[] = "TLS-Required: No\r\n";
	for (size_t every = 72; every < SMTP_WAIVER_HEADER_MAX * 2; every *= 40) {
		char *text = malloc(SMTP_WAIVER_HEADER_MAX + 1);
		struct smtp_waiver w = {};
		assert_non_null(text);
		memset(text, ' ', SMTP_WAIVER_HEADER_MAX + 1);
		memcpy(text, field, sizeof(field) - 1);
		for (size_t i = sizeof(field) - 2; i <= SMTP_WAIVER_HEADER_MAX; i += every)
			text[i] = '\n';
		assert_int_equal(smtp_waiver_read(&w, slice_of(text, SMTP_WAIVER_HEADER_MAX - 1)),
		                 SMTP_WAIVER_MORE);
		assert_int_equal(smtp_waiver_read(&w, slice_of(text, SMTP_WAIVER_HEADER_MAX + 1)),
		                 SMTP_WAIVER_NONE);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiver_read),
		cmocka_unit_test(test_waiver_byte_by_byte),
		cmocka_unit_test(test_waiver_header_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
