#include "tls/record_keys.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/hmac.h"

#include <assert.h>

enum { LABEL_MAX = 64 };

int tls_record_expand(enum tls_digest digest, struct slice secret, const char *label,
                      uint8_t *ret_bytes, size_t len)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[LABEL_MAX], hash[TLS_HMAC_MAX];
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
	int r = tls_hmac(digest, secret, &part, 1, hash);
	if (!r)
		memcpy(ret_bytes, hash, len);
	explicit_bzero(hash, sizeof(hash));
	return err_up(r);
}

int tls_record_prf(const struct tls_record_prf *p, uint8_t *ret_bytes, size_t len)
{
	struct slice seed[] = { {}, slice_str(p->label), p->seed[0], p->seed[1] };
	uint8_t chain[TLS_HMAC_MAX], hash[TLS_HMAC_MAX];
	struct tls_library *library = NULL;
	int r = tls_library_open(&library);
	if (r)
		return err_up(r);
	size_t hash_len = (size_t)EVP_MD_get_size(library->digests[p->digest]);
	r = tls_hmac(p->digest, p->secret, seed + 1, COUNT_OF(seed) - 1, chain);
	while (!r && len) {
		size_t take = len < hash_len ? len : hash_len;
		seed[0] = slice_of(chain, hash_len);
		r = tls_hmac(p->digest, p->secret, seed, COUNT_OF(seed), hash);
		if (!r)
			r = tls_hmac(p->digest, p->secret, seed, 1, chain);
		memcpy(ret_bytes, hash, take);
		ret_bytes += take;
		len -= take;
	}
	explicit_bzero(chain, sizeof(chain));
	explicit_bzero(hash, sizeof(hash));
	return err_up(r);
}
