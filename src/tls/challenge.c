#include "tls/challenge_private.h"

#include "acme/challenges.h"
#include "base/clean.h"
#include "tls/context.h"
#include "tls/hello.h"
#include "tls/session_private.h"

#include <openssl/err.h>

const char tls_challenge_alpn[] = "acme-tls/1";

/* RFC 8737 3: "a single value". */
static int on_challenge_alpn(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
                             const unsigned char *offered, unsigned offered_len, void *arg)
{
	struct slice ours = slice_str(tls_challenge_alpn);
	struct slice all = slice_of(offered, offered_len);
	(void)ssl;
	(void)arg;
	if (all.len != ours.len + 1 || !slice_equal(slice_skip(all, 1), ours))
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret_name = offered + 1;
	*ret_len = (unsigned char)ours.len;
	return SSL_TLSEXT_ERR_OK;
}

/* For one handshake: there are few, and only while an order is open. */
static SSL_CTX *context_new(const struct tls_server *s, const struct acme_challenge *c)
{
	struct tls_context_settings set = { &s->policy, s->suites, s->groups };
	CLEAN(tls_chain_deinit) struct tls_chain chain = {};
	CLEAN(tls_context_freep) SSL_CTX *context = tls_context_new(TLS_server_method(), &set);
	if (!context || tls_chain_init(&chain, buf_slice(&c->chain_pem)) ||
	    !tls_certificate_add(context, buf_slice(&chain.der), c->key_id))
		return NULL;
	SSL_CTX_set_alpn_select_cb(context, on_challenge_alpn, NULL);
	return TAKE(context);
}

bool tls_challenge_take(SSL *ssl, struct tls_server *s, const char *sni)
{
	const struct tls_session *session = tls_session_of(ssl);
	/* A CA has no certificate of ours; and what would be waived for it, a client that says
	 * something else in its second ClientHello would have. */
	if (!s->challenges || s->client_cas || !sni || !session || !session->hello ||
	    strcmp(session->hello->alpn, tls_challenge_alpn) != 0)
		return false;
	const struct acme_challenge *c = acme_challenges_find(s->challenges, sni);
	CLEAN(tls_context_freep) SSL_CTX *context = c ? context_new(s, c) : NULL;
	if (!context || !SSL_set_SSL_CTX(ssl, context)) {
		ERR_clear_error();
		return false;
	}
	/* The session has of the edge's context what was copied when it began. */
	SSL_set_options(ssl, SSL_OP_NO_TICKET);
	(void)SSL_set_num_tickets(ssl, 0);
	return true;
}
