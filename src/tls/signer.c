#include "tls/signer.h"

#include "base/clean.h"
#include "tls/library.h"
#include "tls/session_private.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

/* How tls_signer_key_new() hands its two facts through EVP_PKEY_fromdata(). */
#define PARAM_PUBLIC_KEY "mailseal-public-key"
#define PARAM_KEY_ID "mailseal-key-id"

struct key {
	EVP_PKEY *public_key; /* of the default provider */
	uint32_t key_id;
	bool can_sign; /* false: a public key that OpenSSL brought here to compare */
};

/* One signature: EVP_DigestSignInit() to the end. */
struct signing {
	const struct key *key;
	enum tls_digest digest;
	int padding;
};

/* Which scheme a key, a padding and a digest are; the same table as in keys/store.c, by number. */
static const struct scheme {
	bool is_rsa;
	int padding;
	enum tls_digest digest;
	uint16_t scheme;
} schemes[] = {
	{ false, 0, TLS_DIGEST_SHA1, 0x0203 },
	{ false, 0, TLS_DIGEST_SHA256, 0x0403 },
	{ false, 0, TLS_DIGEST_SHA384, 0x0503 },
	{ false, 0, TLS_DIGEST_SHA512, 0x0603 },
	{ true, RSA_PKCS1_PADDING, TLS_DIGEST_MD5_SHA1, TLS_SCHEME_RSA_MD5_SHA1 },
	{ true, RSA_PKCS1_PADDING, TLS_DIGEST_SHA1, 0x0201 },
	{ true, RSA_PKCS1_PADDING, TLS_DIGEST_SHA256, 0x0401 },
	{ true, RSA_PKCS1_PADDING, TLS_DIGEST_SHA384, 0x0501 },
	{ true, RSA_PKCS1_PADDING, TLS_DIGEST_SHA512, 0x0601 },
	{ true, RSA_PKCS1_PSS_PADDING, TLS_DIGEST_SHA256, 0x0804 },
	{ true, RSA_PKCS1_PSS_PADDING, TLS_DIGEST_SHA384, 0x0805 },
	{ true, RSA_PKCS1_PSS_PADDING, TLS_DIGEST_SHA512, 0x0806 },
};

/* Key management */

static void *key_new(void *provider)
{
	(void)provider;
	return calloc(1, sizeof(struct key));
}

static void key_free(void *data)
{
	struct key *key = data;
	if (!key)
		return;
	EVP_PKEY_free(key->public_key);
	free(key);
}

static int key_has(const void *data, int selection)
{
	const struct key *key = data;
	if (!key || !key->public_key)
		return 0;
	return key->can_sign || !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY);
}

static int key_match(const void *data1, const void *data2, int selection)
{
	const struct key *a = data1;
	const struct key *b = data2;
	(void)selection; /* what we have is all public */
	return a->public_key && b->public_key && EVP_PKEY_eq(a->public_key, b->public_key) == 1;
}

static void pkey_ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

/* From tls_signer_key_new(). */
static int key_adopt(struct key *key, const OSSL_PARAM *public_key, const OSSL_PARAM *key_id)
{
	const void *pointer = NULL;
	size_t len = 0;
	if (!OSSL_PARAM_get_octet_ptr(public_key, &pointer, &len))
		return 0;
	if (!key_id || !OSSL_PARAM_get_uint32(key_id, &key->key_id))
		return 0;
	key->public_key = (EVP_PKEY *)pointer;
	key->can_sign = true;
	return EVP_PKEY_up_ref(key->public_key);
}

/* From OpenSSL, which compares the key of a certificate with ours. */
static int key_import(struct key *key, const char *type, const OSSL_PARAM params[])
{
	const OSSL_PARAM *public_key = OSSL_PARAM_locate_const(params, PARAM_PUBLIC_KEY);
	if (public_key)
		return key_adopt(key, public_key, OSSL_PARAM_locate_const(params, PARAM_KEY_ID));
	CLEAN(pkey_ctx_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, "provider=default");
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0)
		return 0;
	return EVP_PKEY_fromdata(ctx, &key->public_key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) >
	       0;
}

