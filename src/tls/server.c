#include "tls/server.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/challenge_private.h"
#include "tls/context.h"
#include "tls/inside.h"
#include "tls/library.h"
#include "tls/server_private.h"
#include "tls/session_private.h"
#include "tls/signer.h"
#include "tls/word_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>

enum { SCOPE_MAX = 256 };

/* RFC 6066 3: an unknown name gets the default certificate, not an alert. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *server = arg;
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	if (tls_challenge_take(ssl, server, sni))
		return SSL_TLSEXT_ERR_OK;
	struct tls_catalog_found found;
	struct tls_identity *id = sni ? tls_identities_find(&server->identities, sni) : NULL;
	SSL_CTX *context = NULL;
	if (id)
		context = tls_server_context(server, id);
	else if (sni && server->named.catalog &&
	         tls_catalog_find(server->named.catalog, sni, &found))
		context = tls_named_context(server, &found);
	else
		return SSL_TLSEXT_ERR_NOACK;
	if (!context || !SSL_set_SSL_CTX(ssl, context)) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	return SSL_TLSEXT_ERR_OK;
}

bool tls_server_has_name(const struct tls_server *s, const char *name)
{
	struct tls_catalog_found found;
	return tls_identities_find(&s->identities, name) ||
	       (s->named.catalog && tls_catalog_find(s->named.catalog, name, &found));
}

/* The offered name that equals ours; empty: it is not offered. */
static struct slice alpn_find(struct slice offered, struct slice ours)
{
	while (offered.len) {
		struct slice name = slice_head(slice_skip(offered, 1), offered.data[0]);
		offered = slice_skip(offered, name.len + 1);
		if (slice_equal(name, ours))
			return name;
	}
	return (struct slice){};
}

static const char *alpn_of(const struct tls_server *server, const SSL *ssl)
{
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	if (sni && server->is_plain_http && server->is_plain_http(server->plain_http_owner, sni))
		return "http/1.1";
	return server->alpn ? server->alpn : "";
}

