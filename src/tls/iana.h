/*
 * What has a number in TLS (IANA's registries, and SSL 2): cipher suites with what they are made
 * of, groups, signature schemes. All that a server may name, whether or not a library of today
 * knows it; what an edge may offer stands in tls/suite.h. Suites with a shared secret (PSK, SRP,
 * passwords) are left out: a stranger has none.
 */
#ifndef TLS_IANA_H
#define TLS_IANA_H

#include "base/slice.h"

enum tls_kex {
	TLS_KEX_NULL,
	TLS_KEX_13, /* the suite does not say: ephemeral (RFC 8446) */
	TLS_KEX_RSA,
	TLS_KEX_DH, /* fixed, in the certificate */
	TLS_KEX_DHE,
	TLS_KEX_ECDH, /* fixed */
	TLS_KEX_ECDHE,
	TLS_KEX_KRB5,
	TLS_KEX_GOST,
	TLS_KEX_COUNT
};

enum tls_authentication {
	TLS_AUTHENTICATION_13, /* the suite does not say */
	TLS_AUTHENTICATION_ANONYMOUS,
	TLS_AUTHENTICATION_RSA,
	TLS_AUTHENTICATION_DSS,
	TLS_AUTHENTICATION_ECDSA,
	TLS_AUTHENTICATION_KRB5,
	TLS_AUTHENTICATION_GOST,
	TLS_AUTHENTICATION_COUNT
};

enum tls_encryption {
	TLS_ENCRYPTION_NULL,
	TLS_ENCRYPTION_RC2,
	TLS_ENCRYPTION_RC4,
	TLS_ENCRYPTION_DES,
	TLS_ENCRYPTION_3DES,
	TLS_ENCRYPTION_IDEA,
	TLS_ENCRYPTION_SEED,
	TLS_ENCRYPTION_GOST, /* 28147, Magma, Kuznyechik */
	TLS_ENCRYPTION_CAMELLIA,
	TLS_ENCRYPTION_ARIA,
	TLS_ENCRYPTION_AES,
	TLS_ENCRYPTION_CHACHA20,
	TLS_ENCRYPTION_AEGIS,
	TLS_ENCRYPTION_SM4,
	TLS_ENCRYPTION_COUNT
};

enum tls_mode {
	TLS_MODE_NONE, /* no encryption */
	TLS_MODE_STREAM,
	TLS_MODE_CBC,
	TLS_MODE_CTR,   /* with a MAC of its own, as of GOST */
	TLS_MODE_AEAD,  /* GCM, CCM, Poly1305, MGM */
	TLS_MODE_CCM_8, /* AEAD with a tag of 64 bits */
	TLS_MODE_COUNT
};

enum tls_mac {
	TLS_MAC_NULL,
	TLS_MAC_AEAD, /* the mode's own */
	TLS_MAC_MD5,
	TLS_MAC_SHA1,
	TLS_MAC_SHA256,
	TLS_MAC_SHA384,
	TLS_MAC_GOST,
	TLS_MAC_COUNT
};

struct tls_iana_suite {
	const char *name;
	enum tls_kex kex;
	enum tls_authentication authentication;
	enum tls_encryption encryption;
	enum tls_mode mode;
	enum tls_mac mac;
	unsigned bits; /* strength of the encryption: 40 of an export suite, 112 of 3DES */
	bool is_export;
	bool has_forward_secrecy;          /* anonymous ones too: the keys are forgotten */
	uint16_t min_version, max_version; /* which it may be negotiated in */
	uint16_t number;
};

/* false: nobody gave the number a name, or it is one of those left out. */
bool tls_iana_suite(uint16_t number, struct tls_iana_suite *ret_suite);
/* For the terminal and JSON: IANA's name, or "0xC0FF". At least 8 bytes. */
const char *tls_iana_suite_name(uint16_t number, char *ret_text, size_t cap);

/* NULL, anonymous, export, RC4, RC2, DES or 3DES. */
bool tls_iana_suite_is_weak(const struct tls_iana_suite *suite);

/*
 * Numbers of all suites that may be negotiated in a version, those first that servers have and
 * clients should want.
 *
 * version: 0x0300 to 0x0304
 *
 * Returns how many; no more than cap are written.
 */
enum { TLS_IANA_SUITES_MAX = 352 };
size_t tls_iana_suites(uint16_t version, uint16_t *ret_numbers, size_t cap);

struct tls_iana_kind { /* SSL 2: three bytes */
	uint32_t number;
	const char *name;
	unsigned bits;
};
const struct tls_iana_kind *tls_iana_ssl2_kinds(size_t *ret_count);
const struct tls_iana_kind *tls_iana_ssl2_kind(uint32_t number); /* NULL: unknown */

enum tls_group_kind {
	TLS_GROUP_CURVE,
	TLS_GROUP_FINITE_FIELD,
	TLS_GROUP_HYBRID, /* a curve and ML-KEM or its draft */
	TLS_GROUP_KEM,    /* ML-KEM alone */
	TLS_GROUP_KIND_COUNT
};

struct tls_iana_group {
	uint16_t number;
	enum tls_group_kind kind;
	unsigned bits; /* of the field, as strength is counted for each kind: 255 of X25519, 2048 of
	                  ffdhe2048; of a hybrid its curve's, of a KEM its number */
	bool is_draft; /* post-quantum before its standard: 0x6399, 0x639a */
	uint16_t min_version, max_version;
	const char *name;
};
const struct tls_iana_group *tls_iana_groups(size_t *ret_count);
const struct tls_iana_group *tls_iana_group(uint16_t number); /* NULL: unknown */
const char *tls_iana_group_name(uint16_t number, char *ret_text, size_t cap);

enum tls_hash_kind {
	TLS_HASH_MD5,
	TLS_HASH_SHA1,
	TLS_HASH_SHA224,
	TLS_HASH_SHA256,
	TLS_HASH_SHA384,
	TLS_HASH_SHA512,
	TLS_HASH_OTHER, /* the signature's own (EdDSA, GOST, ML-DSA) */
	TLS_HASH_COUNT
};

struct tls_iana_scheme {
	uint16_t number;
	enum tls_hash_kind hash;
	uint16_t min_version, max_version; /* of the handshake's signatures */
	const char *name;
};
const struct tls_iana_scheme *tls_iana_schemes(size_t *ret_count);
const struct tls_iana_scheme *tls_iana_scheme(uint16_t number); /* NULL: unknown */
const char *tls_iana_scheme_name(uint16_t number, char *ret_text, size_t cap);

#endif
