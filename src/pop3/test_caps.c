#include "base/clean.h"
#include "pop3/caps.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct caps_case {
	const char *name;
	const char *caps;
	const char *word;
	bool keeps_plus;
	const char *result;
} cases[] = {
	{ "the edge's own lines go", "TOP\nstls\nXCLIENT\nUIDL", NULL, false, "TOP\r\nUIDL\r\n" },
	{ "-PLUS goes", "SASL PLAIN SCRAM-SHA-1-PLUS X", NULL, false, "SASL PLAIN X\r\n" },
	{ "nothing but -PLUS", "SASL SCRAM-SHA-1-PLUS\nUSER", NULL, false, "USER\r\n" },
	{ "-PLUS stays", "SASL SCRAM-SHA-1-PLUS", NULL, true, "SASL SCRAM-SHA-1-PLUS\r\n" },
	{ "only SASL", "TOP\nSASL PLAIN\nUSER", "SASL", false, "SASL PLAIN\r\n" },
	{ "arguments stay", "EXPIRE 60 USER\nIMPLEMENTATION x y", NULL, false,
	  "EXPIRE 60 USER\r\nIMPLEMENTATION x y\r\n" },
	{ "nothing", "", NULL, false, "" },
};

static void test_caps_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct caps_case *c = &cases[i];
		CLEAN(buf_deinit) struct buf out = {};
		assert_int_equal(pop3_caps_print(c->caps, c->word, c->keeps_plus, &out), 0);
		if (!slice_equal(buf_slice(&out), slice_str(c->result)))
			fail_msg("%s: '%.*s'", c->name, (int)buf_len(&out),
			         (const char *)buf_slice(&out).data);
	}
}

static void test_caps_keep(void **state)
{
	(void)state;
	char caps[16] = "";
	pop3_caps_keep(slice_str("SASL PLAIN"), caps, sizeof(caps));
	pop3_caps_keep(slice_str(""), caps, sizeof(caps));
	pop3_caps_keep(slice_str("A\nB"), caps, sizeof(caps));
	pop3_caps_keep(slice_str("TOO-LONG"), caps, sizeof(caps));
	pop3_caps_keep(slice_str("USER"), caps, sizeof(caps));
	assert_string_equal(caps, "SASL PLAIN\nUSER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps_print),
		cmocka_unit_test(test_caps_keep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
