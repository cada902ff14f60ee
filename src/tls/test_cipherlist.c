#include "base/clean.h"
#include "tls/cipherlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_cipherlist_classes(void **state)
{
	(void)state;
	static const struct {
		const char *list;
		unsigned classes;
	} cases[] = {
		{ "ECDHE+AESGCM:ECDHE+CHACHA20", TLS_CIPHERS_AEAD },
		{ "ECDHE-RSA-AES128-SHA", TLS_CIPHERS_CBC_SHA1 },
		{ "ECDHE-RSA-AES128-SHA256", TLS_CIPHERS_CBC_SHA2 },
		{ "DHE-RSA-AES128-GCM-SHA256", TLS_CIPHERS_DHE },
		{ "AES128-SHA", TLS_CIPHERS_STATIC },
		{ "ADH-AES128-SHA", TLS_CIPHERS_OPEN },
		{ "ECDHE-RSA-CAMELLIA128-SHA256", TLS_CIPHERS_ODD },
		/* What Postfix takes by default. */
		{ "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH",
		  TLS_CIPHERS_AEAD | TLS_CIPHERS_CBC_SHA1 | TLS_CIPHERS_CBC_SHA2 | TLS_CIPHERS_DHE |
		          TLS_CIPHERS_STATIC | TLS_CIPHERS_ODD | TLS_CIPHERS_OPEN },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		unsigned classes = 0;
		assert_int_equal(tls_cipherlist_classes(cases[i].list, &classes), 0);
		/* Some builds have no MEDIUM ciphers, others RC4 or 3DES there. */
		assert_int_equal(classes & ~TLS_CIPHERS_WEAK, cases[i].classes);
	}
}

static void test_cipherlist_nonsense(void **state)
{
	(void)state;
	unsigned classes = 0;
	assert_int_equal(tls_cipherlist_classes("no-such-cipher", &classes), TLS_CIPHERLIST_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cipherlist_classes),
		cmocka_unit_test(test_cipherlist_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
