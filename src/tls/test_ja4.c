#include "tls/ja4.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void set(uint16_t *list, uint8_t *count, const uint16_t *values, size_t value_count)
{
	memcpy(list, values, value_count * sizeof(*values));
	*count = (uint8_t)value_count;
}

#define SET(hello, list, count, ...)                                                               \
	set((hello)->list, &(hello)->count, (const uint16_t[]){ __VA_ARGS__ },                     \
	    COUNT_OF(((const uint16_t[]){ __VA_ARGS__ })))

/* The example of JA4's own description: a browser's hello, GREASE left out. */
static struct tls_hello browser(void)
{
	struct tls_hello hello = { .max_version = 0x0304, .alpn = "h2" };
	SET(&hello, suites, suite_count, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
	    0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035);
	SET(&hello, extensions, extension_count, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017,
	    0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015);
	SET(&hello, sigalgs, sigalg_count, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806,
	    0x0601);
	return hello;
}

static void check(const struct tls_hello *hello, const char *wanted)
{
	char text[TLS_JA4_CAP];
	tls_ja4_write(hello, text);
	assert_string_equal(text, wanted);
}

static void test_ja4_of_the_description(void **state)
{
	struct tls_hello hello = browser();
	(void)state;
	check(&hello, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

static void test_ja4_order_of_lists_does_not_matter(void **state)
{
	struct tls_hello hello = browser();
	uint16_t first = hello.extensions[0];
	(void)state;
	hello.extensions[0] = hello.extensions[9];
	hello.extensions[9] = first;
	first = hello.suites[0];
	hello.suites[0] = hello.suites[14];
	hello.suites[14] = first;
	check(&hello, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	hello.sigalgs[0] = 0x0401;
	char text[TLS_JA4_CAP];
	tls_ja4_write(&hello, text);
	assert_string_not_equal(text, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

static void test_ja4_of_little(void **state)
{
	struct tls_hello hello = { .max_version = 0x0301, .alpn = "?" };
	(void)state;
	check(&hello, "t10i00003f_000000000000_000000000000");
	hello = (struct tls_hello){ .max_version = 0x0305 };
	check(&hello, "t00i000000_000000000000_000000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ja4_of_the_description),
		cmocka_unit_test(test_ja4_order_of_lists_does_not_matter),
		cmocka_unit_test(test_ja4_of_little),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
