#include "tls/library.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/provider.h"
#include "tls/random.h"
#include "tls/session_private.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ssl.h>
#include <strings.h>

/* The provider's name, and the one that libssl has of old. */
static const char *const digest_names[][2] = {
	{ "MD5-SHA1", "MD5-SHA1" }, { "SHA1", "SHA-1" },      { "SHA2-256", "SHA256" },
	{ "SHA2-384", "SHA384" },   { "SHA2-512", "SHA512" },
};
_Static_assert(COUNT_OF(digest_names) == TLS_DIGEST_COUNT);

/*
 * A static, because what it holds is OpenSSL's and OpenSSL keeps one of it per process: provider
 * registration, BIO types. "current" is here because a provider has no other way to learn for
 * which session it works. There are no threads.
 */
static struct tls_library library;

/* Asked in every handshake: OpenSSL's own way, EVP_MD_is_a(), takes locks. */
bool tls_digest_find(const char *name, enum tls_digest *ret_digest)
{
	for (size_t i = 0; i < TLS_DIGEST_COUNT; i++) {
		if (strcasecmp(name, digest_names[i][0]) != 0 &&
		    strcasecmp(name, digest_names[i][1]) != 0)
			continue;
		*ret_digest = (enum tls_digest)i;
		return true;
	}
	return false;
}

static void pkey_ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static EVP_PKEY *dh_parameters_new(void)
{
	CLEAN(pkey_ctx_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY *parameters = NULL;
	if (!ctx || EVP_PKEY_paramgen_init(ctx) <= 0)
		return NULL;
	if (EVP_PKEY_CTX_set_group_name(ctx, "ffdhe2048") <= 0)
		return NULL;
	if (EVP_PKEY_paramgen(ctx, &parameters) <= 0)
		return NULL;
	return parameters;
}

/* "?": a preference. Keys of ours are asked for by "provider=mailseal", everything else is not. */
static bool providers_load(struct tls_library *l)
{
	l->default_provider = OSSL_PROVIDER_load(NULL, "default");
	l->our_provider = l->default_provider ? tls_provider_load() : NULL;
	return l->our_provider && EVP_set_default_properties(NULL, "?provider=default");
}

static bool algorithms_fetch(struct tls_library *l)
{
	for (size_t i = 0; i < TLS_DIGEST_COUNT; i++) {
		l->digests[i] = EVP_MD_fetch(NULL, digest_names[i][0], NULL);
		if (!l->digests[i])
			return false;
	}
	l->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	l->dh_parameters = dh_parameters_new();
	l->bio = tls_session_bio_new();
	return l->ticket_cipher && l->dh_parameters && l->bio;
}

/* Without openssl.cnf: what we allow is written in our configuration, and workers see no files. */
int tls_library_open(struct tls_library **ret_library)
{
	if (!library.bio) {
		if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) ||
		    !providers_load(&library) || !algorithms_fetch(&library))
			return err_raise(-ENOTSUP);
		tls_random_use();
	}
	*ret_library = &library;
	return 0;
}
