#include "base/clean.h"
#include "sieve/caps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct keep_case {
	const char *line;
	const char *kept; /* behind "A 1" */
} keeps[] = {
	{ "\"B\"\r\n", "A 1\nB" },
	{ "\"B\" \"\"\r\n", "A 1\nB " },
	{ "\"B\" \"c d\"\r\n", "A 1\nB c d" },
	{ "{1}\r\nB {3}\r\nc\nd\r\n", "A 1\nB c?d" },
	{ "\"B\" \"c\" \"d\"\r\n", "A 1" },
	{ "\"B C\" \"d\"\r\n", "A 1" },
	{ "\"\" \"d\"\r\n", "A 1" },
	{ "\"B\" \"d\r\n", "A 1" },
	{ "\"B\" \"01234567890123456789\"\r\n", "A 1" },
};

static void test_caps_keep(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keeps); i++) {
		char caps[20] = "A 1";
		struct sieve_words words;
		sieve_words_read(slice_str(keeps[i].line), &words);
		sieve_caps_keep(&words, caps, sizeof(caps));
		assert_string_equal(caps, keeps[i].kept);
	}
}

static const struct print_case {
	const char *caps;
	struct sieve_caps_view view;
	const char *printed;
} prints[] = {
	{ "",
	  {},
	  "\"IMPLEMENTATION\" \"mailseal\"\r\n\"SIEVE\" \"\"\r\n\"VERSION\" \"1.0\"\r\n"
	  "\"SASL\" \"\"\r\n" },
	{ "sieve x\nversion 2.0\nSASL A B-PLUS\nNOTIFY\nXCLIENT ADDR\nSTARTTLS\nUnauthenticate",
	  { .offers_sasl = true },
	  "\"IMPLEMENTATION\" \"mailseal\"\r\n\"SIEVE\" \"x\"\r\n\"VERSION\" \"2.0\"\r\n"
	  "\"SASL\" \"A\"\r\n\"NOTIFY\"\r\n" },
	{ "SASL A B-PLUS <x>",
	  { .offers_sasl = true, .keeps_plus = true, .offers_starttls = true },
	  "\"IMPLEMENTATION\" \"mailseal\"\r\n\"SIEVE\" \"\"\r\n\"VERSION\" \"1.0\"\r\n"
	  "\"SASL\" \"A B-PLUS\"\r\n\"STARTTLS\"\r\n" },
};

static void test_caps_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(prints); i++) {
		struct buf out = {};
		assert_int_equal(sieve_caps_print(prints[i].caps, &prints[i].view, &out), 0);
		if (!slice_equal(buf_slice(&out), slice_str(prints[i].printed)))
			fail_msg("%zu: %.*s", i, (int)buf_len(&out),
			         (const char *)buf_slice(&out).data);
		buf_deinit(&out);
	}
	assert_true(sieve_caps_has("A\nSTARTTLS", "starttls"));
	assert_false(sieve_caps_has("A STARTTLS", "STARTTLS"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps_keep),
		cmocka_unit_test(test_caps_print),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
