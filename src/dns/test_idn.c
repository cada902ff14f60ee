#include "base/clean.h"
#include "dns/idn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *text;
	const char *name; /* NULL: none */
} cases[] = {
	{ "example.org", "example.org" },
	{ "EXAMPLE.Org.", "example.org" },
	{ "_tcp.example.org", "_tcp.example.org" },
	{ "b\xc3\xbc"
	  "cher.example",
	  "xn--bcher-kva.example" },
	{ "B\xc3\x9c"
	  "CHER.example.",
	  "xn--bcher-kva.example" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "\xe4\xbe\x8b\xe5\xad\x90.example", "xn--fsqu00a.example" },
	{ "stra\xc3\x9f"
	  "e.example",
	  "xn--strae-oqa.example" },
	{ "", NULL },
	{ ".", NULL },
	{ "a..b", NULL },
	{ ".example.org", NULL },
	{ "example.org..", NULL },
	{ "ex ample.org", NULL },
	{ "b\xc3.example", NULL }, /* no UTF-8 */
	{ "\xff\xfe.example", NULL },
	{ "[192.0.2.1]", NULL },
	{ "a\xc3\xbc b.example", NULL },
};

static void test_idn(void **state)
{
	char name[DNS_IDN_CAP];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool is_name = dns_idn_take(slice_str(cases[i].text), name);
		if (is_name != (cases[i].name != NULL) || (is_name && strcmp(name, cases[i].name)))
			fail_msg("%s: %s", cases[i].text, is_name ? name : "none");
	}
	assert_false(dns_idn_take(slice_of("a\0b.example", 11), name));
}

static void test_idn_too_long(void **state)
{
	char text[5000], name[DNS_IDN_CAP];
	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 60; i < sizeof(text); i += 60)
		text[i] = '.';
	assert_true(dns_idn_take(slice_of(text, 253), name));
	assert_false(dns_idn_take(slice_of(text, 254), name));
	assert_false(dns_idn_take(slice_of(text, sizeof(text)), name));
	for (size_t i = 0; i + 2 < 900; i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	assert_false(dns_idn_take(slice_of(text, 900), name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idn),
		cmocka_unit_test(test_idn_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
