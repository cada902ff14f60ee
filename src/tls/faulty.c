#include "tls/faulty.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/context.h"
#include "tls/session_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>

struct tls_faulty {
	SSL_CTX *context;
};

static const char groups[] = "X25519:P-256:P-384";
static const char no_secrecy[] =
	"AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA@SECLEVEL=0";

static void faulty_freep(struct tls_faulty **f)
{
	tls_faulty_free(*f);
}

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static int no_passphrase(char *text, int size, int is_writing, void *arg)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

static bool pair_use(SSL_CTX *context, struct slice chain_pem, struct slice key_pem)
{
	CLEAN(bio_freep) BIO *bio = BIO_new_mem_buf(key_pem.data, (int)key_pem.len);
	CLEAN(pkey_freep)
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *chain = NULL;
	if (!key || tls_chain_read_pem(&chain, chain_pem))
		return false;
	X509 *leaf = sk_X509_shift(chain);
	bool is_used = SSL_CTX_use_cert_and_key(context, leaf, key, chain, 1) == 1;
	X509_free(leaf);
	return is_used;
}

static SSL_CTX *context_new(const struct tls_faulty_settings *set)
{
	char suites[TLS_POLICY_SUITES_CAP];
	struct tls_policy policy = { .profile = TLS_PROFILE_OPPORTUNISTIC,
		                     .min_version = set->min_version };
	tls_policy_suites(&policy, suites);
	struct tls_context_settings context_set = {
		.policy = &policy,
		.suites = set->suites == TLS_FAULTY_SUITES_NO_SECRECY ? no_secrecy : suites,
		.groups = groups,
	};
	CLEAN(tls_context_freep)
	SSL_CTX *context = tls_context_new(TLS_server_method(), &context_set);
	if (!context || !SSL_CTX_set_max_proto_version(context, set->max_version))
		return NULL;
	/* No resumption: each session is to meet the same. */
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(context, 0);
	return TAKE(context);
}

int tls_faulty_new(struct tls_faulty **ret_f, const struct tls_faulty_settings *set)
{
	CLEAN(faulty_freep) struct tls_faulty *f = calloc(1, sizeof(*f));
	int r = 0;
	if (!f)
		return err_raise(-ENOMEM);
	f->context = context_new(set);
	if (!f->context)
		r = TLS_FAULTY_NOT_HERE;
	else if (!pair_use(f->context, set->chain_pem, set->key_pem))
		r = TLS_FAULTY_BAD_PAIR;
	ERR_clear_error();
	if (r)
		return r;
	*ret_f = TAKE(f);
	return 0;
}

void tls_faulty_free(struct tls_faulty *f)
{
	if (!f)
		return;
	SSL_CTX_free(f->context);
	free(f);
}

int tls_faulty_accept(struct tls_session **ret_s, struct tls_faulty *f, void *owner)
{
	struct tls_session *s = NULL;
	int r = tls_session_new_client(&s, f->context, NULL, owner);
	if (r)
		return err_up(r);
	s->shake->is_hello_over = false; /* it is the peer's */
	SSL_set_accept_state(s->ssl);
	*ret_s = s;
	return 0;
}
