/*
 * A suite's name says what it is made of, so the table has numbers and names only, and what is
 * said of a suite cannot differ from its name.
 */
#include "tls/iana.h"

#include "base/clean.h"
#include "tls/iana_private.h"
#include "tls/server.h"

#include <stdio.h>

enum { SSL_3 = 0x0300 };

_Static_assert((int)TLS_IANA_NAMES_COUNT <= (int)TLS_IANA_SUITES_MAX);

/* What stands before "_WITH_"; "_EXPORT" and what follows it is cut off before. */
static const struct {
	const char *name;
	enum tls_kex kex;
	enum tls_authentication authentication;
} exchanges[] = {
	{ "NULL", TLS_KEX_NULL, TLS_AUTHENTICATION_ANONYMOUS },
	{ "RSA", TLS_KEX_RSA, TLS_AUTHENTICATION_RSA },
	{ "RSA_FIPS", TLS_KEX_RSA, TLS_AUTHENTICATION_RSA },
	{ "DH_RSA", TLS_KEX_DH, TLS_AUTHENTICATION_RSA },
	{ "DH_DSS", TLS_KEX_DH, TLS_AUTHENTICATION_DSS },
	{ "DH_anon", TLS_KEX_DHE, TLS_AUTHENTICATION_ANONYMOUS },
	{ "DHE_RSA", TLS_KEX_DHE, TLS_AUTHENTICATION_RSA },
	{ "DHE_DSS", TLS_KEX_DHE, TLS_AUTHENTICATION_DSS },
	{ "ECDH_RSA", TLS_KEX_ECDH, TLS_AUTHENTICATION_RSA },
	{ "ECDH_ECDSA", TLS_KEX_ECDH, TLS_AUTHENTICATION_ECDSA },
	{ "ECDH_anon", TLS_KEX_ECDHE, TLS_AUTHENTICATION_ANONYMOUS },
	{ "ECDHE_RSA", TLS_KEX_ECDHE, TLS_AUTHENTICATION_RSA },
	{ "ECDHE_ECDSA", TLS_KEX_ECDHE, TLS_AUTHENTICATION_ECDSA },
	{ "KRB5", TLS_KEX_KRB5, TLS_AUTHENTICATION_KRB5 },
	{ "GOSTR341094", TLS_KEX_GOST, TLS_AUTHENTICATION_GOST },
	{ "GOSTR341001", TLS_KEX_GOST, TLS_AUTHENTICATION_GOST },
	{ "GOSTR341112_256", TLS_KEX_GOST, TLS_AUTHENTICATION_GOST },
};

#define CIPHER(name, encryption, mode, bits)                                                       \
	{                                                                                          \
		name, TLS_ENCRYPTION_##encryption, TLS_MODE_##mode, bits                           \
	}

