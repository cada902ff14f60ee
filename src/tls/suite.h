/*
 * The cipher suites that an edge may offer, and the groups a key exchange may use: numbers (IANA),
 * names, and what OpenSSL's choice depends on. Tables only; nothing of OpenSSL but its names.
 */
#ifndef TLS_SUITE_H
#define TLS_SUITE_H

#include "base/slice.h"

/* Best first; tls/policy.c says which policy has which. */
enum tls_suite_tier {
	TLS_SUITE_13, /* TLS 1.3 */
	TLS_SUITE_AEAD,
	TLS_SUITE_CBC,
	TLS_SUITE_DHE, /* finite fields: AEAD and CBC */
};

enum tls_suite_auth { TLS_AUTH_ANY, TLS_AUTH_ECDSA, TLS_AUTH_RSA };

struct tls_suite {
	uint16_t number;
	enum tls_suite_tier tier;
	enum tls_suite_auth auth;
	uint16_t
		min_version; /* and no other than TLS 1.3 for tier 13, up to TLS 1.2 for the rest */
	bool is_chacha;
	const char *name;    /* IANA's */
	const char *openssl; /* OpenSSL's */
};

enum { TLS_SUITE_COUNT = 24 };

/* In the order in which an edge prefers them. */
extern const struct tls_suite tls_suites[TLS_SUITE_COUNT];

/* By IANA's or OpenSSL's name, without regard to case. NULL: none that an edge may offer. */
const struct tls_suite *tls_suite_find(struct slice name);

/* OpenSSL knows the suite, whether or not it is offered. Signals (SCSV) are no suites. */
bool tls_suite_is_known(uint16_t number);

struct tls_group {
	uint16_t number;
	uint16_t min_version, max_version;
	bool is_post_quantum;
	const char *name;       /* as people write it, and as records have it */
	const char *aliases[2]; /* "" : none */
};

enum { TLS_GROUP_P256 = 23, TLS_GROUP_P384 = 24, TLS_GROUP_P521 = 25, TLS_GROUP_FFDHE2048 = 256 };

/* NULL: unknown. */
const struct tls_group *tls_group_find(struct slice name);
const struct tls_group *tls_group_of(uint16_t number);

#endif