static int key_import_rsa(void *data, int selection, const OSSL_PARAM params[])
{
	(void)selection;
	return key_import(data, "RSA", params);
}

static int key_import_ec(void *data, int selection, const OSSL_PARAM params[])
{
	(void)selection;
	return key_import(data, "EC", params);
}

/* A private key does not leave: without this, OpenSSL would sign with an empty one elsewhere. */
static int key_export(void *data, int selection, OSSL_CALLBACK *give, void *arg)
{
	const struct key *key = data;
	if (!key->public_key || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY))
		return 0;
	return EVP_PKEY_export(key->public_key, selection, give, arg);
}

static const OSSL_PARAM *key_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_END,
	};
	return selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY ? types : NULL;
}

static int key_get_params(void *data, OSSL_PARAM params[])
{
	const struct key *key = data;
	return key->public_key && EVP_PKEY_get_params(key->public_key, params);
}

static const OSSL_PARAM *key_gettable_params(void *provider)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_END,
	};
	(void)provider;
	return gettable;
}

/* A name that nobody else has: for "RSA" or "ECDSA" OpenSSL would first try the default provider's,
 * and that each time. */
#define SIGNATURE "MAILSEAL-SIGN"

static const char *key_operation_rsa(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? SIGNATURE : "RSA";
}

static const char *key_operation_ec(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? SIGNATURE : "EC";
}

/* Signatures */

static void *signing_new(void *provider, const char *properties)
{
	(void)provider;
	(void)properties;
	return calloc(1, sizeof(struct signing));
}

static void signing_free(void *data)
{
	free(data);
}

static int string_or_number(const OSSL_PARAM *param, const char *string, int number)
{
	int value = 0;
	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		return strcmp(param->data, string) == 0;
	return OSSL_PARAM_get_int(param, &value) && value == number;
}

static int padding_set(struct signing *s, const OSSL_PARAM *param)
{
	if (string_or_number(param, OSSL_PKEY_RSA_PAD_MODE_PKCSV15, RSA_PKCS1_PADDING))
		s->padding = RSA_PKCS1_PADDING;
	else if (string_or_number(param, OSSL_PKEY_RSA_PAD_MODE_PSS, RSA_PKCS1_PSS_PADDING))
		s->padding = RSA_PKCS1_PSS_PADDING;
	else
		return 0;
	return 1;
}

static int signing_set_params(void *data, const OSSL_PARAM params[])
{
	struct signing *s = data;
	if (!params || !EVP_PKEY_is_a(s->key->public_key, "RSA"))
		return 1;
	const OSSL_PARAM *padding = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (padding && !padding_set(s, padding))
		return 0;
	const OSSL_PARAM *salt = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	return !salt ||
	       string_or_number(salt, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, RSA_PSS_SALTLEN_DIGEST);
}

static const OSSL_PARAM *signing_settable_params(void *data, void *provider)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
		OSSL_PARAM_END,
	};
	(void)data;
	(void)provider;
	return settable;
}

static int signing_start(void *data, const char *digest_name, void *key_data,
                         const OSSL_PARAM params[])
{
	struct signing *s = data;
	const struct key *key = key_data;
	if (!key || !key->can_sign || !digest_name || !tls_digest_find(digest_name, &s->digest))
		return 0;
	s->key = key;
	s->padding = EVP_PKEY_is_a(key->public_key, "RSA") ? RSA_PKCS1_PADDING : 0;
	return signing_set_params(s, params);
}

static uint16_t signing_scheme(const struct signing *s)
{
	bool is_rsa = EVP_PKEY_is_a(s->key->public_key, "RSA");
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		const struct scheme *row = &schemes[i];
		if (row->is_rsa == is_rsa && row->padding == s->padding && row->digest == s->digest)
			return row->scheme;
	}
	return 0;
}

