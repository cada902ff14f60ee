/* To leave out what checks a signature there is only EC_KEY_METHOD. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "load/tls.h"

#include "common/session.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdlib.h>

enum { BULK_BUFFER = 64 * 1024 };

static int digest_pass(int type, const unsigned char *digest, int digest_len,
                       const unsigned char *signature, int signature_len, EC_KEY *key)
{
	(void)type, (void)digest, (void)digest_len, (void)signature, (void)signature_len, (void)key;
	return 1;
}

static int signature_pass(const unsigned char *digest, int digest_len, const ECDSA_SIG *signature,
                          EC_KEY *key)
{
	(void)digest, (void)digest_len, (void)signature, (void)key;
	return 1;
}

static int chain_pass(X509_STORE_CTX *store, void *arg)
{
	(void)store, (void)arg;
	return 1;
}

static void checks_leave_out(SSL_CTX *context)
{
	EC_KEY_METHOD *method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	EC_KEY_METHOD_set_verify(method, digest_pass, signature_pass);
	EC_KEY_set_default_method(method);
	SSL_CTX_set_cert_verify_callback(context, chain_pass, NULL);
}

/* What all proxies are asked for, so that all do the same work. */
static void offers_set(SSL_CTX *context, const struct options *o)
{
	int version = o->tls_version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION;
	if (SSL_CTX_set_min_proto_version(context, version) &&
	    SSL_CTX_set_max_proto_version(context, version) &&
	    SSL_CTX_set1_groups_list(context, o->groups) &&
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") &&
	    SSL_CTX_set_cipher_list(context,
	                            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") &&
	    SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256:rsa_pss_rsae_sha256:RSA+SHA256"))
		return;
	ERR_print_errors_fp(stderr);
	exit(1);
}

void tls_init(struct tls *tls, const struct options *o)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	*tls = (struct tls){ .context = context };
	offers_set(context, o);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	if (!o->is_verifying)
		checks_leave_out(context);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                                  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	session_keep_first(context, &tls->session);
	if (o->mode == MODE_BULK) {
		SSL_CTX_set_read_ahead(context, 1);
		SSL_CTX_set_default_read_buffer_len(context, BULK_BUFFER);
	}
}
