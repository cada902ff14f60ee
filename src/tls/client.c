#include "tls/client.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/client_private.h"
#include "tls/context.h"
#include "tls/inside_private.h"
#include "tls/library.h"
#include "tls/server_private.h"
#include "tls/session_private.h"
#include "tls/word_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>

/* RFC 7469 2.4's fingerprint: the handshake then proves that the peer has this key. */
static int on_certificate(X509_STORE_CTX *store, void *arg)
{
	const struct tls_client *c = arg;
	uint8_t digest[32];
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	if (c->verify == TLS_VERIFY_NONE)
		return 1;
	if (leaf && tls_chain_spki_digest(leaf, digest))
		for (size_t i = 0; i < c->pin_count; i++)
			if (memcmp(digest, c->pins[i], sizeof(digest)) == 0)
				return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* The root among what the server sent whose certificate (SHA-256 of it) is a pin. */
static X509 *pinned_root(const struct tls_client *c, X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
	uint8_t digest[32];
	for (int i = 0; i < sk_X509_num(sent); i++) {
		X509 *one = sk_X509_value(sent, i);
		if (X509_digest(one, EVP_sha256(), digest, NULL) != 1)
			continue;
		for (size_t pin = 0; pin < c->pin_count; pin++)
			if (memcmp(digest, c->pins[pin], sizeof(digest)) == 0)
				return one;
	}
	return NULL;
}

static bool root_verify(X509_STORE_CTX *ctx, X509_STORE *store, X509 *root, X509_STORE_CTX *own)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	if (!X509_STORE_add_cert(store, root) ||
	    !X509_STORE_CTX_init(own, store, X509_STORE_CTX_get0_cert(ctx),
	                         X509_STORE_CTX_get0_untrusted(ctx)) ||
	    !X509_STORE_CTX_set_default(own, "ssl_server") ||
	    !X509_VERIFY_PARAM_inherit(X509_STORE_CTX_get0_param(own), param))
		return false;
	bool is_good = X509_verify_cert(own) == 1;
	X509_STORE_CTX_set_error(ctx, X509_STORE_CTX_get_error(own));
	return is_good;
}

/* Nothing is trusted yet but the pin: from the root that has it on, all is as usual. */
static int on_root(X509_STORE_CTX *ctx, void *arg)
{
	X509 *root = pinned_root(arg, ctx);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *own = X509_STORE_CTX_new();
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_UNTRUSTED);
	bool is_good = root && store && own && root_verify(ctx, store, root, own);
	X509_STORE_CTX_free(own);
	X509_STORE_free(store);
	return is_good;
}

int tls_client_trust(X509_STORE *store, struct slice pem)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	int r = tls_chain_read_pem(&list, pem);
	if (r)
		return r;
	for (int i = 0; i < sk_X509_num(list); i++)
		if (!X509_STORE_add_cert(store, sk_X509_value(list, i)))
			return err_raise(-ENOMEM);
	return 0;
}

static bool name_require(SSL_CTX *context, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
	if (address_is_literal(name))
		return X509_VERIFY_PARAM_set1_ip_asc(param, name);
	X509_VERIFY_PARAM_set_hostflags(param, TLS_CLIENT_NAME_FLAGS);
	return X509_VERIFY_PARAM_set1_host(param, name, 0);
}

/* What a ca_file names is trusted as it is, also an intermediate or the backend's own. */
static int chain_require(struct tls_client *c, const struct tls_client_settings *set,
                         char *ret_error, size_t error_cap)
{
	int r = tls_client_trust(SSL_CTX_get_cert_store(c->context), set->ca_pem);
	if (r < 0)
		return err_up(r);
	if (r) {
		snprintf(ret_error, error_cap, "CA certificates: %s", tls_chain_result_words(r));
		return TLS_CLIENT_BAD_CA;
	}
	if (!set->name || !name_require(c->context, set->name)) {
		ERR_clear_error();
		snprintf(ret_error, error_cap, "no name to verify");
		return TLS_CLIENT_BAD_NAME;
	}
	if (c->verify == TLS_VERIFY_FILE)
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(c->context),
		                            X509_V_FLAG_PARTIAL_CHAIN);
	return 0;
}

/* Changes OpenSSL's mind only where the rules for our own hosts say so. */
static int on_inside(int is_ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *s = tls_session_of(ssl);
	return tls_inside_judge(s->client->inside, is_ok, ctx, &s->expired_s);
}

static int names_require(struct tls_client *c, const struct tls_client_settings *set)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->context);
	for (size_t i = 0; i < set->name_count; i++)
		if (!X509_VERIFY_PARAM_add1_host(param, set->names[i], 0))
			return err_raise(-ENOMEM);
	X509_VERIFY_PARAM_set_hostflags(param, TLS_CLIENT_NAME_FLAGS);
	return 0;
}

static int inside_require(struct tls_client *c, const struct tls_client_settings *set,
                          char *ret_error, size_t error_cap)
{
	int r = tls_client_trust(SSL_CTX_get_cert_store(c->context), set->ca_pem);
	if (r < 0)
		return err_up(r);
	if (r) {
		snprintf(ret_error, error_cap, "roots of the internal CA: %s",
		         tls_chain_result_words(r));
		return TLS_CLIENT_BAD_CA;
	}
	if (!set->name_count) {
		snprintf(ret_error, error_cap, "no name to verify");
		return TLS_CLIENT_BAD_NAME;
	}
	r = names_require(c, set);
	if (r)
		return err_up(r);
	c->inside = tls_inside_ref(set->inside);
	SSL_CTX_set_verify(c->context, SSL_VERIFY_PEER, on_inside);
	return 0;
}

