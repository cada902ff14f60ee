/*
 * What a server of ours would agree on with a client whose ClientHello is known: the choice that
 * OpenSSL makes when it is set up as tls/server.c does, by tables. Pure; no handshake takes place.
 *
 * It does not know: which key shares a client sends in TLS 1.3 (unless it is told), ALPN,
 * signature_algorithms_cert and point formats, and whether the client accepts the certificate.
 */
#ifndef TLS_REPLAY_H
#define TLS_REPLAY_H

#include "tls/server.h"
#include "tls/suite.h"

enum { TLS_REPLAY_GROUPS_MAX = 32 };

/* Lists as the client sent them, GREASE left out; borrowed. */
struct tls_replay_offer {
	uint16_t legacy_version;
	const uint16_t *versions, *suites, *groups, *sigalgs;
	size_t version_count, suite_count, group_count, sigalg_count;
	const uint16_t *shares; /* groups of the key shares; NULL: not known */
	size_t share_count;
};

struct tls_hello; /* tls/hello.h */
struct tls_replay_offer tls_replay_offer_of(const struct tls_hello *hello);

/* What a server offers. */
struct tls_replay_server {
	uint16_t min_version, max_version;
	const struct tls_suite *suites[TLS_SUITE_COUNT]; /* the best first */
	size_t suite_count;
	uint16_t groups[TLS_REPLAY_GROUPS_MAX]; /* the best first */
	size_t group_count;
	bool has_sha1;         /* signs with SHA-1 in TLS 1.2 */
	bool has_rsa;          /* it has a certificate with an RSA key */
	uint16_t curve;        /* of its EC certificate, TLS_GROUP_P256 to P521; 0: none */
	bool picks_best_share; /* of a client's key shares: the best; else the client's first */
};

struct tls_replay_plan {
	const struct tls_policy *policy; /* groups: those that this library has (tls/context.h) */
	const struct tls_suite *const
		*suites; /* instead of the policy's, the best first; or NULL */
	size_t suite_count;
	bool has_rsa;
	uint16_t curve;
	bool picks_best_share;
};

/*
 * Groups of an unknown name are left out. A version for which no suite is left is not offered.
 */
void tls_replay_server_init(struct tls_replay_server *ret_server,
                            const struct tls_replay_plan *plan);

/*
 * The same as this host's OpenSSL would have it: groups that it lacks are left out, and
 * picks_best_share is what it does. 0 or -ENOMEM.
 */
[[nodiscard]] int tls_replay_server_here(struct tls_replay_server *ret_server,
                                         struct tls_replay_plan plan);

/*
 * The kind of key of a chain (PEM) is added to a plan. 0, enum tls_chain_result (tls/chain.h), or
 * -ENOMEM.
 */
[[nodiscard]] int tls_replay_plan_chain(struct tls_replay_plan *plan, struct slice chain_pem);

/* The first that is missing, of what is chosen in this order. */
enum tls_replay_result {
	TLS_REPLAY_NO_VERSION = 1,
	TLS_REPLAY_FALLBACK, /* it says that it would have more than this (RFC 7507) */
	TLS_REPLAY_NO_SUITE,
	TLS_REPLAY_NO_GROUP,
	TLS_REPLAY_NO_SIGNATURE,
	TLS_REPLAY_RESULT_END
};
const char *tls_replay_result_words(int result); /* 0 too */

struct tls_replay {
	uint16_t version;
	const struct tls_suite *suite;
	uint16_t group;
	uint16_t scheme; /* of the signature; TLS_SCHEME_RSA_MD5_SHA1 too (tls/signer.h) */
	/* False: TLS 1.3, several groups in common, and the key shares are not known. */
	bool is_group_certain;
	bool is_retried; /* by a HelloRetryRequest, as far as is known */
};

/* 0 or enum tls_replay_result. ret_replay is written on 0 only. */
[[nodiscard]] int tls_replay(const struct tls_replay_server *server,
                             const struct tls_replay_offer *offer, struct tls_replay *ret_replay);

#endif
