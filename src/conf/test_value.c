/* Values of the configuration file. */
#include "base/clean.h"
#include "conf/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t ms;
	} cases[] = {
		{ "500ms", 0, 500 },
		{ "90s", 0, 90000 },
		{ "90", 0, 90000 },
		{ "5m", 0, 300000 },
		{ "35m", 0, 2100000 },
		{ "2h", 0, 7200000 },
		{ "1d", 0, 86400000 },
		{ "0", 0, 0 },
		{ "50d", CONF_VALUE_BAD, 0 }, /* over 32 bits */
		{ "99999999999999999999s", CONF_VALUE_BAD, 0 },
		{ "5 m", CONF_VALUE_BAD, 0 },
		{ "-5s", CONF_VALUE_BAD, 0 },
		{ "5min", CONF_VALUE_BAD, 0 },
		{ "m", CONF_VALUE_BAD, 0 },
		{ "", CONF_VALUE_BAD, 0 },
		{ "1.5h", CONF_VALUE_BAD, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t ms = 0;
		print_message("%s\n", cases[i].text);
		assert_int_equal(conf_duration_parse(cases[i].text, &ms), cases[i].result);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void test_seconds(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t s;
	} cases[] = {
		{ "30d", 0, 2592000 },
		{ "365d", 0, 31536000 },
		{ "12h", 0, 43200 },
		{ "90", 0, 90 },
		{ "500ms", CONF_VALUE_BAD, 0 },
		{ "50000d", CONF_VALUE_BAD, 0 }, /* over 32 bits */
		{ "30 d", CONF_VALUE_BAD, 0 },
		{ "", CONF_VALUE_BAD, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t s = 0;
		assert_int_equal(conf_seconds_parse(cases[i].text, &s), cases[i].result);
		assert_int_equal(s, cases[i].s);
	}
}

static void test_sizes(void **state)
{
	size_t len = 0;
	assert_int_equal(conf_size_parse("64K", &len), 0);
	assert_int_equal(len, 65536);
	assert_int_equal(conf_size_parse("12288", &len), 0);
	assert_int_equal(len, 12288);
	assert_int_equal(conf_size_parse("2M", &len), 0);
	assert_int_equal(len, 2097152);
	assert_int_equal(conf_size_parse("64k", &len), CONF_VALUE_BAD);
	assert_int_equal(conf_size_parse("64KB", &len), CONF_VALUE_BAD);
	assert_int_equal(conf_size_parse("18446744073709551615G", &len), CONF_VALUE_BAD);
}

static void test_modes(void **state)
{
	static const char *const bad[] = { "", "66", "06660", "0668", "rw-", "0x1ff", "1777" };
	unsigned mode;
	assert_int_equal(conf_mode_parse("0660", &mode), 0);
	assert_int_equal(mode, 0660);
	assert_int_equal(conf_mode_parse("777", &mode), 0);
	assert_int_equal(mode, 0777);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(conf_mode_parse(bad[i], &mode), CONF_VALUE_BAD);
}

static void test_pins(void **state)
{
	uint8_t base64[32];
	uint8_t hex[32];
	/* SHA-256 of nothing */
	assert_int_equal(
		conf_pin_parse("sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", base64), 0);
	assert_int_equal(
		conf_pin_parse("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	                       hex),
		0);
	assert_memory_equal(base64, hex, 32);
	assert_int_equal(conf_pin_parse("sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", hex),
	                 0);
	assert_memory_equal(base64, hex, 32);
	assert_int_equal(conf_pin_parse("sha256:", hex), CONF_VALUE_BAD);
	assert_int_equal(conf_pin_parse("sha1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", hex),
	                 CONF_VALUE_BAD);
	assert_int_equal(conf_pin_parse("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF!=", hex),
	                 CONF_VALUE_BAD);
	assert_int_equal(
		conf_pin_parse("g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	                       hex),
		CONF_VALUE_BAD);
}

static void test_hostnames(void **state)
{
	char label[80];
	assert_true(conf_hostname_is_valid("mx.example.org"));
	assert_true(conf_hostname_is_valid("mx1"));
	assert_true(conf_hostname_is_valid("a_b.example"));
	assert_false(conf_hostname_is_valid(""));
	assert_false(conf_hostname_is_valid("."));
	assert_false(conf_hostname_is_valid("mx.example.org."));
	assert_false(conf_hostname_is_valid("mx..example"));
	assert_false(conf_hostname_is_valid("-mx.example"));
	assert_false(conf_hostname_is_valid("mx example"));
	assert_false(conf_hostname_is_valid("mx\r\nEvil"));
	memset(label, 'a', sizeof(label));
	label[64] = '\0';
	assert_false(conf_hostname_is_valid(label));
	label[63] = '\0';
	assert_true(conf_hostname_is_valid(label));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations), cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_sizes),     cmocka_unit_test(test_modes),
		cmocka_unit_test(test_pins),      cmocka_unit_test(test_hostnames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