/* Hashes here, so that what keys sees is as short as can be, and sleeps in tls_session_sign(). */
static int signing_finish(void *data, unsigned char *ret_sig, size_t *ret_len, size_t cap,
                          const unsigned char *text, size_t text_len)
{
	struct signing *s = data;
	size_t size = (size_t)EVP_PKEY_get_size(s->key->public_key);
	if (!ret_sig) {
		*ret_len = size;
		return 1;
	}
	struct tls_library *library = NULL;
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	uint16_t scheme = signing_scheme(s);
	if (!scheme || tls_library_open(&library) || !library->current)
		return 0;
	if (!EVP_Digest(text, text_len, digest, &digest_len, library->digests[s->digest], NULL))
		return 0;
	struct slice sig = {};
	if (tls_session_sign(library->current, s->key->key_id, scheme, slice_of(digest, digest_len),
	                     &sig))
		return 0;
	if (sig.len > cap || sig.len > size)
		return 0;
	memcpy(ret_sig, sig.data, sig.len);
	*ret_len = sig.len;
	return 1;
}

/* What the provider has of it */

#define FN(function) ((void (*)(void))(function))

#define KEY_FUNCTIONS                                                                              \
	{ OSSL_FUNC_KEYMGMT_NEW, FN(key_new) }, { OSSL_FUNC_KEYMGMT_FREE, FN(key_free) },          \
		{ OSSL_FUNC_KEYMGMT_HAS, FN(key_has) },                                            \
		{ OSSL_FUNC_KEYMGMT_MATCH, FN(key_match) },                                        \
		{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, FN(key_types) },                                 \
		{ OSSL_FUNC_KEYMGMT_EXPORT, FN(key_export) },                                      \
		{ OSSL_FUNC_KEYMGMT_EXPORT_TYPES, FN(key_types) },                                 \
		{ OSSL_FUNC_KEYMGMT_GET_PARAMS, FN(key_get_params) },                              \
	{                                                                                          \
		OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, FN(key_gettable_params)                         \
	}

static const OSSL_DISPATCH rsa_key_functions[] = {
	KEY_FUNCTIONS,
	{ OSSL_FUNC_KEYMGMT_IMPORT, FN(key_import_rsa) },
	{ OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, FN(key_operation_rsa) },
	{ 0, NULL },
};

static const OSSL_DISPATCH ec_key_functions[] = {
	KEY_FUNCTIONS,
	{ OSSL_FUNC_KEYMGMT_IMPORT, FN(key_import_ec) },
	{ OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, FN(key_operation_ec) },
	{ 0, NULL },
};

static const OSSL_DISPATCH signing_functions[] = {
	{ OSSL_FUNC_SIGNATURE_NEWCTX, FN(signing_new) },
	{ OSSL_FUNC_SIGNATURE_FREECTX, FN(signing_free) },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, FN(signing_start) },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN, FN(signing_finish) },
	{ OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, FN(signing_set_params) },
	{ OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, FN(signing_settable_params) },
	{ 0, NULL },
};

/* The names are those of the default provider: libssl tells key types apart by them. */
const OSSL_ALGORITHM tls_signer_keys[] = {
	{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=mailseal", rsa_key_functions, NULL },
	{ "EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=mailseal", ec_key_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

const OSSL_ALGORITHM tls_signer_signatures[] = {
	{ SIGNATURE, "provider=mailseal", signing_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

EVP_PKEY *tls_signer_key_new(EVP_PKEY *public_key, uint32_t key_id)
{
	const char *type = EVP_PKEY_is_a(public_key, "RSA") ? "RSA" : "EC";
	void *pointer = public_key;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_ptr(PARAM_PUBLIC_KEY, &pointer, sizeof(void *)),
		OSSL_PARAM_construct_uint32(PARAM_KEY_ID, &key_id),
		OSSL_PARAM_construct_end(),
	};
	CLEAN(pkey_ctx_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, "provider=mailseal");
	EVP_PKEY *key = NULL;
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0)
		return NULL;
	if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		return NULL;
	return key;
}