/* What stands behind it; the first that fits. 3DES is as strong as 112 bits (NIST SP 800-57). */
static const struct {
	const char *name;
	enum tls_encryption encryption;
	enum tls_mode mode;
	unsigned bits;
} ciphers[] = {
	CIPHER("NULL", NULL, NONE, 0),
	CIPHER("SHA", NULL, NONE, 0), /* TLS_SHA256_SHA256, RFC 9150 */
	CIPHER("RC2_CBC_40", RC2, CBC, 40),
	CIPHER("RC2_CBC_56", RC2, CBC, 56),
	CIPHER("RC4_40", RC4, STREAM, 40),
	CIPHER("RC4_56", RC4, STREAM, 56),
	CIPHER("RC4_128", RC4, STREAM, 128),
	CIPHER("DES40_CBC", DES, CBC, 40),
	CIPHER("DES_CBC_40", DES, CBC, 40),
	CIPHER("DES_CBC", DES, CBC, 56),
	CIPHER("3DES_EDE_CBC", 3DES, CBC, 112),
	CIPHER("IDEA_CBC", IDEA, CBC, 128),
	CIPHER("SEED_CBC", SEED, CBC, 128),
	CIPHER("28147_CNT", GOST, CTR, 256),
	CIPHER("KUZNYECHIK_CTR", GOST, CTR, 256),
	CIPHER("MAGMA_CTR", GOST, CTR, 256),
	CIPHER("KUZNYECHIK_MGM", GOST, AEAD, 256),
	CIPHER("MAGMA_MGM", GOST, AEAD, 256),
	CIPHER("CAMELLIA_128_CBC", CAMELLIA, CBC, 128),
	CIPHER("CAMELLIA_256_CBC", CAMELLIA, CBC, 256),
	CIPHER("CAMELLIA_128_GCM", CAMELLIA, AEAD, 128),
	CIPHER("CAMELLIA_256_GCM", CAMELLIA, AEAD, 256),
	CIPHER("ARIA_128_CBC", ARIA, CBC, 128),
	CIPHER("ARIA_256_CBC", ARIA, CBC, 256),
	CIPHER("ARIA_128_GCM", ARIA, AEAD, 128),
	CIPHER("ARIA_256_GCM", ARIA, AEAD, 256),
	CIPHER("AES_128_CBC", AES, CBC, 128),
	CIPHER("AES_256_CBC", AES, CBC, 256),
	CIPHER("AES_128_GCM", AES, AEAD, 128),
	CIPHER("AES_256_GCM", AES, AEAD, 256),
	CIPHER("AES_128_CCM_8", AES, CCM_8, 128),
	CIPHER("AES_256_CCM_8", AES, CCM_8, 256),
	CIPHER("AES_128_CCM", AES, AEAD, 128),
	CIPHER("AES_256_CCM", AES, AEAD, 256),
	CIPHER("CHACHA20_POLY1305", CHACHA20, AEAD, 256),
	CIPHER("AEGIS_128L", AEGIS, AEAD, 128),
	CIPHER("AEGIS_256", AEGIS, AEAD, 256),
	CIPHER("SM4_GCM", SM4, AEAD, 128),
	CIPHER("SM4_CCM", SM4, AEAD, 128),
};

/* How the name ends; "_NULL" is that of the suite that has nothing at all. */
static const struct {
	const char *name;
	enum tls_mac mac;
} macs[] = {
	{ "_MD5", TLS_MAC_MD5 },       { "_SHA", TLS_MAC_SHA1 },
	{ "_SHA256", TLS_MAC_SHA256 }, { "_SHA384", TLS_MAC_SHA384 },
	{ "_IMIT", TLS_MAC_GOST },     { "_IMIT_OLD", TLS_MAC_GOST },
	{ "_OMAC", TLS_MAC_GOST },     { "_GOSTR3411", TLS_MAC_GOST },
	{ "_NULL", TLS_MAC_NULL },
};

static bool ends_with(struct slice s, const char *end)
{
	struct slice e = slice_str(end);
	return s.len >= e.len && slice_equal(slice_skip(s, s.len - e.len), e);
}

static void exchange_read(struct slice text, struct tls_iana_suite *suite)
{
	for (size_t i = 0; i + 7 <= text.len; i++)
		if (!memcmp(text.data + i, "_EXPORT", 7)) {
			suite->is_export = true;
			text.len = i;
		}
	for (size_t i = 0; i < COUNT_OF(exchanges); i++)
		if (slice_equal(text, slice_str(exchanges[i].name))) {
			suite->kex = exchanges[i].kex;
			suite->authentication = exchanges[i].authentication;
		}
}

static void cipher_read(struct slice text, struct tls_iana_suite *suite)
{
	for (size_t i = 0; i < COUNT_OF(ciphers); i++)
		if (slice_starts_nocase(text, ciphers[i].name)) {
			suite->encryption = ciphers[i].encryption;
			suite->mode = ciphers[i].mode;
			suite->bits = ciphers[i].bits;
			break;
		}
	for (size_t i = 0; i < COUNT_OF(macs); i++)
		if (ends_with(text, macs[i].name))
			suite->mac = macs[i].mac;
	if (suite->mode == TLS_MODE_AEAD || suite->mode == TLS_MODE_CCM_8)
		suite->mac = TLS_MAC_AEAD;
}

/* RFC 8446 and RFC 9367 name no exchange, or one that is a part of the name only. */
static bool is_for_13(struct slice name, bool has_with)
{
	return !has_with || ends_with(name, "_MGM_L") || ends_with(name, "_MGM_S");
}

