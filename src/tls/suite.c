#include "tls/suite.h"

#include "base/clean.h"
#include "tls/server.h"

#define SUITE13(number, chacha, name)                                                              \
	{                                                                                          \
		number, TLS_SUITE_13, TLS_AUTH_ANY, TLS_1_3, chacha, name, name                    \
	}
#define SUITE(number, tier, auth, version, iana, openssl)                                          \
	{                                                                                          \
		number, TLS_SUITE_##tier, TLS_AUTH_##auth, version, false, iana, openssl           \
	}
#define CHACHA(number, tier, auth, iana, openssl)                                                  \
	{                                                                                          \
		number, TLS_SUITE_##tier, TLS_AUTH_##auth, TLS_1_2, true, iana, openssl            \
	}

const struct tls_suite tls_suites[TLS_SUITE_COUNT] = {
	SUITE13(0x1301, false, "TLS_AES_128_GCM_SHA256"),
	SUITE13(0x1302, false, "TLS_AES_256_GCM_SHA384"),
	SUITE13(0x1303, true, "TLS_CHACHA20_POLY1305_SHA256"),
	SUITE(0xc02b, AEAD, ECDSA, TLS_1_2, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
	      "ECDHE-ECDSA-AES128-GCM-SHA256"),
	SUITE(0xc02f, AEAD, RSA, TLS_1_2, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	      "ECDHE-RSA-AES128-GCM-SHA256"),
	SUITE(0xc02c, AEAD, ECDSA, TLS_1_2, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	      "ECDHE-ECDSA-AES256-GCM-SHA384"),
	SUITE(0xc030, AEAD, RSA, TLS_1_2, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	      "ECDHE-RSA-AES256-GCM-SHA384"),
	CHACHA(0xcca9, AEAD, ECDSA, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
	       "ECDHE-ECDSA-CHACHA20-POLY1305"),
	CHACHA(0xcca8, AEAD, RSA, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	       "ECDHE-RSA-CHACHA20-POLY1305"),
	SUITE(0xc023, CBC, ECDSA, TLS_1_2, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
	      "ECDHE-ECDSA-AES128-SHA256"),
	SUITE(0xc027, CBC, RSA, TLS_1_2, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
	      "ECDHE-RSA-AES128-SHA256"),
	SUITE(0xc024, CBC, ECDSA, TLS_1_2, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
	      "ECDHE-ECDSA-AES256-SHA384"),
	SUITE(0xc028, CBC, RSA, TLS_1_2, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
	      "ECDHE-RSA-AES256-SHA384"),
	SUITE(0xc009, CBC, ECDSA, TLS_1_0, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
	      "ECDHE-ECDSA-AES128-SHA"),
	SUITE(0xc013, CBC, RSA, TLS_1_0, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
	      "ECDHE-RSA-AES128-SHA"),
	SUITE(0xc00a, CBC, ECDSA, TLS_1_0, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
	      "ECDHE-ECDSA-AES256-SHA"),
	SUITE(0xc014, CBC, RSA, TLS_1_0, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
	      "ECDHE-RSA-AES256-SHA"),
	SUITE(0x009e, DHE, RSA, TLS_1_2, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
	      "DHE-RSA-AES128-GCM-SHA256"),
	SUITE(0x009f, DHE, RSA, TLS_1_2, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
	      "DHE-RSA-AES256-GCM-SHA384"),
	CHACHA(0xccaa, DHE, RSA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	       "DHE-RSA-CHACHA20-POLY1305"),
	SUITE(0x0067, DHE, RSA, TLS_1_2, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
	      "DHE-RSA-AES128-SHA256"),
	SUITE(0x006b, DHE, RSA, TLS_1_2, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
	      "DHE-RSA-AES256-SHA256"),
	SUITE(0x0033, DHE, RSA, TLS_1_0, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DHE-RSA-AES128-SHA"),
	SUITE(0x0039, DHE, RSA, TLS_1_0, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "DHE-RSA-AES256-SHA"),
};

const struct tls_suite *tls_suite_find(struct slice name)
{
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++)
		if (slice_equal_nocase(name, slice_str(tls_suites[i].name)) ||
		    slice_equal_nocase(name, slice_str(tls_suites[i].openssl)))
			return &tls_suites[i];
	return NULL;
}

