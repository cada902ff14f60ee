#include "base/clean.h"
#include "keys/selfsigned.h"
#include "keys/store.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ID_RSA = 1, ID_EC = 2 };

static struct world {
	struct keys_store *store;
	EVP_PKEY *rsa, *ec;
} world;

static void pem_of(EVP_PKEY *key, const char *passphrase, struct buf *ret_pem)
{
	char *data = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	assert_true(PEM_write_bio_PrivateKey(bio, key, passphrase ? EVP_aes_128_cbc() : NULL,
	                                     (const unsigned char *)passphrase,
	                                     passphrase ? (int)strlen(passphrase) : 0, NULL, NULL));
	long len = BIO_get_mem_data(bio, &data);
	assert_int_equal(buf_add(ret_pem, slice_of(data, (size_t)len)), 0);
	BIO_free(bio);
}

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void pkey_ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static const struct scheme_case {
	uint16_t scheme;
	uint32_t id;
	const char *digest;
	size_t digest_len;
	int padding;
} schemes[] = {
	{ 0x0203, ID_EC, "SHA1", 20, 0 },
	{ 0x0403, ID_EC, "SHA256", 32, 0 },
	{ 0x0503, ID_EC, "SHA384", 48, 0 },
	{ 0x0603, ID_EC, "SHA512", 64, 0 },
	{ 0x0201, ID_RSA, "SHA1", 20, RSA_PKCS1_PADDING },
	{ 0xff01, ID_RSA, "MD5-SHA1", 36, RSA_PKCS1_PADDING },
	{ 0x0401, ID_RSA, "SHA256", 32, RSA_PKCS1_PADDING },
	{ 0x0501, ID_RSA, "SHA384", 48, RSA_PKCS1_PADDING },
	{ 0x0601, ID_RSA, "SHA512", 64, RSA_PKCS1_PADDING },
	{ 0x0804, ID_RSA, "SHA256", 32, RSA_PKCS1_PSS_PADDING },
	{ 0x0805, ID_RSA, "SHA384", 48, RSA_PKCS1_PSS_PADDING },
	{ 0x0806, ID_RSA, "SHA512", 64, RSA_PKCS1_PSS_PADDING },
};

static bool verifies(const struct scheme_case *c, struct slice digest, struct slice sig)
{
	EVP_PKEY *key = c->id == ID_RSA ? world.rsa : world.ec;
	CLEAN(pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	assert_true(EVP_PKEY_verify_init(ctx) > 0);
	if (c->padding)
		assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, c->padding) > 0);
	assert_true(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(c->digest)) > 0);
	if (c->padding == RSA_PKCS1_PSS_PADDING)
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
	return EVP_PKEY_verify(ctx, sig.data, sig.len, digest.data, digest.len) == 1;
}

static void test_store_signs_each_scheme(void **state)
{
	(void)state;
	uint8_t digest[64];
	for (int round = 0; round < 3; round++) /* contexts are used again */
		for (size_t i = 0; i < COUNT_OF(schemes); i++) {
			const struct scheme_case *c = &schemes[i];
			CLEAN(buf_deinit) struct buf sig = {};
			struct slice d = slice_of(digest, c->digest_len);
			memset(digest, 17 + round, sizeof(digest));
			assert_int_equal(keys_store_sign(world.store, c->id, c->scheme, d, &sig),
			                 0);
			if (!verifies(c, d, buf_slice(&sig)))
				fail_msg("scheme %04x does not verify", c->scheme);
		}
}

static void test_store_refuses_mismatches(void **state)
{
	(void)state;
	uint8_t digest[65] = {};
	CLEAN(buf_deinit) struct buf sig = {};
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		const struct scheme_case *c = &schemes[i];
		struct slice d = slice_of(digest, c->digest_len);
		uint32_t other = c->id == ID_RSA ? ID_EC : ID_RSA;
		assert_int_equal(keys_store_sign(world.store, other, c->scheme, d, &sig),
		                 KEYS_STORE_BAD_SCHEME);
		assert_int_equal(keys_store_sign(world.store, 99, c->scheme, d, &sig),
		                 KEYS_STORE_NO_KEY);
		for (size_t len = 0; len <= sizeof(digest); len++)
			if (len != c->digest_len)
				assert_int_equal(keys_store_sign(world.store, c->id, c->scheme,
				                                 slice_of(digest, len), &sig),
				                 KEYS_STORE_BAD_DIGEST);
	}
	assert_int_equal(buf_len(&sig), 0);
}

