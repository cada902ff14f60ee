#include "tls/premaster.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { SECRET_LEN = 48, MODULUS_MIN = 64, MODULUS_MAX = 2048 };

static void key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static EVP_PKEY *key_of(struct slice chain)
{
	const uint8_t *at = chain.data;
	X509 *leaf = chain.len ? d2i_X509(NULL, &at, (long)chain.len) : NULL;
	EVP_PKEY *key = leaf ? X509_get_pubkey(leaf) : NULL;
	X509_free(leaf);
	ERR_clear_error();
	return key;
}

/* The padding is the same each time: only what is wrong with it is to make a difference. */
static void block_fill(uint8_t *block, size_t len, enum tls_premaster how)
{
	size_t zero = len - SECRET_LEN - 1;
	for (size_t i = 0; i < len; i++)
		block[i] = (uint8_t)(i % 255 + 1);
	block[0] = 0;
	block[1] = 2;
	block[zero] = 0;
	block[zero + 1] = 3;
	block[zero + 2] = 3;
	switch (how) {
	case TLS_PREMASTER_WRONG_START:
		block[0] = 0x41;
		block[1] = 0x17;
		break;
	case TLS_PREMASTER_WRONG_ZERO:
		block[zero] = 0x11;
		block[len / 2] = 0;
		break;
	case TLS_PREMASTER_NO_ZERO:
		block[zero] = 0x11;
		break;
	case TLS_PREMASTER_WRONG_VERSION:
		block[zero + 1] = 2;
		block[zero + 2] = 2;
		break;
	case TLS_PREMASTER_GOOD:
	case TLS_PREMASTER_COUNT:
		break;
	}
}

static int encrypt(EVP_PKEY *key, const uint8_t *block, size_t len, uint8_t *ret_cipher)
{
	CLEAN(ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t cipher_len = len;
	bool is_well = ctx && EVP_PKEY_encrypt_init(ctx) > 0 &&
	               EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0 &&
	               EVP_PKEY_encrypt(ctx, ret_cipher, &cipher_len, block, len) > 0;
	ERR_clear_error();
	return is_well && cipher_len == len ? 0 : TLS_PREMASTER_NO_KEY;
}

int tls_premaster_write(struct slice chain, enum tls_premaster how, struct buf *out)
{
	CLEAN(key_freep) EVP_PKEY *key = key_of(chain);
	uint8_t block[MODULUS_MAX];
	uint8_t *at;
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return TLS_PREMASTER_NO_KEY;
	int len = EVP_PKEY_get_size(key);
	if (len < MODULUS_MIN || len > MODULUS_MAX)
		return TLS_PREMASTER_NO_KEY;
	int r = buf_reserve(out, (size_t)len, &at);
	if (r)
		return err_up(r);
	block_fill(block, (size_t)len, how);
	/* Begun above the modulus it cannot be encrypted, and says nothing. */
	r = encrypt(key, block, (size_t)len, at);
	if (!r)
		buf_commit(out, (size_t)len);
	return r;
}