/*
 * The server asks for our certificate. First the handshake is left for a moment: from here on it
 * goes on in a fiber, which can wait for keys.
 */
static int on_wanted(SSL *ssl, void *arg)
{
	struct tls_session *s = tls_session_of(ssl);
	(void)arg;
	if (s->shake->is_wanted)
		return 1;
	s->shake->is_wanted = true;
	return -1;
}

int tls_client_show(SSL_CTX *context, const struct tls_certificate_spec *own, char *ret_error,
                    size_t error_cap)
{
	CLEAN(tls_chain_deinit) struct tls_chain chain = {};
	char words[96];
	if (!own)
		return 0;
	int r = tls_chain_init(&chain, own->chain_pem);
	if (r < 0)
		return err_up(r);
	if (r || !tls_certificate_add(context, buf_slice(&chain.der), own->key_id)) {
		tls_failure_words(NULL, words, sizeof(words));
		snprintf(ret_error, error_cap, "certificate %s: %s", own->name,
		         r ? tls_chain_result_words(r) : words);
		return TLS_CLIENT_BAD_CHAIN;
	}
	SSL_CTX_set_cert_cb(context, on_wanted, NULL);
	return 0;
}

static int pins_fill(struct tls_client *c, const struct tls_client_settings *set)
{
	c->pins = calloc(set->pin_count + 1, sizeof(*c->pins));
	if (!c->pins)
		return err_raise(-ENOMEM);
	if (set->pin_count)
		memcpy(c->pins, set->pins, set->pin_count * sizeof(*c->pins));
	c->pin_count = set->pin_count;
	return 0;
}

static int root_require(struct tls_client *c, const struct tls_client_settings *set)
{
	int r = names_require(c, set);
	if (!r)
		r = pins_fill(c, set);
	SSL_CTX_set_cert_verify_callback(c->context, on_root, c);
	return err_up(r);
}

static int verify_fill(struct tls_client *c, const struct tls_client_settings *set, char *ret_error,
                       size_t error_cap)
{
	SSL_CTX_set_verify(c->context, SSL_VERIFY_PEER, NULL);
	switch (set->verify) {
	case TLS_VERIFY_SYSTEM:
	case TLS_VERIFY_FILE:
		return chain_require(c, set, ret_error, error_cap);
	case TLS_VERIFY_PIN:
		if (pins_fill(c, set))
			return err_raise(-ENOMEM);
		[[fallthrough]];
	case TLS_VERIFY_NONE:
		SSL_CTX_set_cert_verify_callback(c->context, on_certificate, c);
		break;
	case TLS_VERIFY_ROOT:
		return root_require(c, set);
	case TLS_VERIFY_INTERNAL:
		return inside_require(c, set, ret_error, error_cap);
	}
	return 0;
}

/* A backend or an MX of 2009 is better sealed with an old suite than not at all. */
int tls_client_context(SSL_CTX **ret_context, enum tls_version min_version, const char *groups)
{
	struct tls_policy policy = { .profile = TLS_PROFILE_OPPORTUNISTIC,
		                     .min_version = min_version };
	struct tls_library *library = NULL;
	char suites[TLS_POLICY_SUITES_CAP];
	char usable[TLS_POLICY_GROUPS_CAP];
	char skipped[TLS_POLICY_GROUPS_CAP];
	int r = tls_library_open(&library);
	if (!r)
		r = tls_context_groups(groups, usable, skipped);
	if (r)
		return err_up(r);
	tls_policy_suites(&policy, suites);
	struct tls_context_settings set = { &policy, suites, usable };
	SSL_CTX *context = tls_context_new(TLS_client_method(), &set);
	if (!context) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET); /* no session is resumed */
	*ret_context = context;
	return 0;
}

static void client_freep(struct tls_client **c)
{
	tls_client_unref(*c);
}

int tls_client_new(struct tls_client **ret_c, const struct tls_client_settings *set,
                   char *ret_error, size_t error_cap)
{
	CLEAN(client_freep) struct tls_client *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	c->references = 1;
	c->verify = set->verify;
	int r = tls_client_context(&c->context, set->min_version,
	                           "X25519MLKEM768:X25519:P-256:P-384");
	if (r)
		return err_up(r);
	r = verify_fill(c, set, ret_error, error_cap);
	if (!r)
		r = tls_client_show(c->context, set->certificate, ret_error, error_cap);
	if (!r && set->hears_word && !tls_word_add(c->context))
		r = err_raise(-ENOMEM);
	c->signer = set->signer;
	c->is_compact = set->is_compact;
	if (r)
		return r; /* enum tls_client_result, or ours */
	const char *name = set->name_count ? set->names[0] : set->name;
	if (name && !address_is_literal(name)) {
		c->sni = strdup(name);
		if (!c->sni)
			return err_raise(-ENOMEM);
	}
	*ret_c = TAKE(c);
	return 0;
}

struct tls_client *tls_client_ref(struct tls_client *c)
{
	c->references++;
	return c;
}

void tls_client_unref(struct tls_client *c)
{
	if (!c || --c->references)
		return;
	SSL_CTX_free(c->context);
	tls_inside_unref(c->inside);
	free(c->pins);
	free(c->sni);
	free(c);
}
