#include "tls/record_keys.h"

#include "base/clean.h"
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>

enum { BLOCK_MAX = 128, HASH_MAX = 64, LABEL_MAX = 64 };

static void digest_freep(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

/* One of HMAC's two passes (RFC 2104 2): the key under a pad, then the parts. */
static bool pass(EVP_MD_CTX *ctx, const EVP_MD *digest, const uint8_t *pad,
                 const struct slice *parts, size_t count, uint8_t *ret_hash)
{
	if (!EVP_DigestInit_ex2(ctx, digest, NULL) ||
	    !EVP_DigestUpdate(ctx, pad, (size_t)EVP_MD_get_block_size(digest)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!EVP_DigestUpdate(ctx, parts[i].data, parts[i].len))
			return false;
	return EVP_DigestFinal_ex(ctx, ret_hash, NULL);
}

/* OpenSSL's own looks its parts up by name each time. The key is no longer than a block. */
static int hmac(enum tls_digest name, struct slice key, const struct slice *parts, size_t count,
                uint8_t ret_hash[HASH_MAX])
{
	CLEAN(digest_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct tls_library *library = NULL;
	uint8_t inner[BLOCK_MAX], outer[BLOCK_MAX], hash[HASH_MAX];
	int r = tls_library_open(&library);
	if (r)
		return err_up(r);
	const EVP_MD *digest = library->digests[name];
	assert(key.len <= (size_t)EVP_MD_get_block_size(digest));
	memset(inner, 0x36, sizeof(inner));
	memset(outer, 0x5c, sizeof(outer));
	for (size_t i = 0; i < key.len; i++) {
		inner[i] ^= key.data[i];
		outer[i] ^= key.data[i];
	}
	struct slice first = slice_of(hash, (size_t)EVP_MD_get_size(digest));
	bool is_made = ctx && pass(ctx, digest, inner, parts, count, hash) &&
	               pass(ctx, digest, outer, &first, 1, ret_hash);
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(outer, sizeof(outer));
	explicit_bzero(hash, sizeof(hash));
	if (!is_made)
		ERR_clear_error();
	return is_made ? 0 : err_raise(-ENOMEM);
}

int tls_record_expand(enum tls_digest digest, struct slice secret, const char *label,
                      uint8_t *ret_bytes, size_t len)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[LABEL_MAX], hash[HASH_MAX];
	size_t label_len = sizeof(prefix) - 1 + strlen(label);
	assert(label_len + 5 <= sizeof(info) && len <= sizeof(hash));
	info[0] = (uint8_t)(len >> 8);
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)label_len;
	memcpy(info + 3, prefix, sizeof(prefix) - 1);
	memcpy(info + 3 + sizeof(prefix) - 1, label, strlen(label));
	info[3 + label_len] = 0; /* no context */
	info[4 + label_len] = 1; /* the first block of HKDF-Expand, RFC 5869 2.3, and the last */
	struct slice part = slice_of(info, label_len + 5);
	int r = hmac(digest, secret, &part, 1, hash);
	if (!r)
		memcpy(ret_bytes, hash, len);
	explicit_bzero(hash, sizeof(hash));
	return err_up(r);
}

int tls_record_prf(const struct tls_record_prf *p, uint8_t *ret_bytes, size_t len)
{
	struct slice seed[] = { {}, slice_str(p->label), p->seed[0], p->seed[1] };
	uint8_t chain[HASH_MAX], hash[HASH_MAX];
	struct tls_library *library = NULL;
	int r = tls_library_open(&library);
	if (r)
		return err_up(r);
	size_t hash_len = (size_t)EVP_MD_get_size(library->digests[p->digest]);
	r = hmac(p->digest, p->secret, seed + 1, COUNT_OF(seed) - 1, chain);
	while (!r && len) {
		size_t take = len < hash_len ? len : hash_len;
		seed[0] = slice_of(chain, hash_len);
		r = hmac(p->digest, p->secret, seed, COUNT_OF(seed), hash);
		if (!r)
			r = hmac(p->digest, p->secret, seed, 1, chain);
		memcpy(ret_bytes, hash, take);
		ret_bytes += take;
		len -= take;
	}
	explicit_bzero(chain, sizeof(chain));
	explicit_bzero(hash, sizeof(hash));
	return err_up(r);
}
