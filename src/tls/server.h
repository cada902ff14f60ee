/*
 * TLS as an edge offers it: policy, certificates chosen by SNI, tickets. Holds no private key: a
 * certificate has the number by which keys knows its key (tls/signer.c is OpenSSL's stand-in).
 */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include "tls/session.h"

struct acme_challenges;
struct tls_catalog;
struct tls_inside;

enum { TLS_VISITOR_CAP = 16 };
enum tls_version { TLS_1_0 = 0x0301, TLS_1_1 = 0x0302, TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

enum tls_profile {
	TLS_PROFILE_USER,          /* TLS 1.3 and ECDHE-AEAD */
	TLS_PROFILE_OPPORTUNISTIC, /* port 25: then ECDHE-CBC, last DHE >= 2048 (counted legacy) */
};

struct tls_policy {
	enum tls_profile profile;
	enum tls_version min_version; /* < 1.2 brings suites, SHA-1 and security level 0 */
	const char *groups;           /* "X25519MLKEM768:X25519:P-256:P-384"; unknown are skipped */
	bool require_forward_secrecy; /* no DHE either, see tls/policy.c */
	bool has_tickets;
};

/* One certificate chain; several (RSA and ECDSA) may have the same names. */
struct tls_certificate_spec {
	const char *name; /* of the configuration, for messages */
	struct slice chain_pem;
	uint32_t key_id; /* what keys calls it */
};

enum tls_server_result {
	TLS_SERVER_BAD_CHAIN = 1, /* a chain does not parse; ret_error says which and why */
	TLS_SERVER_BAD_POLICY,    /* no group or suite is left */
	TLS_SERVER_BAD_CA,        /* client_ca_pem has none, or one that does not parse */
};

struct tls_server_settings {
	struct tls_policy policy;
	const struct tls_certificate_spec *certificates; /* the first is the default */
	size_t certificate_count;
	struct tls_catalog *catalog; /* more, for names that none of those has; or NULL */
	const char
		*ticket_scope; /* tickets of another scope are not resumed (edge of other trust) */
	/* Clients have to prove themselves by a certificate of these CAs (PEM; empty: they have
	 * not) and of one of these names (none: any). Sessions are not resumed then: set no
	 * tickets. */
	struct slice client_ca_pem;
	char *const *client_names;
	size_t client_name_count;
	bool clients_may_have_none; /* of certificates; one that is shown must be good all the same
	                             */
	struct tls_inside *inside;  /* they are hosts of our own (tls/inside.h), or NULL */
	/* Protocol ids accepted besides none, "," between, the preferred first ("h2,http/1.1"); or
	 * NULL. */
	const char *alpn;
	/* Names of which alpn does not hold: http/1.1 is all they are offered. is_plain_http may be
	 * NULL. */
	bool (*is_plain_http)(const void *owner, const char *sni);
	const void *plain_http_owner; /* outlives the server */
	/* An id that nobody else knows, agreed on whatever alpn says: who offers it is one of us
	 * that looks what is served. "" or NULL: there is none. */
	const char *visitor; /* less than TLS_VISITOR_CAP bytes */
	bool says_word;      /* where the client hears it (tls/word.h) */
	/* What CAs may ask for by tls-alpn-01 where clients need no certificate, or NULL. Borrowed:
	 * it may change, and outlives the server. */
	const struct acme_challenges *challenges;
	bool is_compact; /* sessions leave OpenSSL after the handshake (tls/session.h) */
	struct tls_signer *signer;
};

/* Everything given is copied. 0, enum tls_server_result, or -ENOMEM. */
[[nodiscard]] int tls_server_new(struct tls_server **ret_s, const struct tls_server_settings *set,
                                 char *ret_error, size_t error_cap);

/* References are counted: sessions keep their server alive over a reload. */
struct tls_server *tls_server_ref(struct tls_server *s);
void tls_server_unref(struct tls_server *s);

/*
 * 80 bytes each: name 16, AES key 32, HMAC key 32; copied. previous still decrypts, or is NULL.
 * Until this is called a server has a random key of its own.
 */
enum { TLS_TICKET_KEY_LEN = 80 };
void tls_server_set_ticket_keys(struct tls_server *s, const uint8_t *current,
                                const uint8_t *previous);

/* The protocol id of a CA that asks; in the facts of a session that was for nothing else. */
extern const char tls_challenge_alpn[];

/* Is it a name in one of its certificates? */
bool tls_server_has_name(const struct tls_server *s, const char *name);

/* Groups of the policy that this library lacks, "," between; for "said once". */
const char *tls_server_skipped_groups(const struct tls_server *s);

/* The public key of a chain's leaf equals that of a private key in PEM? Used by keys and parent. */
[[nodiscard]] int tls_chain_public_digest(struct slice chain_pem, uint8_t ret_sha256[32]);

#endif