/* Raw RSA, DSA, EdDSA, PSS keys, anonymous: nothing but the table. */
static void test_store_refuses_other_schemes(void **state)
{
	(void)state;
	uint8_t digest[256] = {};
	CLEAN(buf_deinit) struct buf sig = {};
	for (uint32_t scheme = 0; scheme <= 0xffff; scheme++) {
		bool is_known = false;
		for (size_t i = 0; i < COUNT_OF(schemes); i++)
			is_known |= schemes[i].scheme == scheme;
		if (is_known)
			continue;
		assert_int_equal(keys_store_sign(world.store, ID_RSA, (uint16_t)scheme,
		                                 slice_of(digest, 256), &sig),
		                 KEYS_STORE_BAD_SCHEME);
	}
}

static void test_store_add_replace_remove(void **state)
{
	(void)state;
	struct keys_store *store = NULL;
	CLEAN(buf_deinit) struct buf rsa = {};
	CLEAN(buf_deinit) struct buf ec = {};
	uint8_t first[32], second[32];
	pem_of(world.rsa, NULL, &rsa);
	pem_of(world.ec, NULL, &ec);
	assert_int_equal(keys_store_new(&store), 0);
	for (uint32_t id = 100; id > 0; id--)
		assert_int_equal(keys_store_add(store, id * 7 % 101, buf_slice(&ec)), 0);
	assert_int_equal(keys_store_count(store), 100);
	assert_int_equal(keys_store_public_digest(store, 50, first), 0);
	assert_int_equal(keys_store_add(store, 50, buf_slice(&rsa)), 0);
	assert_int_equal(keys_store_count(store), 100);
	assert_int_equal(keys_store_public_digest(store, 50, second), 0);
	assert_memory_not_equal(first, second, sizeof(first));
	keys_store_remove(store, 50);
	keys_store_remove(store, 50);
	assert_int_equal(keys_store_count(store), 99);
	assert_int_equal(keys_store_public_digest(store, 50, first), KEYS_STORE_NO_KEY);
	assert_int_equal(keys_store_public_digest(store, 51, first), 0);
	keys_store_free(store);
	keys_store_free(NULL);
}

/* Those that are not kept parsed sign all the same. */
static void test_store_more_than_are_parsed(void **state)
{
	enum { COUNT = 1100 };
	(void)state;
	struct keys_store *store = NULL;
	CLEAN(buf_deinit) struct buf ec = {};
	CLEAN(buf_deinit) struct buf sig = {};
	uint8_t digest[32] = {}, public[32];
	pem_of(world.ec, NULL, &ec);
	assert_int_equal(keys_store_new(&store), 0);
	for (uint32_t id = 1; id <= COUNT; id++)
		assert_int_equal(keys_store_add(store, id, buf_slice(&ec)), 0);
	for (int round = 0; round < 2; round++)
		for (uint32_t id = 1; id <= COUNT; id += 7) {
			buf_clear(&sig);
			assert_int_equal(keys_store_sign(store, id, 0x0403,
			                                 slice_of(digest, sizeof(digest)), &sig),
			                 0);
			assert_true(buf_len(&sig) > 0);
		}
	assert_int_equal(keys_store_public_digest(store, 2, public), 0);
	for (uint32_t id = 1; id <= COUNT; id += 3)
		keys_store_remove(store, id);
	assert_int_equal(keys_store_public_digest(store, 3, public), 0);
	keys_store_free(store);
}

