/* Our key schedule against OpenSSL's own KDF, and that a context of ours takes which it should. */
#include "tls/schedule.h"

#include "base/clean.h"
#include "tls/library.h"
#include "tls/provider.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BYTES_MAX = 600 };

static EVP_KDF *fetch(const char *properties)
{
	struct tls_library *library = NULL;
	assert_int_equal(tls_library_open(&library), 0);
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, properties);
	assert_non_null(kdf);
	return kdf;
}

/* One derivation, as libssl asks for it. */
struct ask {
	int mode;
	const char *digest, *label;
	size_t key_len, salt_len, context_len; /* 0: not given */
	size_t len;                            /* wanted */
};

static uint8_t key[64], salt[64], context[256];

static OSSL_PARAM octets(const char *name, const void *bytes, size_t len)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)bytes, len);
}

static bool derive(const char *properties, const struct ask *a, uint8_t *ret_bytes)
{
	EVP_KDF *kdf = fetch(properties);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int mode = a->mode;
	OSSL_PARAM params[8], *p = params;
	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)a->digest, 0);
	if (a->key_len)
		*p++ = octets(OSSL_KDF_PARAM_KEY, key, a->key_len);
	if (a->salt_len)
		*p++ = octets(OSSL_KDF_PARAM_SALT, salt, a->salt_len);
	*p++ = octets(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6);
	*p++ = octets(OSSL_KDF_PARAM_LABEL, a->label, strlen(a->label));
	if (a->context_len)
		*p++ = octets(OSSL_KDF_PARAM_DATA, context, a->context_len);
	*p = OSSL_PARAM_construct_end();
	assert_non_null(ctx);
	bool is_made = EVP_KDF_derive(ctx, ret_bytes, a->len, params) > 0;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return is_made;
}

static const struct ask asks[] = {
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "key", 32, 0, 0, 16 },
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", "iv", 32, 0, 0, 12 },
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-384", "c ap traffic", 48, 0, 48, 48 },
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA384", "s hs traffic", 48, 0, 48, 48 },
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "exporter", 32, 0, 32, BYTES_MAX },
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-384", "exporter", 48, 0, 48, BYTES_MAX },
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "resumption", 32, 0, 8, 32 },
	{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-384", "resumption", 48, 0, 255, 48 },
	{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", 32, 32, 0, 32 },
	{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", 0, 32, 0, 32 },
	{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", 0, 0, 0, 32 },
	{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-384", "derived", 48, 48, 0, 48 },
	{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-384", "derived", 64, 48, 0, 48 },
	{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-384", "derived", 48, 0, 0, 48 },
};

static void test_schedule_as_openssl(void **state)
{
	uint8_t ours[BYTES_MAX], theirs[BYTES_MAX];
	(void)state;
	for (int round = 0; round < 50; round++)
		for (size_t i = 0; i < COUNT_OF(asks); i++) {
			assert_int_equal(RAND_bytes(key, sizeof(key)), 1);
			assert_int_equal(RAND_bytes(salt, sizeof(salt)), 1);
			assert_int_equal(RAND_bytes(context, sizeof(context)), 1);
			assert_true(derive("provider=default", &asks[i], theirs));
			assert_true(derive(tls_provider_properties, &asks[i], ours));
			assert_memory_equal(ours, theirs, asks[i].len);
		}
}

static void test_schedule_refuses(void **state)
{
	static const struct ask bad[] = {
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-512", "key", 32, 0, 0, 16 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "key", 0, 0, 0, 16 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "key", 32, 0, 256, 16 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "key", 32, 0, 0, 255 * 32 + 1 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256",
		  "a label that is longer than all that RFC 8446 and its successors have", 32, 0, 0,
		  16 },
		{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", 32, 32, 0, 31 },
		{ EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA2-256", "key", 32, 32, 0, 32 },
	};
	static uint8_t bytes[255 * 32 + 1];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(derive(tls_provider_properties, &bad[i], bytes));
}

/* Contexts of ours have it, and nothing but what tls/provider.h names is ours. */
static void test_schedule_is_asked_for(void **state)
{
	static const struct {
		const char *properties, *provider;
	} rows[] = { { NULL, "default" }, { tls_provider_properties, "mailseal" } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EVP_KDF *kdf = fetch(rows[i].properties);
		assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)),
		                    rows[i].provider);
		EVP_KDF_free(kdf);
		EVP_KEYMGMT *keys = EVP_KEYMGMT_fetch(NULL, "EC", rows[i].properties);
		assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(keys)),
		                    "default");
		EVP_KEYMGMT_free(keys);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedule_as_openssl),
		cmocka_unit_test(test_schedule_refuses),
		cmocka_unit_test(test_schedule_is_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
