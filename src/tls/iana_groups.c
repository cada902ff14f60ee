/* Groups, signature schemes, and what SSL 2 had in place of suites. */
#include "base/clean.h"
#include "tls/iana.h"
#include "tls/server.h"

#include <stdio.h>

#define CURVE(number, bits, name)                                                                  \
	{                                                                                          \
		number, TLS_GROUP_CURVE, bits, false, TLS_1_0, TLS_1_2, name                       \
	}
#define BOTH(number, bits, name)                                                                   \
	{                                                                                          \
		number, TLS_GROUP_CURVE, bits, false, TLS_1_0, TLS_1_3, name                       \
	}
#define NEW(number, kind, bits, is_draft, name)                                                    \
	{                                                                                          \
		number, TLS_GROUP_##kind, bits, is_draft, TLS_1_3, TLS_1_3, name                   \
	}
#define FIELD(number, bits, name)                                                                  \
	{                                                                                          \
		number, TLS_GROUP_FINITE_FIELD, bits, false, TLS_1_0, TLS_1_3, name                \
	}

static const struct tls_iana_group groups[] = {
	NEW(0x11ec, HYBRID, 255, false, "X25519MLKEM768"),
	NEW(0x11eb, HYBRID, 256, false, "SecP256r1MLKEM768"),
	NEW(0x11ed, HYBRID, 384, false, "SecP384r1MLKEM1024"),
	NEW(0x11ee, HYBRID, 256, false, "curveSM2MLKEM768"),
	NEW(0x6399, HYBRID, 255, true, "X25519Kyber768Draft00"),
	NEW(0x639a, HYBRID, 256, true, "SecP256r1Kyber768Draft00"),
	NEW(0x0200, KEM, 512, false, "MLKEM512"),
	NEW(0x0201, KEM, 768, false, "MLKEM768"),
	NEW(0x0202, KEM, 1024, false, "MLKEM1024"),
	BOTH(29, 255, "x25519"),
	BOTH(23, 256, "secp256r1"),
	BOTH(24, 384, "secp384r1"),
	BOTH(25, 521, "secp521r1"),
	BOTH(30, 448, "x448"),
	NEW(31, CURVE, 256, false, "brainpoolP256r1tls13"),
	NEW(32, CURVE, 384, false, "brainpoolP384r1tls13"),
	NEW(33, CURVE, 512, false, "brainpoolP512r1tls13"),
	FIELD(256, 2048, "ffdhe2048"),
	FIELD(257, 3072, "ffdhe3072"),
	FIELD(258, 4096, "ffdhe4096"),
	FIELD(259, 6144, "ffdhe6144"),
	FIELD(260, 8192, "ffdhe8192"),
	CURVE(26, 256, "brainpoolP256r1"),
	CURVE(27, 384, "brainpoolP384r1"),
	CURVE(28, 512, "brainpoolP512r1"),
	CURVE(22, 256, "secp256k1"),
	CURVE(21, 224, "secp224r1"),
	CURVE(20, 224, "secp224k1"),
	CURVE(19, 192, "secp192r1"),
	CURVE(18, 192, "secp192k1"),
	CURVE(17, 160, "secp160r2"),
	CURVE(16, 160, "secp160r1"),
	CURVE(15, 160, "secp160k1"),
	CURVE(14, 571, "sect571r1"),
	CURVE(13, 571, "sect571k1"),
	CURVE(12, 409, "sect409r1"),
	CURVE(11, 409, "sect409k1"),
	CURVE(10, 283, "sect283r1"),
	CURVE(9, 283, "sect283k1"),
	CURVE(8, 239, "sect239k1"),
	CURVE(7, 233, "sect233r1"),
	CURVE(6, 233, "sect233k1"),
	CURVE(5, 193, "sect193r2"),
	CURVE(4, 193, "sect193r1"),
	CURVE(3, 163, "sect163r2"),
	CURVE(2, 163, "sect163r1"),
	CURVE(1, 163, "sect163k1"),
	/* RFC 9189, RFC 9367, RFC 8998 */
	BOTH(34, 256, "GC256A"),
	BOTH(35, 256, "GC256B"),
	BOTH(36, 256, "GC256C"),
	BOTH(37, 256, "GC256D"),
	BOTH(38, 512, "GC512A"),
	BOTH(39, 512, "GC512B"),
	BOTH(40, 512, "GC512C"),
	NEW(41, CURVE, 256, false, "curveSM2"),
};

const struct tls_iana_group *tls_iana_groups(size_t *ret_count)
{
	*ret_count = COUNT_OF(groups);
	return groups;
}

const struct tls_iana_group *tls_iana_group(uint16_t number)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (groups[i].number == number)
			return &groups[i];
	return NULL;
}

static const char *number_write(uint16_t number, char *ret_text, size_t cap)
{
	snprintf(ret_text, cap, "0x%04X", number);
	return ret_text;
}

const char *tls_iana_group_name(uint16_t number, char *ret_text, size_t cap)
{
	const struct tls_iana_group *group = tls_iana_group(number);
	return group ? group->name : number_write(number, ret_text, cap);
}

