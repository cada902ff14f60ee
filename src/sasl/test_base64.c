#include "base/clean.h"
#include "sasl/base64.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct base64_case {
	const char *name;
	const char *text;
	int result;
	const char *data;
} cases[] = {
	{ "empty", "", 0, "" },
	{ "one byte", "Zg==", 0, "f" },
	{ "two bytes", "Zm8=", 0, "fo" },
	{ "three bytes", "Zm9v", 0, "foo" },
	{ "six bytes", "Zm9vYmFy", 0, "foobar" },
	{ "high digits", "/+/+", 0, "\xff\xef\xfe" },
	{ "not four", "Zm9", SASL_BASE64_BAD, NULL },
	{ "padding alone", "====", SASL_BASE64_BAD, NULL },
	{ "three paddings", "Z===", SASL_BASE64_BAD, NULL },
	{ "padding inside", "Zg==Zg==", SASL_BASE64_BAD, NULL },
	{ "bits left over", "Zh==", SASL_BASE64_BAD, NULL },
	{ "bits left over, two", "Zm9=", SASL_BASE64_BAD, NULL },
	{ "white space", "Zm 9", SASL_BASE64_BAD, NULL },
	{ "url alphabet", "-_-_", SASL_BASE64_BAD, NULL },
	{ "eight bit", "Zm9\xe9", SASL_BASE64_BAD, NULL },
};

static void test_base64_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct base64_case *c = &cases[i];
		uint8_t data[16];
		size_t len = 99;
		int r = sasl_base64_decode(slice_str(c->text), data, sizeof(data), &len);
		if (r != c->result)
			fail_msg("%s: result %d", c->name, r);
		if (!r && !slice_equal(slice_of(data, len), slice_str(c->data)))
			fail_msg("%s: wrong bytes", c->name);
	}
}

static void test_base64_limits(void **state)
{
	(void)state;
	static uint8_t text[SASL_BASE64_MAX + 4];
	static uint8_t data[SASL_BASE64_DATA_MAX + 3];
	memset(text, 'A', sizeof(text));
	size_t len = 0;
	struct slice all = slice_of(text, sizeof(text));
	assert_int_equal(sasl_base64_decode(all, data, sizeof(data), &len), SASL_BASE64_BAD);
	all.len = SASL_BASE64_MAX;
	assert_int_equal(sasl_base64_decode(all, data, 9215, &len), SASL_BASE64_BAD);
	assert_int_equal(sasl_base64_decode(all, data, sizeof(data), &len), 0);
	assert_int_equal(len, SASL_BASE64_DATA_MAX);
}

static void test_base64_encode(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[16];
		if (cases[i].result)
			continue;
		size_t len = sasl_base64_encode(slice_str(cases[i].data), text);
		if (!slice_equal(slice_of(text, len), slice_str(cases[i].text)))
			fail_msg("%s: wrong text", cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_decode),
		cmocka_unit_test(test_base64_limits),
		cmocka_unit_test(test_base64_encode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
