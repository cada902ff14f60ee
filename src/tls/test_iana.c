#include "base/clean.h"
#include "tls/dh_primes.h"
#include "tls/iana.h"
#include "tls/suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ssl.h>

/* What the library calls a suite's parts. */
static const struct {
	int nid;
	enum tls_kex kex;
} exchanges[] = {
	{ NID_kx_rsa, TLS_KEX_RSA },   { NID_kx_dhe, TLS_KEX_DHE }, { NID_kx_ecdhe, TLS_KEX_ECDHE },
	{ NID_kx_gost, TLS_KEX_GOST }, { NID_kx_any, TLS_KEX_13 },
};

static const struct {
	int nid;
	enum tls_authentication authentication;
} authentications[] = {
	{ NID_auth_rsa, TLS_AUTHENTICATION_RSA },
	{ NID_auth_ecdsa, TLS_AUTHENTICATION_ECDSA },
	{ NID_auth_dss, TLS_AUTHENTICATION_DSS },
	{ NID_auth_null, TLS_AUTHENTICATION_ANONYMOUS },
	{ NID_auth_gost12, TLS_AUTHENTICATION_GOST },
	{ NID_auth_gost01, TLS_AUTHENTICATION_GOST },
	{ NID_auth_any, TLS_AUTHENTICATION_13 },
};

static enum tls_kex kex_of(const SSL_CIPHER *c)
{
	for (size_t i = 0; i < COUNT_OF(exchanges); i++)
		if (exchanges[i].nid == SSL_CIPHER_get_kx_nid(c))
			return exchanges[i].kex;
	return TLS_KEX_COUNT;
}

static enum tls_authentication authentication_of(const SSL_CIPHER *c)
{
	for (size_t i = 0; i < COUNT_OF(authentications); i++)
		if (authentications[i].nid == SSL_CIPHER_get_auth_nid(c))
			return authentications[i].authentication;
	return TLS_AUTHENTICATION_COUNT;
}

static bool has_secret(const char *name)
{
	return strstr(name, "PSK") || strstr(name, "SRP");
}

static void assert_like_library(const SSL_CIPHER *c)
{
	const char *name = SSL_CIPHER_standard_name(c);
	uint16_t number = SSL_CIPHER_get_protocol_id(c);
	struct tls_iana_suite s;
	if (has_secret(SSL_CIPHER_get_name(c))) {
		assert_false(tls_iana_suite(number, &s));
		return;
	}
	assert_true(tls_iana_suite(number, &s));
	if (!name) /* of GOST 2012 it has numbers only */
		return;
	assert_string_equal(s.name, name);
	assert_int_equal(s.kex, kex_of(c));
	assert_int_equal(s.authentication, authentication_of(c));
	assert_int_equal(s.mac == TLS_MAC_AEAD, SSL_CIPHER_is_aead(c));
	int key_bits = 0;
	int bits = SSL_CIPHER_get_bits(c, &key_bits);
	/* Later ones count 64 for a tag of 64 bits, which mode says here. */
	assert_int_equal(s.bits, s.mode == TLS_MODE_CCM_8 ? key_bits : bits);
	if (!strcmp(SSL_CIPHER_get_version(c), "TLSv1.3"))
		assert_true(s.min_version == 0x0304 && s.max_version == 0x0304);
	if (!strcmp(SSL_CIPHER_get_version(c), "TLSv1.2"))
		assert_true(s.min_version == 0x0303 && s.max_version == 0x0303);
	if (!strcmp(SSL_CIPHER_get_version(c), "TLSv1.0"))
		assert_int_equal(s.min_version, 0x0301);
}

static void test_iana_suites_are_the_librarys(void **state)
{
	(void)state;
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl = context ? SSL_new(context) : NULL;
	size_t count = 0;
	assert_non_null(ssl);
	for (unsigned n = 0; n <= 0xffff; n++) {
		const uint8_t number[2] = { (uint8_t)(n >> 8), (uint8_t)n };
		const SSL_CIPHER *c = SSL_CIPHER_find(ssl, number);
		if (!c || n == 0x00ff || n == 0x5600) /* signals */
			continue;
		assert_like_library(c);
		count++;
	}
	assert_true(count > 150);
	SSL_free(ssl);
	SSL_CTX_free(context);
}

/* The edge's table names the same. */
static void test_iana_suites_of_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++) {
		struct tls_iana_suite s;
		char text[8];
		assert_true(tls_iana_suite(tls_suites[i].number, &s));
		assert_string_equal(s.name, tls_suites[i].name);
		assert_ptr_equal(tls_iana_suite_name(s.number, text, sizeof(text)), s.name);
		assert_true(s.has_forward_secrecy);
		assert_false(tls_iana_suite_is_weak(&s));
	}
}