#define OLD(number, hash, name)                                                                    \
	{                                                                                          \
		number, TLS_HASH_##hash, TLS_1_2, TLS_1_2, name                                    \
	}
#define ANY(number, hash, name)                                                                    \
	{                                                                                          \
		number, TLS_HASH_##hash, TLS_1_2, TLS_1_3, name                                    \
	}
#define ONLY_13(number, hash, name)                                                                \
	{                                                                                          \
		number, TLS_HASH_##hash, TLS_1_3, TLS_1_3, name                                    \
	}

/*
 * PKCS #1 signs no handshake of TLS 1.3 (RFC 8446 4.2.3). The names of pairs that TLS 1.3 dropped
 * are made like those it kept.
 */
static const struct tls_iana_scheme schemes[] = {
	ANY(0x0403, SHA256, "ecdsa_secp256r1_sha256"),
	ANY(0x0804, SHA256, "rsa_pss_rsae_sha256"),
	OLD(0x0401, SHA256, "rsa_pkcs1_sha256"),
	ANY(0x0503, SHA384, "ecdsa_secp384r1_sha384"),
	ANY(0x0805, SHA384, "rsa_pss_rsae_sha384"),
	OLD(0x0501, SHA384, "rsa_pkcs1_sha384"),
	ANY(0x0603, SHA512, "ecdsa_secp521r1_sha512"),
	ANY(0x0806, SHA512, "rsa_pss_rsae_sha512"),
	OLD(0x0601, SHA512, "rsa_pkcs1_sha512"),
	ANY(0x0807, OTHER, "ed25519"),
	ANY(0x0808, OTHER, "ed448"),
	ANY(0x0809, SHA256, "rsa_pss_pss_sha256"),
	ANY(0x080a, SHA384, "rsa_pss_pss_sha384"),
	ANY(0x080b, SHA512, "rsa_pss_pss_sha512"),
	ONLY_13(0x0904, OTHER, "mldsa44"),
	ONLY_13(0x0905, OTHER, "mldsa65"),
	ONLY_13(0x0906, OTHER, "mldsa87"),
	ONLY_13(0x081a, SHA256, "ecdsa_brainpoolP256r1tls13_sha256"),
	ONLY_13(0x081b, SHA384, "ecdsa_brainpoolP384r1tls13_sha384"),
	ONLY_13(0x081c, SHA512, "ecdsa_brainpoolP512r1tls13_sha512"),
	OLD(0x0402, SHA256, "dsa_sha256"),
	OLD(0x0502, SHA384, "dsa_sha384"),
	OLD(0x0602, SHA512, "dsa_sha512"),
	OLD(0x0303, SHA224, "ecdsa_sha224"),
	OLD(0x0301, SHA224, "rsa_pkcs1_sha224"),
	OLD(0x0302, SHA224, "dsa_sha224"),
	ANY(0x0203, SHA1, "ecdsa_sha1"),
	OLD(0x0201, SHA1, "rsa_pkcs1_sha1"),
	OLD(0x0202, SHA1, "dsa_sha1"),
	OLD(0x0103, MD5, "ecdsa_md5"),
	OLD(0x0101, MD5, "rsa_pkcs1_md5"),
	OLD(0x0102, MD5, "dsa_md5"),
};

const struct tls_iana_scheme *tls_iana_schemes(size_t *ret_count)
{
	*ret_count = COUNT_OF(schemes);
	return schemes;
}

const struct tls_iana_scheme *tls_iana_scheme(uint16_t number)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (schemes[i].number == number)
			return &schemes[i];
	return NULL;
}

const char *tls_iana_scheme_name(uint16_t number, char *ret_text, size_t cap)
{
	const struct tls_iana_scheme *scheme = tls_iana_scheme(number);
	return scheme ? scheme->name : number_write(number, ret_text, cap);
}

/* The draft's seven, and what SSLeay had beside them. */
static const struct tls_iana_kind kinds[] = {
	{ 0x010080, "SSL_CK_RC4_128_WITH_MD5", 128 },
	{ 0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5", 40 },
	{ 0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5", 128 },
	{ 0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", 40 },
	{ 0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5", 128 },
	{ 0x060040, "SSL_CK_DES_64_CBC_WITH_MD5", 56 },
	{ 0x060140, "SSL_CK_DES_64_CBC_WITH_SHA", 56 },
	{ 0x0700c0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5", 112 },
	{ 0x0701c0, "SSL_CK_DES_192_EDE3_CBC_WITH_SHA", 112 },
	{ 0x080080, "SSL_CK_RC4_64_WITH_MD5", 64 },
	{ 0x000000, "SSL_CK_NULL_WITH_MD5", 0 },
	{ 0xff8000, "SSL_CK_DES_64_CFB64_WITH_MD5_1", 56 },
	{ 0xff8010, "SSL_CK_NULL", 0 },
};

const struct tls_iana_kind *tls_iana_ssl2_kinds(size_t *ret_count)
{
	*ret_count = COUNT_OF(kinds);
	return kinds;
}

const struct tls_iana_kind *tls_iana_ssl2_kind(uint32_t number)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].number == number)
			return &kinds[i];
	return NULL;
}
