#include "keys/request.h"

#include "base/clean.h"
#include "base/err.h"
#include "keys/selfsigned.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum { RSA_BITS = 2048 };

static void request_freep(X509_REQ **request)
{
	X509_REQ_free(*request);
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static void extensions_free(STACK_OF(X509_EXTENSION) * list)
{
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

EVP_PKEY *keys_key_new(enum keys_kind kind)
{
	EVP_PKEY *key = kind == KEYS_RSA2048 ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
	if (!key)
		ERR_clear_error();
	return key;
}

EVP_PKEY *keys_key_read(struct slice pem)
{
	CLEAN(bio_freep) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	/* "": nobody is asked for a passphrase on a terminal */
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
	if (!key)
		ERR_clear_error();
	return key;
}

static bool names_add(X509_REQ *request, const char *const *names, size_t count)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	GENERAL_NAMES *all = keys_names_new(names, count);
	bool is_added = all && X509V3_add1_i2d(&list, NID_subject_alt_name, all, 0, 0) == 1 &&
	                X509_REQ_add_extensions(request, list) == 1;
	extensions_free(list);
	GENERAL_NAMES_free(all);
	return is_added;
}

int keys_request_make(struct buf *ret_pem, EVP_PKEY *key, const char *const *names, size_t count)
{
	CLEAN(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	CLEAN(request_freep) X509_REQ *request = X509_REQ_new();
	char *text = NULL;
	if (!count)
		return err_raise(-EINVAL);
	if (!bio || !request || !X509_REQ_set_version(request, X509_REQ_VERSION_1) ||
	    !X509_REQ_set_pubkey(request, key) || !names_add(request, names, count) ||
	    X509_REQ_sign(request, key, EVP_sha256()) <= 0 ||
	    !PEM_write_bio_X509_REQ(bio, request)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	long len = BIO_get_mem_data(bio, &text);
	return err_up(buf_add(ret_pem, slice_of(text, (size_t)len)));
}
