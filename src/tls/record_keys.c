#include "tls/record_keys.h"

#include "base/err.h"
#include "tls/hmac.h"
#include "tls/prf.h"

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
	const struct tls_prf prf = { .digest = p->digest,
		                     .secret = p->secret,
		                     .seeds = { slice_str(p->label), p->seed[0], p->seed[1] },
		                     .seed_count = 3 };
	return err_up(tls_prf_expand(&prf, ret_bytes, len));
}