/* RFC 7301 3.2, against ALPACA: who asks for another protocol does not get ours. */
static int on_alpn(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
                   const unsigned char *offered, unsigned offered_len, void *arg)
{
	const struct tls_server *server = arg;
	struct slice ours = slice_str(alpn_of(server, ssl));
	struct slice visitor =
		alpn_find(slice_of(offered, offered_len), slice_str(server->visitor));
	if (visitor.len) {
		*ret_name = visitor.data;
		*ret_len = (unsigned char)visitor.len;
		return SSL_TLSEXT_ERR_OK;
	}
	while (ours.len) {
		struct slice first = slice_head(ours, slice_find(ours, ','));
		struct slice name = alpn_find(slice_of(offered, offered_len), first);
		ours = slice_skip(ours, first.len + 1);
		if (!name.len)
			continue;
		*ret_name = name.data;
		*ret_len = (unsigned char)name.len;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

bool tls_certificate_add(SSL_CTX *context, struct slice der, uint32_t key_id)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *chain = tls_chain_certificates(der);
	CLEAN(pkey_freep) EVP_PKEY *key = NULL;
	CLEAN(pkey_freep) EVP_PKEY *public_key = NULL;
	X509 *leaf = chain ? sk_X509_shift(chain) : NULL;
	bool is_added = false;
	public_key = leaf ? X509_get_pubkey(leaf) : NULL;
	if (public_key)
		key = tls_signer_key_new(public_key, key_id);
	if (key)
		is_added = SSL_CTX_use_cert_and_key(context, leaf, key, chain, 1) == 1;
	X509_free(leaf);
	return is_added;
}

static bool dh_add(SSL_CTX *context, EVP_PKEY *parameters)
{
	if (!EVP_PKEY_up_ref(parameters))
		return false;
	if (SSL_CTX_set0_tmp_dh_pkey(context, parameters))
		return true;
	EVP_PKEY_free(parameters);
	return false;
}

SSL_CTX *tls_server_context_new(struct tls_server *s, const struct tls_identity *id)
{
	struct tls_context_settings set = { &s->policy, s->suites, s->groups };
	CLEAN(tls_context_freep) SSL_CTX *context = tls_context_new(TLS_server_method(), &set);
	if (!context || !dh_add(context, s->library->dh_parameters))
		return NULL;
	for (size_t kind = 0; kind < TLS_KEY_KIND_COUNT; kind++)
		if (buf_len(&id->chains[kind].der) &&
		    !tls_certificate_add(context, buf_slice(&id->chains[kind].der),
		                         id->key_ids[kind]))
			return NULL;
	if (!tls_ticket_configure(context, s) || !tls_peer_demand(context, s) ||
	    (s->says_word && !tls_word_add(context)))
		return NULL;
	SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(context, s);
	SSL_CTX_set_alpn_select_cb(context, on_alpn, s);
	return TAKE(context);
}

SSL_CTX *tls_server_context(struct tls_server *s, struct tls_identity *id)
{
	if (!id->context) {
		id->context = tls_server_context_new(s, id);
		if (!id->context)
			return NULL;
		s->identities.context_count++;
	}
	tls_identities_touch(&s->identities, id);
	return id->context;
}

/*
 * Suites and version belong to the scope: OpenSSL resumes a TLS 1.2 session with whatever suite
 * it had, also one that this edge would not have agreed to.
 */
static bool scope_make(struct tls_server *s, const char *scope)
{
	uint8_t text[SCOPE_MAX + TLS_POLICY_SUITES_CAP + 32];
	int len = snprintf((char *)text, sizeof(text), "%.*s%c%s %04x", SCOPE_MAX, scope, 0,
	                   s->suites, (unsigned)s->policy.min_version);
	return len > 0 && EVP_Digest(text, (size_t)len, s->scope, NULL, EVP_sha256(), NULL);
}

static int policy_fill(struct tls_server *s, const struct tls_server_settings *set, char *ret_error,
                       size_t error_cap)
{
	s->policy = set->policy;
	s->policy.groups = NULL;
	int r = tls_context_groups(set->policy.groups, s->groups, s->skipped_groups);
	if (r)
		return err_up(r);
	if (!s->groups[0]) {
		snprintf(ret_error, error_cap, "groups: this library has none of %s",
		         set->policy.groups);
		return TLS_SERVER_BAD_POLICY;
	}
	tls_policy_suites(&s->policy, s->suites);
	if (!scope_make(s, set->ticket_scope ? set->ticket_scope : ""))
		return err_raise(-ENOMEM);
	snprintf(s->visitor, sizeof(s->visitor), "%s", set->visitor ?: "");
	s->is_plain_http = set->is_plain_http;
	s->plain_http_owner = set->plain_http_owner;
	s->alpn = set->alpn ? strdup(set->alpn) : NULL;
	if (set->alpn && !s->alpn)
		return err_raise(-ENOMEM);
	return 0;
}

static int clients_fill(struct tls_server *s, const struct tls_server_settings *set,
                        char *ret_error, size_t error_cap)
{
	if (!set->client_ca_pem.len)
		return 0;
	int r = tls_chain_read_pem(&s->client_cas, set->client_ca_pem);
	if (r < 0)
		return err_up(r);
	if (r) {
		snprintf(ret_error, error_cap, "CA certificates of clients: %s",
		         tls_chain_result_words(r));
		return TLS_SERVER_BAD_CA;
	}
	s->client_names = calloc(set->client_name_count + 1, sizeof(*s->client_names));
	for (size_t i = 0; s->client_names && i < set->client_name_count; i++) {
		s->client_names[i] = strdup(set->client_names[i]);
		if (!s->client_names[i])
			return err_raise(-ENOMEM);
		s->client_name_count++;
	}
	return s->client_names ? 0 : err_raise(-ENOMEM);
}

/* The first certificate is tried at once: what OpenSSL refuses shall be known at start. */
static int default_try(struct tls_server *s, const char *name, char *ret_error, size_t error_cap)
{
	char words[96];
	if (tls_server_context(s, &s->identities.list[0]))
		return 0;
	tls_failure_words(NULL, words, sizeof(words));
	snprintf(ret_error, error_cap, "certificate %s: %s", name, words);
	return TLS_SERVER_BAD_CHAIN;
}

static void server_freep(struct tls_server **s)
{
	tls_server_unref(*s);
}

int tls_server_new(struct tls_server **ret_s, const struct tls_server_settings *set,
                   char *ret_error, size_t error_cap)
{
	CLEAN(server_freep) struct tls_server *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->references = 1;
	s->signer = set->signer;
	s->inside = tls_inside_ref(set->inside);
	s->named.catalog = tls_catalog_ref(set->catalog);
	s->clients_may_have_none = set->clients_may_have_none;
	s->says_word = set->says_word;
	s->challenges = set->challenges;
	s->is_compact = set->is_compact;
	int r = tls_library_open(&s->library);
	if (r)
		return err_up(r);
	r = policy_fill(s, set, ret_error, error_cap);
	if (!r)
		r = clients_fill(s, set, ret_error, error_cap);
	if (!r)
		r = tls_identities_init(&s->identities, set->certificates, set->certificate_count,
		                        ret_error, error_cap);
	if (!r)
		r = default_try(s, set->certificates[0].name, ret_error, error_cap);
	if (r)
		return r; /* enum tls_server_result, or ours */
	if (RAND_bytes((unsigned char *)s->ticket_keys, sizeof(s->ticket_keys[0])) <= 0)
		return err_raise(-ENOMEM);
	*ret_s = TAKE(s);
	return 0;
}

struct tls_server *tls_server_ref(struct tls_server *s)
{
	s->references++;
	return s;
}

void tls_server_unref(struct tls_server *s)
{
	if (!s || --s->references)
		return;
	tls_identities_deinit(&s->identities);
	tls_named_deinit(&s->named);
	explicit_bzero(s->ticket_keys, sizeof(s->ticket_keys));
	tls_chain_list_freep(&s->client_cas);
	tls_inside_unref(s->inside);
	for (size_t i = 0; i < s->client_name_count; i++)
		free(s->client_names[i]);
	free(s->client_names);
	free(s->alpn);
	free(s);
}

void tls_server_set_ticket_keys(struct tls_server *s, const uint8_t *current,
                                const uint8_t *previous)
{
	memcpy(&s->ticket_keys[0], current, TLS_TICKET_KEY_LEN);
	s->has_previous_key = previous != NULL;
	if (previous)
		memcpy(&s->ticket_keys[1], previous, TLS_TICKET_KEY_LEN);
}

const char *tls_server_skipped_groups(const struct tls_server *s)
{
	return s->skipped_groups;
}
