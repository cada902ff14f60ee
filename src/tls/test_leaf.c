#include "tls/leaf.h"

#include "base/clean.h"
#include "tls/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static const struct {
	const char *name;
	struct test_pair_settings set;
} rows[] = {
	{ "EC", { .type = TEST_EC, .names = "b.example.org,a.example.org,*.example.org" } },
	{ "P-384", { .type = TEST_EC_P384, .names = "A.Example.org,a.example.org" } },
	{ "RSA", { .type = TEST_RSA, .names = "mail.example.org" } },
	{ "a CA", { .type = TEST_EC, .names = "ca.example.org", .is_ca = true } },
};

static struct buf der_of(X509 *certificate)
{
	struct buf der = {};
	uint8_t *at;
	int len = i2d_X509(certificate, NULL);
	assert_true(len > 0);
	assert_int_equal(buf_reserve(&der, (size_t)len, &at), 0);
	i2d_X509(certificate, &at);
	buf_commit(&der, (size_t)len);
	return der;
}

/* The quick way says what the whole one says. */
static void test_leaf_is_as_openssl_has_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_pair pair;
		CLEAN(tls_chain_deinit) struct tls_chain whole = {};
		CLEAN(tls_chain_deinit) struct tls_chain quick = {};
		CLEAN(buf_deinit) struct buf pem = {};
		print_message("%s\n", rows[i].name);
		test_pair_make(&pair, &rows[i].set);
		assert_int_equal(buf_add(&pem, buf_slice(&pair.chain_pem)), 0);
		assert_int_equal(buf_add(&pem, buf_slice(&pair.chain_pem)), 0);
		assert_int_equal(tls_chain_init(&whole, buf_slice(&pem)), 0);
		assert_int_equal(tls_chain_take(&quick, buf_slice(&pem)), 0);
		assert_string_equal(quick.names, whole.names);
		assert_int_equal(quick.kind, whole.kind);
		assert_memory_equal(quick.key_sha256, whole.key_sha256, sizeof(whole.key_sha256));
		assert_true(slice_equal(buf_slice(&quick.der), buf_slice(&whole.der)));
		test_pair_deinit(&pair);
	}
}

static void test_leaf_that_is_none(void **state)
{
	static const char whole[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
				    "-----END CERTIFICATE-----\n";
	static const char *const texts[] = { "", "no PEM", "-----BEGIN CERTIFICATE-----\nMIIB\n",
		                             whole };
	static const int results[] = { TLS_CHAIN_EMPTY, TLS_CHAIN_EMPTY, TLS_CHAIN_BAD,
		                       TLS_CHAIN_BAD };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct tls_chain chain = {};
		print_message("%s\n", texts[i]);
		assert_int_equal(tls_chain_take(&chain, slice_str(texts[i])), results[i]);
		assert_null(chain.names);
	}
}

/* Cut anywhere, and with any byte another one: never read beyond, which ASan would see. */
static void test_leaf_that_is_hostile(void **state)
{
	struct test_pair pair;
	struct tls_leaf leaf;
	(void)state;
	test_pair_make(&pair, &rows[0].set);
	CLEAN(buf_deinit) struct buf der = der_of(pair.certificate);
	assert_int_equal(tls_leaf_read(&leaf, buf_slice(&der)), 0);
	assert_int_equal(leaf.name_count, 3);
	for (size_t len = 0; len < buf_len(&der); len++) {
		CLEAN(freep) uint8_t *cut = malloc(len + !len);
		assert_non_null(cut);
		memcpy(cut, buf_slice(&der).data, len);
		assert_int_not_equal(tls_leaf_read(&leaf, slice_of(cut, len)), 0);
	}
	for (size_t i = 0; i < buf_len(&der); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			CLEAN(buf_deinit) struct buf other = {};
			assert_int_equal(buf_add(&other, buf_slice(&der)), 0);
			other.data[other.start + i] ^= (uint8_t)(1u << bit);
			(void)!tls_leaf_read(&leaf, buf_slice(&other));
		}
	test_pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaf_is_as_openssl_has_it),
		cmocka_unit_test(test_leaf_that_is_none),
		cmocka_unit_test(test_leaf_that_is_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
