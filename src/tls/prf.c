#include "tls/prf.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/hmac.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

enum { SECRET_MAX = 64 };

int tls_prf_expand(const struct tls_prf *prf, uint8_t *ret_bytes, size_t len)
{
	uint8_t chain[TLS_HMAC_MAX], hash[TLS_HMAC_MAX];
	struct slice parts[1 + TLS_PRF_SEEDS_MAX]; /* A(i) and what it goes before */
	size_t hash_len = prf->digest == TLS_DIGEST_SHA256 ? 32 : 48;
	parts[0] = slice_of(chain, hash_len);
	memcpy(parts + 1, prf->seeds, sizeof(prf->seeds));
	int r = tls_hmac(prf->digest, prf->secret, prf->seeds, prf->seed_count, chain);
	while (!r && len) {
		size_t take = len < hash_len ? len : hash_len;
		r = tls_hmac(prf->digest, prf->secret, parts, 1 + prf->seed_count, hash);
		if (r)
			break;
		memcpy(ret_bytes, hash, take);
		ret_bytes += take;
		len -= take;
		if (len)
			r = tls_hmac(prf->digest, prf->secret, parts, 1, chain);
	}
	explicit_bzero(chain, sizeof(chain));
	explicit_bzero(hash, sizeof(hash));
	return err_up(r);
}

/* What libssl asks for, in one call. */
struct ask {
	struct tls_prf prf;
	bool has_digest, has_room;
};

static void param_take(struct ask *a, const OSSL_PARAM *p)
{
	struct tls_prf *prf = &a->prf;
	if (!strcmp(p->key, OSSL_KDF_PARAM_DIGEST)) {
		a->has_digest = p->data_type == OSSL_PARAM_UTF8_STRING &&
		                tls_digest_find(p->data, &prf->digest);
	} else if (!strcmp(p->key, OSSL_KDF_PARAM_SECRET)) {
		prf->secret = slice_of(p->data, p->data_size);
	} else if (!strcmp(p->key, OSSL_KDF_PARAM_SEED) && p->data_size) {
		a->has_room = prf->seed_count < TLS_PRF_SEEDS_MAX;
		if (a->has_room)
			prf->seeds[prf->seed_count++] = slice_of(p->data, p->data_size);
	}
}

static bool is_ours(const struct ask *a)
{
	return a->has_digest && a->has_room && a->prf.secret.len <= SECRET_MAX &&
	       (a->prf.digest == TLS_DIGEST_SHA256 || a->prf.digest == TLS_DIGEST_SHA384);
}

static void kdf_freep(EVP_KDF **kdf)
{
	EVP_KDF_free(*kdf);
}

static void kdf_ctx_freep(EVP_KDF_CTX **ctx)
{
	EVP_KDF_CTX_free(*ctx);
}

static bool hand_on(uint8_t *ret_bytes, size_t len, const OSSL_PARAM params[])
{
	CLEAN(kdf_freep) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", "provider=default");
	CLEAN(kdf_ctx_freep) EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	return ctx && EVP_KDF_derive(ctx, ret_bytes, len, params) > 0;
}

/* All that it is to know comes with the call, so there is nothing to keep. */
static void *prf_new(void *provider)
{
	return provider;
}

static void prf_free(void *data)
{
	(void)data;
}

static int prf_derive(void *data, unsigned char *ret_bytes, size_t len, const OSSL_PARAM params[])
{
	struct ask a = {};
	(void)data;
	for (const OSSL_PARAM *p = params; p && p->key; p++)
		param_take(&a, p);
	if (is_ours(&a))
		return !tls_prf_expand(&a.prf, ret_bytes, len);
	return hand_on(ret_bytes, len, params);
}

#define FN(function) ((void (*)(void))(function))

const OSSL_DISPATCH tls_prf_functions[] = {
	{ OSSL_FUNC_KDF_NEWCTX, FN(prf_new) },
	{ OSSL_FUNC_KDF_FREECTX, FN(prf_free) },
	{ OSSL_FUNC_KDF_DERIVE, FN(prf_derive) },
	{ 0, NULL },
};