static void test_iana_suite_facts(void **state)
{
	static const struct {
		uint16_t number;
		enum tls_kex kex;
		enum tls_encryption encryption;
		enum tls_mode mode;
		enum tls_mac mac;
		unsigned bits;
		bool is_export, is_weak;
	} cases[] = {
		{ 0x0000, TLS_KEX_NULL, TLS_ENCRYPTION_NULL, TLS_MODE_NONE, TLS_MAC_NULL, 0, 0, 1 },
		{ 0x0003, TLS_KEX_RSA, TLS_ENCRYPTION_RC4, TLS_MODE_STREAM, TLS_MAC_MD5, 40, 1, 1 },
		{ 0x0007, TLS_KEX_RSA, TLS_ENCRYPTION_IDEA, TLS_MODE_CBC, TLS_MAC_SHA1, 128, 0, 0 },
		{ 0x0014, TLS_KEX_DHE, TLS_ENCRYPTION_DES, TLS_MODE_CBC, TLS_MAC_SHA1, 40, 1, 1 },
		{ 0x0016, TLS_KEX_DHE, TLS_ENCRYPTION_3DES, TLS_MODE_CBC, TLS_MAC_SHA1, 112, 0, 1 },
		{ 0x0026, TLS_KEX_KRB5, TLS_ENCRYPTION_DES, TLS_MODE_CBC, TLS_MAC_SHA1, 40, 1, 1 },
		{ 0x0031, TLS_KEX_DH, TLS_ENCRYPTION_AES, TLS_MODE_CBC, TLS_MAC_SHA1, 128, 0, 0 },
		{ 0x0062, TLS_KEX_RSA, TLS_ENCRYPTION_DES, TLS_MODE_CBC, TLS_MAC_SHA1, 56, 1, 1 },
		{ 0x0081, TLS_KEX_GOST, TLS_ENCRYPTION_GOST, TLS_MODE_CTR, TLS_MAC_GOST, 256, 0,
		  0 },
		{ 0x0096, TLS_KEX_RSA, TLS_ENCRYPTION_SEED, TLS_MODE_CBC, TLS_MAC_SHA1, 128, 0, 0 },
		{ 0xc018, TLS_KEX_ECDHE, TLS_ENCRYPTION_AES, TLS_MODE_CBC, TLS_MAC_SHA1, 128, 0,
		  1 },
		{ 0xc0af, TLS_KEX_ECDHE, TLS_ENCRYPTION_AES, TLS_MODE_CCM_8, TLS_MAC_AEAD, 256, 0,
		  0 },
		{ 0xc0b4, TLS_KEX_13, TLS_ENCRYPTION_NULL, TLS_MODE_NONE, TLS_MAC_SHA256, 0, 0, 1 },
		{ 0xc103, TLS_KEX_13, TLS_ENCRYPTION_GOST, TLS_MODE_AEAD, TLS_MAC_AEAD, 256, 0, 0 },
		{ 0xfeff, TLS_KEX_RSA, TLS_ENCRYPTION_3DES, TLS_MODE_CBC, TLS_MAC_SHA1, 112, 0, 1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tls_iana_suite s;
		assert_true(tls_iana_suite(cases[i].number, &s));
		assert_int_equal(s.kex, cases[i].kex);
		assert_int_equal(s.encryption, cases[i].encryption);
		assert_int_equal(s.mode, cases[i].mode);
		assert_int_equal(s.mac, cases[i].mac);
		assert_int_equal(s.bits, cases[i].bits);
		assert_int_equal(s.is_export, cases[i].is_export);
		assert_int_equal(tls_iana_suite_is_weak(&s), cases[i].is_weak);
	}
}

static void test_iana_suite_unknown(void **state)
{
	struct tls_iana_suite s;
	char text[8];
	(void)state;
	assert_false(tls_iana_suite(0x00ff, &s)); /* RFC 5746 3.3 */
	assert_false(tls_iana_suite(0x5600, &s)); /* RFC 7507 */
	assert_false(tls_iana_suite(0x008c, &s)); /* PSK */
	assert_string_equal(tls_iana_suite_name(0x00ff, text, sizeof(text)), "0x00FF");
	assert_string_equal(tls_iana_group_name(0x1a1a, text, sizeof(text)), "0x1A1A");
	assert_string_equal(tls_iana_scheme_name(0x0101, text, sizeof(text)), "rsa_pkcs1_md5");
}

/* Every row's name is made of parts that are known, and stands in one list at least. */
static void test_iana_suites_of_a_version(void **state)
{
	static const struct {
		uint16_t version, first, within;
	} cases[] = {
		{ 0x0304, 0x1301, 0x1303 }, /* TLS_CHACHA20_POLY1305_SHA256 */
		{ 0x0303, 0xc02b, 0x0035 }, /* TLS_RSA_WITH_AES_256_CBC_SHA */
		{ 0x0301, 0xc009, 0x0016 }, /* TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA */
		{ 0x0300, 0x0033, 0x0003 }, /* TLS_RSA_EXPORT_WITH_RC4_40_MD5 */
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint16_t numbers[TLS_IANA_SUITES_MAX];
		bool has_within = false;
		size_t count = tls_iana_suites(cases[i].version, numbers, COUNT_OF(numbers));
		assert_in_range(count, 10, COUNT_OF(numbers));
		assert_int_equal(numbers[0], cases[i].first);
		for (size_t n = 0; n < count; n++) {
			struct tls_iana_suite s;
			assert_true(tls_iana_suite(numbers[n], &s));
			assert_in_range(cases[i].version, s.min_version, s.max_version);
			assert_true(s.bits || s.encryption == TLS_ENCRYPTION_NULL);
			assert_true(s.mac != TLS_MAC_NULL || s.kex == TLS_KEX_NULL);
			has_within |= n < 64 && numbers[n] == cases[i].within;
		}
		assert_true(has_within);
		assert_int_equal(tls_iana_suites(cases[i].version, numbers, 1), count);
	}
}

static void test_iana_groups_of_edges(void **state)
{
	static const char *const names[] = { "X25519",          "X448",
		                             "P-256",           "X25519MLKEM768",
		                             "brainpoolP256r1", "secp256k1",
		                             "ffdhe2048" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct tls_group *edge = tls_group_find(slice_str(names[i]));
		const struct tls_iana_group *g = edge ? tls_iana_group(edge->number) : NULL;
		assert_non_null(g);
		bool is_pq = g->kind == TLS_GROUP_HYBRID || g->kind == TLS_GROUP_KEM;
		assert_int_equal(is_pq, edge->is_post_quantum);
	}
	assert_int_equal(tls_iana_group(0x6399)->is_draft, true);
	assert_null(tls_iana_group(0));
}

/* No number twice; one that came twice would be offered twice. */
static void test_iana_numbers_are_unique(void **state)
{
	size_t count = 0;
	size_t scheme_count = 0;
	(void)state;
	const struct tls_iana_group *groups = tls_iana_groups(&count);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(tls_iana_group(groups[i].number), &groups[i]);
	const struct tls_iana_scheme *schemes = tls_iana_schemes(&scheme_count);
	for (size_t i = 0; i < scheme_count; i++)
		assert_ptr_equal(tls_iana_scheme(schemes[i].number), &schemes[i]);
	const struct tls_iana_kind *kinds = tls_iana_ssl2_kinds(&count);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(tls_iana_ssl2_kind(kinds[i].number), &kinds[i]);
	assert_null(tls_iana_ssl2_kind(0x123456));
}

/* The library has primes of its own to compare with. */
static void test_iana_dh_primes(void **state)
{
	static const struct {
		BIGNUM *(*make)(BIGNUM *bn);
		const char *name;
	} cases[] = {
		{ BN_get_rfc2409_prime_768, "RFC 2409 group 1" },
		{ BN_get_rfc2409_prime_1024, "RFC 2409 group 2" },
		{ BN_get_rfc3526_prime_1536, "RFC 3526 group 5" },
		{ BN_get_rfc3526_prime_2048, "RFC 3526 group 14" },
		{ BN_get_rfc3526_prime_8192, "RFC 3526 group 18" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		BIGNUM *prime = cases[i].make(NULL);
		uint8_t bytes[1 + 1024] = { 0 };
		int len = BN_bn2bin(prime, bytes + 1); /* with a zero in front too */
		const struct tls_dh_prime *found =
			tls_dh_prime_find(slice_of(bytes, 1 + (size_t)len));
		assert_non_null(found);
		assert_string_equal(found->name, cases[i].name);
		assert_int_equal(found->bits, BN_num_bits(prime));
		assert_true(found->is_safe);
		bytes[len] ^= 1;
		assert_null(tls_dh_prime_find(slice_of(bytes + 1, (size_t)len)));
		BN_free(prime);
	}
	assert_null(tls_dh_prime_find((struct slice){}));
}

static void test_iana_dh_primes_table(void **state)
{
	size_t count = 0;
	size_t rfc7919 = 0;
	(void)state;
	const struct tls_dh_prime *primes = tls_dh_primes(&count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(strlen(primes[i].sha256), 64);
		assert_in_range(primes[i].bits, 512, 8192);
		rfc7919 += primes[i].is_rfc7919;
		for (size_t n = 0; n < i; n++)
			assert_string_not_equal(primes[i].sha256, primes[n].sha256);
	}
	assert_int_equal(rfc7919, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iana_suites_are_the_librarys),
		cmocka_unit_test(test_iana_suites_of_edges),
		cmocka_unit_test(test_iana_suite_facts),
		cmocka_unit_test(test_iana_suite_unknown),
		cmocka_unit_test(test_iana_suites_of_a_version),
		cmocka_unit_test(test_iana_groups_of_edges),
		cmocka_unit_test(test_iana_numbers_are_unique),
		cmocka_unit_test(test_iana_dh_primes),
		cmocka_unit_test(test_iana_dh_primes_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