static void versions_set(struct tls_iana_suite *suite, bool is_13)
{
	bool has_curve = suite->kex == TLS_KEX_ECDH || suite->kex == TLS_KEX_ECDHE;
	bool is_of_12 = suite->mac == TLS_MAC_AEAD || suite->mac == TLS_MAC_SHA256 ||
	                suite->mac == TLS_MAC_SHA384 || ends_with(slice_str(suite->name), "_OMAC");
	suite->min_version = has_curve || suite->kex == TLS_KEX_GOST ? TLS_1_0 : SSL_3;
	suite->max_version = TLS_1_2;
	if (is_of_12)
		suite->min_version = TLS_1_2;
	if (!is_13)
		return;
	suite->min_version = suite->max_version = TLS_1_3;
	suite->kex = TLS_KEX_13;
	suite->authentication = TLS_AUTHENTICATION_13;
}

static void suite_read(const struct tls_iana_name *row, struct tls_iana_suite *suite)
{
	static const char with[] = "_WITH_";
	*suite = (struct tls_iana_suite){ .name = row->name, .number = row->number };
	const char *cut = strstr(row->name, with);
	struct slice name = slice_skip(slice_str(row->name), 4); /* "TLS_" or "SSL_" */
	struct slice cipher = cut ? slice_str(cut + sizeof(with) - 1) : name;
	if (cut)
		exchange_read(slice_head(name, (size_t)(cut - row->name) - 4), suite);
	cipher_read(cipher, suite);
	versions_set(suite, is_for_13(name, cut));
	suite->has_forward_secrecy = suite->kex == TLS_KEX_13 || suite->kex == TLS_KEX_DHE ||
	                             suite->kex == TLS_KEX_ECDHE;
}

static const struct tls_iana_name *row_of(uint16_t number)
{
	for (size_t i = 0; i < TLS_IANA_NAMES_COUNT; i++)
		if (tls_iana_names[i].number == number)
			return &tls_iana_names[i];
	return NULL;
}

bool tls_iana_suite(uint16_t number, struct tls_iana_suite *ret_suite)
{
	const struct tls_iana_name *row = row_of(number);
	if (row)
		suite_read(row, ret_suite);
	return row;
}

const char *tls_iana_suite_name(uint16_t number, char *ret_text, size_t cap)
{
	const struct tls_iana_name *row = row_of(number);
	if (row)
		return row->name;
	snprintf(ret_text, cap, "0x%04X", number);
	return ret_text;
}

bool tls_iana_suite_is_weak(const struct tls_iana_suite *suite)
{
	return suite->is_export || suite->authentication == TLS_AUTHENTICATION_ANONYMOUS ||
	       suite->encryption <= TLS_ENCRYPTION_3DES;
}

/*
 * How soon a suite is asked for. What servers seldom have stands behind, for the hello of the
 * first look has room for 64.
 */
static unsigned rank_of(const struct tls_iana_suite *s)
{
	bool has_fixed_key = s->kex == TLS_KEX_DH || s->kex == TLS_KEX_ECDH;
	bool is_strange = s->kex == TLS_KEX_KRB5 || s->kex == TLS_KEX_GOST ||
	                  s->kex == TLS_KEX_NULL || ends_with(slice_str(s->name), "_OLD");
	bool is_usual = s->encryption == TLS_ENCRYPTION_AES ||
	                s->encryption == TLS_ENCRYPTION_CHACHA20 ||
	                s->encryption <= TLS_ENCRYPTION_3DES;
	unsigned rank =
		16 * (has_fixed_key + 2 * is_strange + !is_usual +
	              (s->authentication == TLS_AUTHENTICATION_DSS) + (s->mode == TLS_MODE_CCM_8));
	rank += 8 * tls_iana_suite_is_weak(s);
	if (s->kex == TLS_KEX_RSA)
		rank += 4;
	return rank + 2 * (s->mac != TLS_MAC_AEAD) + (s->kex == TLS_KEX_DHE);
}

struct ranked {
	unsigned rank;
	uint16_t number;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

size_t tls_iana_suites(uint16_t version, uint16_t *ret_numbers, size_t cap)
{
	struct ranked found[TLS_IANA_NAMES_COUNT];
	size_t count = 0;
	for (size_t i = 0; i < TLS_IANA_NAMES_COUNT; i++) {
		struct tls_iana_suite suite;
		suite_read(&tls_iana_names[i], &suite);
		if (version < suite.min_version || version > suite.max_version)
			continue;
		found[count].rank = rank_of(&suite);
		found[count++].number = suite.number;
	}
	qsort(found, count, sizeof(found[0]), compare_ranked);
	for (size_t i = 0; i < count && i < cap; i++)
		ret_numbers[i] = found[i].number;
	return count;
}
