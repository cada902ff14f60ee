#include "base/clean.h"
#include "tls/suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/ssl.h>

/* The library knows each by the same number and by both names. */
static void test_suite_table_is_the_librarys(void **state)
{
	(void)state;
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl = context ? SSL_new(context) : NULL;
	assert_non_null(ssl);
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++) {
		const struct tls_suite *s = &tls_suites[i];
		const uint8_t number[2] = { (uint8_t)(s->number >> 8), (uint8_t)s->number };
		const SSL_CIPHER *c = SSL_CIPHER_find(ssl, number);
		assert_non_null(c);
		assert_string_equal(SSL_CIPHER_standard_name(c), s->name);
		assert_string_equal(SSL_CIPHER_get_name(c), s->openssl);
		assert_true(tls_suite_is_known(s->number));
		assert_ptr_equal(tls_suite_find(slice_str(s->name)), s);
		assert_ptr_equal(tls_suite_find(slice_str(s->openssl)), s);
		assert_true(!i || tls_suites[i - 1].tier <= s->tier);
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
}

/* RSA key exchange, signals, and names that only begin like one. */
static void test_suite_others_are_none(void **state)
{
	static const char *const names[] = { "", "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA",
		                             "TLS_AES_128_GCM_SHA25", "TLS_AES_128_GCM_SHA2560" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_null(tls_suite_find(slice_str(names[i])));
	assert_non_null(tls_suite_find(slice_str("tls_aes_128_gcm_sha256")));
	assert_false(tls_suite_is_known(0x00ff)); /* RFC 5746 3.3 */
	assert_false(tls_suite_is_known(0x5600)); /* RFC 7507 */
}

static void test_suite_groups_by_name_and_number(void **state)
{
	static const struct {
		const char *name;
		uint16_t number;
	} cases[] = { { "X25519", 29 },
		      { "P-256", TLS_GROUP_P256 },
		      { "prime256v1", TLS_GROUP_P256 },
		      { "secp384r1", TLS_GROUP_P384 },
		      { "x25519mlkem768", 4588 } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct tls_group *g = tls_group_find(slice_str(cases[i].name));
		assert_non_null(g);
		assert_int_equal(g->number, cases[i].number);
		assert_ptr_equal(tls_group_of(g->number), g);
		assert_int_equal(g->is_post_quantum, cases[i].number == 4588);
	}
	assert_null(tls_group_find(slice_str("")));
	assert_null(tls_group_find(slice_str("P-257")));
	assert_null(tls_group_of(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suite_table_is_the_librarys),
		cmocka_unit_test(test_suite_others_are_none),
		cmocka_unit_test(test_suite_groups_by_name_and_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
