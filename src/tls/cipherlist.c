#include "tls/cipherlist.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

static bool is_one_of(int nid, const int *nids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nids[i] == nid)
			return true;
	return false;
}
#define IS_ONE_OF(nid, ...)                                                                        \
	is_one_of((nid), (const int[]){ __VA_ARGS__ },                                             \
	          sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static bool is_weak(const SSL_CIPHER *cipher)
{
	return IS_ONE_OF(SSL_CIPHER_get_cipher_nid(cipher), NID_rc4, NID_des_ede3_cbc, NID_des_cbc,
	                 NID_rc2_cbc, NID_idea_cbc) ||
	       SSL_CIPHER_get_digest_nid(cipher) == NID_md5;
}

/* Of those with ECDHE and AES or ChaCha20. */
static unsigned modern_class(const SSL_CIPHER *cipher)
{
	if (SSL_CIPHER_is_aead(cipher))
		return TLS_CIPHERS_AEAD;
	return SSL_CIPHER_get_digest_nid(cipher) == NID_sha1 ? TLS_CIPHERS_CBC_SHA1
	                                                     : TLS_CIPHERS_CBC_SHA2;
}

static bool is_odd(const SSL_CIPHER *cipher)
{
	const char *name = SSL_CIPHER_get_name(cipher);
	static const char *const words[] = { "CAMELLIA", "ARIA", "SEED", "GOST" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

static unsigned class_of(const SSL_CIPHER *cipher)
{
	int exchange = SSL_CIPHER_get_kx_nid(cipher);
	if (SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null ||
	    SSL_CIPHER_get_cipher_nid(cipher) == NID_undef)
		return TLS_CIPHERS_OPEN;
	if (is_weak(cipher))
		return TLS_CIPHERS_WEAK;
	if (!IS_ONE_OF(exchange, NID_kx_ecdhe, NID_kx_dhe))
		return TLS_CIPHERS_STATIC;
	if (is_odd(cipher))
		return TLS_CIPHERS_ODD;
	return exchange == NID_kx_dhe ? TLS_CIPHERS_DHE : modern_class(cipher);
}

int tls_cipherlist_classes(const char *list, unsigned *ret_classes)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (!context)
		return err_raise(-ENOMEM);
	int is_well = SSL_CTX_set_cipher_list(context, list);
	ERR_clear_error();
	unsigned classes = 0;
	const STACK_OF(SSL_CIPHER) *ciphers = is_well ? SSL_CTX_get_ciphers(context) : NULL;
	for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
		/* Those of TLS 1.3 are chosen elsewhere. */
		if (strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") != 0)
			classes |= class_of(cipher);
	}
	SSL_CTX_free(context);
	if (!is_well)
		return TLS_CIPHERLIST_BAD;
	*ret_classes = classes;
	return 0;
}
