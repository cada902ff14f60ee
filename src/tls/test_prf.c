/* Our PRF of TLS 1.2 against OpenSSL's own. */
#include "tls/prf.h"

#include "base/clean.h"
#include "tls/provider.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BYTES_MAX = 300, SEED_MAX = 80 };

/* One derivation, as libssl asks for it. */
struct ask {
	const char *digest;
	size_t secret_len;
	size_t seed_lens[TLS_PRF_SEEDS_MAX + 1];
	size_t len; /* wanted */
};

static uint8_t secret[256], seed[SEED_MAX];

static bool derive(const char *properties, const struct ask *a, uint8_t *ret_bytes)
{
	struct tls_library *library = NULL;
	assert_int_equal(tls_library_open(&library), 0);
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, properties);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[4 + TLS_PRF_SEEDS_MAX], *p = params;
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)a->digest, 0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret, a->secret_len);
	for (size_t i = 0; i < COUNT_OF(a->seed_lens); i++)
		if (a->seed_lens[i])
			*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed,
			                                         a->seed_lens[i]);
	*p = OSSL_PARAM_construct_end();
	bool is_made = EVP_KDF_derive(ctx, ret_bytes, a->len, params) > 0;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return is_made;
}

static void test_prf_as_openssl(void **state)
{
	/* The last four are handed on. */
	static const struct ask asks[] = {
		{ "SHA2-256", 48, { 15, 32 }, 12 },
		{ "SHA256", 48, { 13, 32, 32 }, 104 },
		{ "SHA2-384", 48, { 13, 32, 32 }, 48 },
		{ "SHA2-384", 32, { 22, 48 }, 48 },
		{ "SHA2-256", 64, { 1, 2, 3, 4, SEED_MAX }, BYTES_MAX },
		{ "SHA2-256", 256, { 13, 32, 32 }, 48 },
		{ "SHA2-256", 48, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 48 },
		{ "MD5-SHA1", 48, { 13, 32, 32 }, 104 },
		{ "SHA2-512", 48, { 13, 32, 32 }, 104 },
	};
	uint8_t ours[BYTES_MAX], theirs[BYTES_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(asks); i++) {
		assert_int_equal(RAND_bytes(secret, sizeof(secret)), 1);
		assert_int_equal(RAND_bytes(seed, sizeof(seed)), 1);
		assert_true(derive("provider=default", &asks[i], theirs));
		assert_true(derive(tls_provider_properties, &asks[i], ours));
		assert_memory_equal(ours, theirs, asks[i].len);
	}
}

static void test_prf_refuses(void **state)
{
	static const struct ask bad[] = {
		{ "SHA2-256", 48, {}, 12 },
		{ "no digest", 48, { 13 }, 12 },
	};
	uint8_t bytes[BYTES_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(derive(tls_provider_properties, &bad[i], bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prf_as_openssl),
		cmocka_unit_test(test_prf_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
