#include "tls/schedule.h"

#include "base/clean.h"
#include "tls/hmac.h"
#include "tls/session_private.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

/* A context may be the nonce that a server gave with its ticket (RFC 8446 4.6.1). */
enum { LABEL_MAX = 64, CONTEXT_MAX = 255 };

/* What libssl asks for, in one call. */
struct ask {
	int mode; /* EVP_KDF_HKDF_MODE_... */
	enum tls_digest digest;
	size_t hash_len;
	struct slice key, salt, prefix, label, context;
};

/* RFC 8446 B.4 has suites of two digests. */
static bool digest_take(struct ask *a, const char *name)
{
	if (!tls_digest_find(name, &a->digest))
		return false;
	a->hash_len = a->digest == TLS_DIGEST_SHA256 ? 32 : 48;
	return a->digest == TLS_DIGEST_SHA256 || a->digest == TLS_DIGEST_SHA384;
}

static bool param_take(struct ask *a, const OSSL_PARAM *p)
{
	const struct {
		const char *key;
		struct slice *value;
	} bytes[] = {
		{ OSSL_KDF_PARAM_KEY, &a->key },       { OSSL_KDF_PARAM_SALT, &a->salt },
		{ OSSL_KDF_PARAM_PREFIX, &a->prefix }, { OSSL_KDF_PARAM_LABEL, &a->label },
		{ OSSL_KDF_PARAM_DATA, &a->context },
	};
	if (!strcmp(p->key, OSSL_KDF_PARAM_MODE))
		return OSSL_PARAM_get_int(p, &a->mode);
	if (!strcmp(p->key, OSSL_KDF_PARAM_DIGEST))
		return p->data_type == OSSL_PARAM_UTF8_STRING && digest_take(a, p->data);
	for (size_t i = 0; i < COUNT_OF(bytes); i++)
		if (!strcmp(p->key, bytes[i].key)) {
			*bytes[i].value = slice_of(p->data, p->data_size);
			return p->data_type == OSSL_PARAM_OCTET_STRING;
		}
	return true; /* properties of the digest, which we have */
}

static size_t put(uint8_t *at, struct slice bytes)
{
	if (bytes.len)
		memcpy(at, bytes.data, bytes.len);
	return bytes.len;
}

/* HKDF-Expand-Label, RFC 8446 7.1 and RFC 5869 2.3. */
static bool expand(const struct ask *a, struct slice secret, uint8_t *ret_bytes, size_t len)
{
	uint8_t info[4 + LABEL_MAX + CONTEXT_MAX], hash[TLS_HMAC_MAX], round = 0;
	size_t at = 3, name_len = a->prefix.len + a->label.len;
	if (secret.len > a->hash_len || name_len > LABEL_MAX || a->context.len > CONTEXT_MAX ||
	    len > 255 * a->hash_len)
		return false;
	info[0] = (uint8_t)(len >> 8);
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)name_len;
	at += put(info + at, a->prefix);
	at += put(info + at, a->label);
	info[at++] = (uint8_t)a->context.len;
	at += put(info + at, a->context);
	struct slice parts[] = { {}, slice_of(info, at), slice_of(&round, 1) };
	bool is_made = true;
	while (len) {
		size_t take = len < a->hash_len ? len : a->hash_len;
		round++;
		is_made = !tls_hmac(a->digest, secret, parts, COUNT_OF(parts), hash);
		if (!is_made)
			break;
		memcpy(ret_bytes, hash, take);
		parts[0] = slice_of(hash, a->hash_len);
		ret_bytes += take;
		len -= take;
	}
	explicit_bzero(hash, sizeof(hash));
	return is_made;
}

/* From one secret of the three to the next: Derive-Secret(salt, "derived", ""), then HKDF-Extract.
 */
static bool extract(struct ask *a, uint8_t *ret_secret, size_t len)
{
	static const uint8_t zeros[TLS_HMAC_MAX];
	struct tls_library *library = NULL;
	uint8_t nothing[TLS_HMAC_MAX], derived[TLS_HMAC_MAX];
	struct slice salt = {}, key = a->key.data ? a->key : slice_of(zeros, a->hash_len);
	if (len != a->hash_len || tls_library_open(&library))
		return false;
	if (a->salt.data) {
		if (!EVP_Digest("", 0, nothing, NULL, library->digests[a->digest], NULL))
			return false;
		a->context = slice_of(nothing, a->hash_len);
		if (!expand(a, a->salt, derived, a->hash_len))
			return false;
		salt = slice_of(derived, a->hash_len);
	}
	bool is_made = !tls_hmac(a->digest, salt, &key, 1, ret_secret);
	explicit_bzero(derived, sizeof(derived));
	return is_made;
}

/* KDF */

/* All that it is to know comes with the call, so there is nothing to keep. */
static void *schedule_new(void *provider)
{
	return provider;
}

static void schedule_free(void *data)
{
	(void)data;
}

static int schedule_derive(void *data, unsigned char *ret_bytes, size_t len,
                           const OSSL_PARAM params[])
{
	struct tls_library *library = NULL;
	struct ask a = { .mode = -1 };
	bool is_made = false;
	(void)data;
	for (const OSSL_PARAM *p = params; p && p->key; p++)
		if (!param_take(&a, p))
			return 0;
	if (!a.hash_len || tls_library_open(&library))
		return 0;
	if (a.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		is_made = extract(&a, ret_bytes, len);
	else if (a.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && a.key.data)
		is_made = expand(&a, a.key, ret_bytes, len);
	if (is_made && a.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && library->current)
		tls_handover_note(library->current, a.label, slice_of(ret_bytes, len));
	return is_made;
}

#define FN(function) ((void (*)(void))(function))

const OSSL_DISPATCH tls_schedule_functions[] = {
	{ OSSL_FUNC_KDF_NEWCTX, FN(schedule_new) },
	{ OSSL_FUNC_KDF_FREECTX, FN(schedule_free) },
	{ OSSL_FUNC_KDF_DERIVE, FN(schedule_derive) },
	{ 0, NULL },
};