/* From and to; test_replay.c compares them with the library's. */
static const uint16_t known[][2] = {
	{ 0x0001, 0x0002 }, { 0x0007, 0x0007 }, { 0x002c, 0x002f }, { 0x0032, 0x0035 },
	{ 0x0038, 0x003d }, { 0x0040, 0x0041 }, { 0x0044, 0x0046 }, { 0x0067, 0x0067 },
	{ 0x006a, 0x006d }, { 0x0081, 0x0081 }, { 0x0083, 0x0084 }, { 0x0087, 0x0089 },
	{ 0x008c, 0x008d }, { 0x0090, 0x0091 }, { 0x0094, 0x0096 }, { 0x0099, 0x009f },
	{ 0x00a2, 0x00a3 }, { 0x00a6, 0x00ba }, { 0x00bd, 0x00c0 }, { 0x00c3, 0x00c5 },
	{ 0x1301, 0x1305 }, { 0xc006, 0xc006 }, { 0xc009, 0xc00a }, { 0xc010, 0xc010 },
	{ 0xc013, 0xc015 }, { 0xc018, 0xc019 }, { 0xc01d, 0xc024 }, { 0xc027, 0xc028 },
	{ 0xc02b, 0xc02c }, { 0xc02f, 0xc030 }, { 0xc035, 0xc03b }, { 0xc050, 0xc053 },
	{ 0xc056, 0xc057 }, { 0xc05c, 0xc05d }, { 0xc060, 0xc061 }, { 0xc06a, 0xc06f },
	{ 0xc072, 0xc073 }, { 0xc076, 0xc077 }, { 0xc094, 0xc0af }, { 0xc100, 0xc102 },
	{ 0xcca8, 0xccae }, { 0xff85, 0xff85 }, { 0xff87, 0xff87 },
};

bool tls_suite_is_known(uint16_t number)
{
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (number >= known[i][0] && number <= known[i][1])
			return true;
	return false;
}

/* Finite-field groups of TLS 1.3 (RFC 7919) are never among an edge's, see tls/context.c. */
static const struct tls_group groups[] = {
	{ 0x11ec, TLS_1_3, TLS_1_3, true, "X25519MLKEM768", { "", "" } },
	{ 0x11eb, TLS_1_3, TLS_1_3, true, "SecP256r1MLKEM768", { "", "" } },
	{ 0x11ed, TLS_1_3, TLS_1_3, true, "SecP384r1MLKEM1024", { "", "" } },
	{ 0x0200, TLS_1_3, TLS_1_3, true, "MLKEM512", { "", "" } },
	{ 0x0201, TLS_1_3, TLS_1_3, true, "MLKEM768", { "", "" } },
	{ 0x0202, TLS_1_3, TLS_1_3, true, "MLKEM1024", { "", "" } },
	{ 29, TLS_1_0, TLS_1_3, false, "X25519", { "", "" } },
	{ 30, TLS_1_0, TLS_1_3, false, "X448", { "", "" } },
	{ TLS_GROUP_P256, TLS_1_0, TLS_1_3, false, "P-256", { "prime256v1", "secp256r1" } },
	{ TLS_GROUP_P384, TLS_1_0, TLS_1_3, false, "P-384", { "secp384r1", "" } },
	{ TLS_GROUP_P521, TLS_1_0, TLS_1_3, false, "P-521", { "secp521r1", "" } },
	{ 21, TLS_1_0, TLS_1_2, false, "P-224", { "secp224r1", "" } },
	{ 22, TLS_1_0, TLS_1_2, false, "secp256k1", { "", "" } },
	{ 26, TLS_1_0, TLS_1_2, false, "brainpoolP256r1", { "", "" } },
	{ 27, TLS_1_0, TLS_1_2, false, "brainpoolP384r1", { "", "" } },
	{ 28, TLS_1_0, TLS_1_2, false, "brainpoolP512r1", { "", "" } },
	{ 31, TLS_1_3, TLS_1_3, false, "brainpoolP256r1tls13", { "", "" } },
	{ 32, TLS_1_3, TLS_1_3, false, "brainpoolP384r1tls13", { "", "" } },
	{ 33, TLS_1_3, TLS_1_3, false, "brainpoolP512r1tls13", { "", "" } },
	{ TLS_GROUP_FFDHE2048, TLS_1_0, TLS_1_2, false, "ffdhe2048", { "", "" } },
};

static bool is_name_of(const struct tls_group *g, struct slice name)
{
	return slice_equal_nocase(name, slice_str(g->name)) ||
	       slice_equal_nocase(name, slice_str(g->aliases[0])) ||
	       slice_equal_nocase(name, slice_str(g->aliases[1]));
}

const struct tls_group *tls_group_find(struct slice name)
{
	for (size_t i = 0; name.len && i < COUNT_OF(groups); i++)
		if (is_name_of(&groups[i], name))
			return &groups[i];
	return NULL;
}

const struct tls_group *tls_group_of(uint16_t number)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (groups[i].number == number)
			return &groups[i];
	return NULL;
}
