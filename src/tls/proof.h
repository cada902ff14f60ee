/*
 * TLS towards a server that we do not know: the handshake always goes on, and what the certificate
 * proves is said afterwards, once for each way of proof, so that the caller can decide and report.
 * One matcher for DANE (RFC 7671, RFC 7672 3), the public CAs (RFC 8461 4.1, RFC 9525), private
 * CAs and pins.
 */
#ifndef TLS_PROOF_H
#define TLS_PROOF_H

#include "tls/inside.h"
#include "tls/server.h"
#include "tls/session.h"

/* TLS parameters and public CAs for all hops; shared, costly to make. */
struct tls_hops;

struct tls_hops_settings {
	struct slice ca_pem; /* bundle of the public CAs; empty: nothing is ever trusted by them */
	bool trusts_all;     /* every certificate in it as it is, also one that is no root */
	enum tls_version min_version;
	struct tls_inside *inside; /* ca_pem has our own roots; the rules for our own hosts */
	/* What we show where the server asks for it; NULL: nothing. Sessions then have their stream
	 * as owner. */
	const struct tls_certificate_spec *certificate;
	struct tls_signer *signer;
	bool small_hello; /* without the post-quantum share: for peers that choke on a large
	                     ClientHello */
	bool is_compact;  /* sessions leave OpenSSL after the handshake (tls/session.h) */
};
/* Everything given is copied. 0, TLS_PROOF_BAD_CA, TLS_PROOF_BAD_CHAIN (our own), or -ENOMEM. */
enum { TLS_PROOF_BAD_CA = 1, TLS_PROOF_BAD_CHAIN };
[[nodiscard]] int tls_hops_new(struct tls_hops **ret_hops, const struct tls_hops_settings *set,
                               char *ret_error, size_t error_cap);
struct tls_hops *tls_hops_ref(struct tls_hops *hops);
void tls_hops_unref(struct tls_hops *hops);

/*
 * A TLSA record that counts (usage 2 or 3), RFC 6698 2.1. One of usage 2 is looked for above the
 * server's own certificate; a self-signed one is for usage 3.
 */
struct tls_record {
	uint8_t usage, selector, matching;
	struct slice data;
};

enum { TLS_PROOF_NAMES_MAX = 4 };

/* What this server's certificate is held against. */
struct tls_expectation {
	const char *sni;  /* NULL: none */
	const char *host; /* to be in a certificate of the public CAs; NULL: not asked */
	const struct tls_record *records;
	size_t record_count;
	/* RFC 7672 3.2.2: one of these in a certificate that usage 2 vouches for. */
	const char *names[TLS_PROOF_NAMES_MAX];
	size_t name_count;
};

/* Result types of RFC 8460 4.3 have these words in tls_proof_report(). */
enum tls_proof_result {
	TLS_PROOF_HOLDS,
	TLS_PROOF_NOT_ASKED,
	TLS_PROOF_NOT_TRUSTED, /* no way to a CA that is trusted; of DANE: no record matches */
	TLS_PROOF_WRONG_NAME,
	TLS_PROOF_EXPIRED, /* or not valid yet */
	TLS_PROOF_INVALID, /* anything else */
	TLS_PROOF_RESULT_COUNT,
};
/* "certificate-not-trusted", ...; NULL for HOLDS and NOT_ASKED. */
const char *tls_proof_report(enum tls_proof_result result);

struct tls_proof {
	enum tls_proof_result dane;
	enum tls_proof_result pkix;
	const char *dane_why; /* words of the library; "" if not asked; never NULL */
	const char *pkix_why;
	int dane_usage;   /* of the record that matched; -1 */
	uint8_t spki[32]; /* SHA-256 of the server's public key */
	bool is_self_signed;
};

/*
 * Copies what is expected. The session is used as any client session (tls/session.h); owner as
 * there. 0 or -ENOMEM.
 */
[[nodiscard]] int tls_session_connect_hop(struct tls_session **ret_s, struct tls_hops *hops,
                                          const struct tls_expectation *expected, void *owner);
/* After the handshake of such a session; lives with it. NULL before, and of any other session. */
const struct tls_proof *tls_session_proof(const struct tls_session *s);

#endif
