#include "watch/tls_look.h"

#include "base/clean.h"
#include "watch/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TEXT(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
#define ZEROS_17 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void test_tls_fit(void **state)
{
	static const struct {
		const char *name;
		struct watch_opening opening;
		enum watch_fit fit;
	} cases[] = {
		{ "a ClientHello", { .client = TEXT("\x16\3\1\0\x80\1") }, WATCH_FIT_YES },
		{ "half its header", { .client = TEXT("\x16\3\1") }, WATCH_FIT_MORE },
		{ "another message", { .client = TEXT("\x16\3\1\0\x80\2") }, WATCH_FIT_NO },
		{ "a version nobody has", { .client = TEXT("\x16\3\x09\0\x80\1") }, WATCH_FIT_NO },
		{ "a ServerHello alone", { .server = TEXT("\x16\3\3\0\x50\2") }, WATCH_FIT_YES },
		{ "SSL 2", { .client = TEXT("\x80\x2e\1\3\1\0\x15\0\0\0\x10") }, WATCH_FIT_YES },
		{ "memcached is not SSL 2",
		  { .client = TEXT("\x80\x21\0\5\0\0\0\0\0\0\0") },
		  WATCH_FIT_NO },
		{ "text", { .client = TEXT("EHLO x") }, WATCH_FIT_NO },
		{ "silence", {}, WATCH_FIT_MORE },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (watch_tls_fit(&cases[i].opening) != cases[i].fit)
			print_error("%s\n", cases[i].name);
		assert_int_equal(watch_tls_fit(&cases[i].opening), cases[i].fit);
	}
}

static void test_tls_records(void **state)
{
	static const struct slice one = TEXT("\x17\3\3\0\x11" ZEROS_17);
	static const struct slice two = TEXT("\x17\3\3\0\x11" ZEROS_17 "\x17\3\3\1\0");
	static const struct slice other = TEXT("\x17\3\3\0\x11" ZEROS_17 "no record");
	static const struct slice begun = TEXT("\x17\3\3\x10\0" ZEROS_17);
	static const struct slice change = TEXT("\x14\3\3\0\1\1\x16\3\3\0\x28xx");
	static const struct slice hello = TEXT("\x16\3\3\0\x28xxx\x17\3\3\0\x11");
	uint16_t version = 0;
	(void)state;
	assert_true(watch_tls_is_records(one, &version));
	assert_int_equal(version, 0x0303);
	assert_true(watch_tls_is_records(two, &version));
	assert_false(watch_tls_is_records(other, &version));
	assert_false(watch_tls_is_records(begun, &version));
	assert_true(watch_tls_is_records(change, &version));
	assert_false(watch_tls_is_records(hello, &version));
}

static void test_tls_words(void **state)
{
	(void)state;
	assert_true(watch_tls_is_legacy(&(struct watch_tls){ .version = 0x0301 }));
	assert_true(watch_tls_is_legacy(&(struct watch_tls){ .version = 0x0303, .suite = 0x002f }));
	assert_false(
		watch_tls_is_legacy(&(struct watch_tls){ .version = 0x0303, .suite = 0xc02f }));
	assert_false(
		watch_tls_is_legacy(&(struct watch_tls){ .version = 0x0304, .suite = 0x1301 }));
	assert_true(watch_tls_is_null(&(struct watch_tls){ .version = 0x0303, .suite = 0x003b }));
	assert_string_equal(watch_tls_version_name(&(struct watch_tls){ .version = 0xfefd }),
	                    "DTLS 1.2");
}

static void test_random(void **state)
{
	uint8_t noise[4096], text[4096];
	uint32_t x = 1;
	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223; /* good enough in its upper bits */
		noise[i] = (uint8_t)(x >> 24);
		text[i] = (uint8_t) "a line of text, "[i % 16];
	}
	assert_true(watch_is_random(slice_of(noise, 2048), slice_of(noise + 2048, 2048)));
	assert_false(watch_is_random(slice_of(text, sizeof(text)), (struct slice){}));
	assert_false(watch_is_random(slice_of(noise, 255), (struct slice){}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_fit),
		cmocka_unit_test(test_tls_records),
		cmocka_unit_test(test_tls_words),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