static void test_store_refuses_bad_keys(void **state)
{
	(void)state;
	CLEAN(pkey_freep) EVP_PKEY *small = EVP_RSA_gen(1024);
	CLEAN(pkey_freep) EVP_PKEY *odd = EVP_EC_gen("secp256k1");
	CLEAN(pkey_freep) EVP_PKEY *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct buf pem[4] = {};
	pem_of(small, NULL, &pem[0]);
	pem_of(odd, NULL, &pem[1]);
	pem_of(edwards, NULL, &pem[2]);
	pem_of(world.ec, "secret", &pem[3]);
	const struct {
		struct slice pem;
		int result;
	} cases[] = {
		{ buf_slice(&pem[0]), KEYS_STORE_UNSUPPORTED },
		{ buf_slice(&pem[1]), KEYS_STORE_UNSUPPORTED },
		{ buf_slice(&pem[2]), KEYS_STORE_UNSUPPORTED },
		{ buf_slice(&pem[3]), KEYS_STORE_BAD_PEM },
		{ slice_head(buf_slice(&pem[0]), 300), KEYS_STORE_BAD_PEM },
		{ slice_str("nothing"), KEYS_STORE_BAD_PEM },
		{ {}, KEYS_STORE_BAD_PEM },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(keys_store_add(world.store, 77, cases[i].pem), cases[i].result);
		assert_int_equal(ERR_peek_error(), 0);
	}
	assert_int_equal(keys_store_count(world.store), 2);
	for (size_t i = 0; i < COUNT_OF(pem); i++)
		buf_deinit(&pem[i]);
}

/* As "openssl ecparam -genkey" writes it, and as certbot's neighbours in one file do. */
static void test_store_key_behind_other_blocks(void **state)
{
	(void)state;
	static const char parameters[] = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
					 "-----END EC PARAMETERS-----\n";
	CLEAN(buf_deinit) struct buf pem = {};
	assert_int_equal(buf_add_str(&pem, parameters), 0);
	pem_of(world.ec, NULL, &pem);
	assert_int_equal(keys_store_add(world.store, ID_EC, buf_slice(&pem)), 0);
	assert_int_equal(keys_store_count(world.store), 2);
}

static void test_store_self_signed(void **state)
{
	(void)state;
	CLEAN(buf_deinit_secret) struct buf key = {};
	CLEAN(buf_deinit) struct buf chain = {};
	uint8_t sum[32];
	struct keys_store *store = NULL;
	assert_int_equal(keys_self_signed_make(&key, &chain, "mx.example.org"), 0);
	assert_int_equal(keys_store_new(&store), 0);
	assert_int_equal(keys_store_add(store, 1, buf_slice(&key)), 0);
	assert_int_equal(keys_store_public_digest(store, 1, sum), 0);
	BIO *bio = BIO_new_mem_buf(buf_slice(&chain).data, (int)buf_len(&chain));
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	assert_non_null(certificate);
	int days = 0, seconds = 0;
	assert_true(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)));
	assert_true(days >= 3640 && days <= 3653);
	assert_int_equal(X509_check_host(certificate, "mx.example.org", 0,
	                                 X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL),
	                 1);
	EVP_PKEY *public_key = X509_get0_pubkey(certificate);
	assert_int_equal(X509_verify(certificate, public_key), 1);
	assert_true(ASN1_STRING_length(X509_get0_serialNumber(certificate)) >= 8);
	X509_free(certificate);
	BIO_free(bio);
	keys_store_free(store);
	assert_true(keys_self_signed_make(&key, &chain, "") < 0);
}

static int setup(void **state)
{
	CLEAN(buf_deinit) struct buf rsa = {};
	CLEAN(buf_deinit) struct buf ec = {};
	(void)state;
	world.rsa = EVP_RSA_gen(2048);
	world.ec = EVP_EC_gen("P-256");
	pem_of(world.rsa, NULL, &rsa);
	pem_of(world.ec, NULL, &ec);
	return keys_store_new(&world.store) ||
	       keys_store_add(world.store, ID_RSA, buf_slice(&rsa)) ||
	       keys_store_add(world.store, ID_EC, buf_slice(&ec));
}

static int teardown(void **state)
{
	(void)state;
	keys_store_free(world.store);
	EVP_PKEY_free(world.rsa);
	EVP_PKEY_free(world.ec);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_signs_each_scheme),
		cmocka_unit_test(test_store_refuses_mismatches),
		cmocka_unit_test(test_store_refuses_other_schemes),
		cmocka_unit_test(test_store_add_replace_remove),
		cmocka_unit_test(test_store_more_than_are_parsed),
		cmocka_unit_test(test_store_refuses_bad_keys),
		cmocka_unit_test(test_store_key_behind_other_blocks),
		cmocka_unit_test(test_store_self_signed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
