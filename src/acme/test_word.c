/* The hook's words: each rule, and what breaks it. */
#include "acme/word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"
#define PRINT "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define HTTP "http-01\0"
#define ALPN "tls-alpn-01\0"
#define NAME "mx.example.org\0"

#define CASE(text, result)                                                                         \
	{                                                                                          \
		{ (const uint8_t *)(text), sizeof(text) }, result                                  \
	}

static void test_word_cases(void **state)
{
	/* The literal's own NUL is the last word's. */
	static const struct {
		struct slice input;
		int result;
	} cases[] = {
		CASE("begin\0" HTTP NAME TOKEN "\0" TOKEN "." PRINT, 0),
		CASE("done\0" HTTP NAME TOKEN "\0" TOKEN "." PRINT, 0),
		CASE("failed\0" ALPN NAME TOKEN "\0" PRINT, 0),
		CASE("begin\0dns-01\0" NAME TOKEN "\0" PRINT, ACME_WORD_OTHER),
		CASE("start\0" HTTP NAME TOKEN "\0" TOKEN "." PRINT, ACME_WORD_BAD),
		CASE("begin\0" HTTP NAME TOKEN, ACME_WORD_BAD),
		CASE("begin\0" HTTP NAME TOKEN "\0" TOKEN "." PRINT "\0more", ACME_WORD_BAD),
		CASE("begin\0" HTTP "mx example\0" TOKEN "\0" TOKEN "." PRINT, ACME_WORD_BAD),
		CASE("begin\0" HTTP "\0" TOKEN "\0" TOKEN "." PRINT, ACME_WORD_BAD),
		CASE("begin\0" HTTP "-mx\0" TOKEN "\0" TOKEN "." PRINT, ACME_WORD_BAD),
		CASE("begin\0" HTTP NAME "../../etc/passwd/x\0../../etc/passwd/x." PRINT,
		     ACME_WORD_BAD),
		CASE("begin\0" HTTP NAME "short\0short." PRINT, ACME_WORD_BAD),
		CASE("begin\0" HTTP NAME TOKEN "\0" TOKEN "," PRINT, ACME_WORD_BAD),
		CASE("begin\0" HTTP NAME TOKEN "\0another" TOKEN "." PRINT, ACME_WORD_BAD),
		CASE("begin\0" HTTP NAME TOKEN "\0" TOKEN
		     ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21m"
		     "\r\nI",
		     ACME_WORD_BAD),
		CASE("begin\0" ALPN NAME TOKEN "\0" TOKEN "." PRINT, ACME_WORD_BAD),
		/* two bits past the digest */
		CASE("begin\0" ALPN NAME TOKEN "\09jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTJ",
		     ACME_WORD_BAD),
	};
	struct acme_word word;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = acme_word_read(&word, cases[i].input);
		if (r != cases[i].result)
			print_message("case %zu: %d\n", i, r);
		assert_int_equal(r, cases[i].result);
	}
}

static void test_word_values(void **state)
{
	static const char input[] = "begin\0" ALPN "MX.Example.ORG\0" TOKEN "\0" PRINT;
	static const uint8_t digest[] = { 0xf6, 0x38, 0x38, 0xe9 };
	struct acme_word word;
	(void)state;
	assert_int_equal(acme_word_read(&word, slice_of(input, sizeof(input))), 0);
	assert_int_equal(word.method, ACME_BEGIN);
	assert_int_equal(word.type, ACME_TLS_ALPN_01);
	assert_string_equal(word.name, "mx.example.org");
	assert_string_equal(word.token, TOKEN);
	assert_memory_equal(word.digest, digest, sizeof(digest));
	assert_int_equal(word.digest[31], 0x32);
}

/* A token as long as may be, and one more. */
static void test_word_lengths(void **state)
{
	(void)state;
	for (size_t len = 127; len <= 130; len++) {
		char token[200] = "", authorization[256];
		memset(token, 'a', len);
		snprintf(authorization, sizeof(authorization), "%s." PRINT, token);
		char *words[] = { (char *)"begin", (char *)"http-01", (char *)"a.b", token,
			          authorization };
		struct buf text = {};
		struct acme_word word;
		assert_true(acme_word_write(&text, words));
		assert_int_equal(acme_word_read(&word, buf_slice(&text)),
		                 len < ACME_TOKEN_CAP ? 0 : ACME_WORD_BAD);
		buf_deinit(&text);
	}
}

static void test_word_call(void **state)
{
	char *const call[] = { (char *)"begin", (char *)"a", (char *)"b", (char *)"c",
		               (char *)"d" };
	char *const other[] = { (char *)"check", (char *)"a", (char *)"b", (char *)"c",
		                (char *)"d" };
	(void)state;
	assert_true(acme_word_is_call(5, call));
	assert_false(acme_word_is_call(4, call));
	assert_false(acme_word_is_call(5, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word_cases),
		cmocka_unit_test(test_word_values),
		cmocka_unit_test(test_word_lengths),
		cmocka_unit_test(test_word_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
