#include "tls/peer.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/ca_private.h"
#include "tls/chain.h"
#include "tls/client_private.h"
#include "tls/inside_private.h"
#include "tls/proof.h"
#include "tls/server_private.h"
#include "tls/session_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

enum { INTERMEDIATES_MAX = 10 };

static enum tls_peer_fault fault_of(int error)
{
	static const enum tls_peer_fault faults[] = {
		[TLS_PROOF_HOLDS] = TLS_PEER_FINE,
		[TLS_PROOF_NOT_ASKED] = TLS_PEER_FINE,
		[TLS_PROOF_NOT_TRUSTED] = TLS_PEER_NOT_TRUSTED,
		[TLS_PROOF_WRONG_NAME] = TLS_PEER_WRONG_NAME,
		[TLS_PROOF_EXPIRED] = TLS_PEER_EXPIRED,
		[TLS_PROOF_INVALID] = TLS_PEER_INVALID,
	};
	_Static_assert(COUNT_OF(faults) == TLS_PROOF_RESULT_COUNT);
	if (error == X509_V_ERR_CERT_REVOKED)
		return TLS_PEER_REVOKED;
	return faults[tls_proof_result_of(error)];
}

/* Notes for whom, and what is wrong with him. */
static int on_verify(int is_ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *s = tls_session_of(ssl);
	if (!s->peer_names)
		s->peer_names = tls_chain_names(X509_STORE_CTX_get0_cert(ctx));
	is_ok = tls_inside_judge(s->server->inside, is_ok, ctx, &s->expired_s);
	if (!is_ok && !s->peer_fault)
		s->peer_fault = fault_of(X509_STORE_CTX_get_error(ctx));
	return is_ok;
}

bool tls_peer_demand(SSL_CTX *context, const struct tls_server *server)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
	if (!server->client_cas)
		return true;
	for (int i = 0; i < sk_X509_num(server->client_cas); i++) {
		X509 *ca = sk_X509_value(server->client_cas, i);
		if (!X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca) ||
		    !SSL_CTX_add_client_CA(context, ca))
			return false;
	}
	for (size_t i = 0; i < server->client_name_count; i++)
		if (!X509_VERIFY_PARAM_add1_host(param, server->client_names[i], 0))
			return false;
	X509_VERIFY_PARAM_set_hostflags(param, TLS_CLIENT_NAME_FLAGS);
	/* What a file names is trusted as it is, also an intermediate; of our own CA, roots. */
	if (!server->inside)
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	SSL_CTX_set_verify_depth(context, INTERMEDIATES_MAX);
	int mode = SSL_VERIFY_PEER;
	if (!server->clients_may_have_none)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(context, mode, on_verify);
	return true;
}

void tls_peer_failed(struct tls_session *s)
{
	if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		s->peer_fault = TLS_PEER_NONE;
}

enum tls_peer_fault tls_session_peer_fault(const struct tls_session *s)
{
	return s->peer_fault;
}

const char *tls_session_peer_names(const struct tls_session *s)
{
	return s->peer_names ? s->peer_names : "";
}

int tls_session_peer_certificate(const struct tls_session *s, struct buf *ret_pem)
{
	X509 *certificate = s->is_up && s->ssl ? SSL_get0_peer_certificate(s->ssl) : NULL;
	CLEAN(tls_ca_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	if (!certificate)
		return 0;
	if (!bio || !PEM_write_bio_X509(bio, certificate)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	return err_up(tls_ca_bio_move(bio, ret_pem));
}
