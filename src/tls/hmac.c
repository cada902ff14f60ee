#include "tls/hmac.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>

enum { BLOCK_MAX = 128 };

/* One of the two passes (RFC 2104 2): the key under a pad, then the parts. */
static bool pass(EVP_MD_CTX *ctx, struct slice pad, const struct slice *parts, size_t count,
                 uint8_t *ret_hash)
{
	if (!EVP_DigestInit_ex2(ctx, NULL, NULL) || !EVP_DigestUpdate(ctx, pad.data, pad.len))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!EVP_DigestUpdate(ctx, parts[i].data, parts[i].len))
			return false;
	return EVP_DigestFinal_ex(ctx, ret_hash, NULL);
}

/* Made once: OpenSSL's own HMAC looks its parts up by name, and makes them anew, each time. */
static EVP_MD_CTX *hasher_of(struct tls_library *library, enum tls_digest name)
{
	EVP_MD_CTX *ctx = library->hashers[name] ?: EVP_MD_CTX_new();
	if (!ctx || library->hashers[name])
		return ctx;
	if (!EVP_DigestInit_ex2(ctx, library->digests[name], NULL)) {
		EVP_MD_CTX_free(ctx);
		return NULL;
	}
	library->hashers[name] = ctx;
	return ctx;
}

int tls_hmac(enum tls_digest name, struct slice key, const struct slice *parts, size_t count,
             uint8_t *ret_hash)
{
	struct tls_library *library = NULL;
	uint8_t inner[BLOCK_MAX], outer[BLOCK_MAX], hash[TLS_HMAC_MAX];
	int r = tls_library_open(&library);
	if (r)
		return err_up(r);
	EVP_MD_CTX *ctx = hasher_of(library, name);
	size_t block = (size_t)EVP_MD_get_block_size(library->digests[name]);
	assert(key.len <= block && block <= BLOCK_MAX);
	memset(inner, 0x36, block);
	memset(outer, 0x5c, block);
	for (size_t i = 0; i < key.len; i++) {
		inner[i] ^= key.data[i];
		outer[i] ^= key.data[i];
	}
	struct slice first = slice_of(hash, (size_t)EVP_MD_get_size(library->digests[name]));
	bool is_made = ctx && pass(ctx, slice_of(inner, block), parts, count, hash) &&
	               pass(ctx, slice_of(outer, block), &first, 1, ret_hash);
	if (ctx) /* what it still has of the last block */
		is_made = EVP_DigestInit_ex2(ctx, NULL, NULL) && is_made;
	explicit_bzero(inner, block);
	explicit_bzero(outer, block);
	explicit_bzero(hash, sizeof(hash));
	if (!is_made)
		ERR_clear_error();
	return is_made ? 0 : err_raise(-ENOMEM);
}
