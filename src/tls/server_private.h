/* Inside tls/ only: an edge's TLS, and the certificates among which SNI chooses. */
#ifndef TLS_SERVER_PRIVATE_H
#define TLS_SERVER_PRIVATE_H

#include "tls/catalog.h"
#include "tls/chain.h"
#include "tls/context.h"
#include "tls/policy.h"
#include "tls/server.h"

#include <openssl/ssl.h>

struct tls_library;

/* Certificates with the same names, at most one of each kind of key. */
struct tls_identity {
	struct tls_chain chains[TLS_KEY_KIND_COUNT]; /* der is empty where there is none */
	uint32_t key_ids[TLS_KEY_KIND_COUNT];
	const char *names; /* of one of its chains */
	size_t order;      /* where the configuration had it */
	SSL_CTX *context;  /* made at first use; may be dropped, sessions keep theirs */
	uint64_t used;     /* greater is later */
};

struct tls_identity_name {
	const char *text; /* not terminated */
	size_t len;
	struct tls_identity *identity;
};

struct tls_identities {
	struct tls_identity *list; /* [0] has the first of the configuration, the default */
	size_t count;
	struct tls_identity_name *names; /* sorted */
	size_t name_count;
	size_t context_count;
	uint64_t uses;
};

/* 0, TLS_SERVER_BAD_CHAIN or -ENOMEM. */
[[nodiscard]] int tls_identities_init(struct tls_identities *ret_ids,
                                      const struct tls_certificate_spec *specs, size_t count,
                                      char *ret_error, size_t error_cap);
void tls_identities_deinit(struct tls_identities *ids);

/* By exact name, then by wildcard in place of the left-most label. NULL: nobody has that name. */
struct tls_identity *tls_identities_find(const struct tls_identities *ids, const char *sni);

/* Notes that one is in use, and drops the context of the longest unused if there are too many. */
void tls_identities_touch(struct tls_identities *ids, struct tls_identity *id);

/* What a server has made of a catalog. */
struct tls_named_context {
	uint32_t number; /* of the name in the catalog */
	SSL_CTX *context;
	uint64_t used; /* greater is later */
};

struct tls_named {
	struct tls_catalog *catalog; /* a reference, or NULL */
	struct tls_named_context *list;
	size_t count, cap;
	uint64_t uses;
};

void tls_named_deinit(struct tls_named *named);
/* The context of what was found in the catalog of s. NULL: no memory, or OpenSSL refuses it. */
SSL_CTX *tls_named_context(struct tls_server *s, const struct tls_catalog_found *found);

enum { TLS_TICKET_NAME_LEN = 16, TLS_TICKET_AES_LEN = 32, TLS_TICKET_HMAC_LEN = 32 };

struct tls_ticket_key {
	uint8_t name[TLS_TICKET_NAME_LEN];
	uint8_t aes[TLS_TICKET_AES_LEN];
	uint8_t hmac[TLS_TICKET_HMAC_LEN];
};
_Static_assert(sizeof(struct tls_ticket_key) == TLS_TICKET_KEY_LEN);

struct tls_server {
	size_t references;
	struct tls_library *library;
	struct tls_signer *signer;
	struct tls_policy policy; /* groups: not valid, see below */
	struct tls_identities identities;
	struct tls_named named;               /* asked for what is not among the identities */
	struct tls_ticket_key ticket_keys[2]; /* current, previous */
	bool has_previous_key;
	uint8_t scope[32]; /* hash: tickets of another one are not ours */
	char suites[TLS_POLICY_SUITES_CAP];
	char groups[TLS_POLICY_GROUPS_CAP];
	char skipped_groups[TLS_POLICY_GROUPS_CAP];
	char *alpn; /* "," between, or NULL */
	bool (*is_plain_http)(const void *owner, const char *sni);
	const void *plain_http_owner;
	char visitor[TLS_VISITOR_CAP]; /* "": there is none */
	STACK_OF(X509) * client_cas;   /* NULL: clients need no certificate */
	char **client_names;
	size_t client_name_count;
	bool clients_may_have_none;
	bool says_word;
	const struct acme_challenges *challenges; /* or NULL */
	bool is_compact;
	struct tls_inside *inside; /* a reference, or NULL */
};

/* The context of an identity, made now if need be. NULL: no memory, or OpenSSL refuses its key. */
SSL_CTX *tls_server_context(struct tls_server *s, struct tls_identity *id);

/* A new one, with these chains. NULL as before. */
SSL_CTX *tls_server_context_new(struct tls_server *s, const struct tls_identity *id);

/* Our certificate, and the stand-in for its key. der: of tls_chain_init(). False: OpenSSL does not
 * take it (its queue says why). */
[[nodiscard]] bool tls_certificate_add(SSL_CTX *context, struct slice der, uint32_t key_id);

/* tls/peer.c: what the server demands of its clients. */
[[nodiscard]] bool tls_peer_demand(SSL_CTX *context, const struct tls_server *s);

/* Sets what tickets need in a context (RFC 5077, RFC 8446 4.6.1). */
[[nodiscard]] bool tls_ticket_configure(SSL_CTX *context, const struct tls_server *s);

#endif
