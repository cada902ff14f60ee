#include "keys/store.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum { RSA_BITS_MIN = 2048, PARSED_MAX = 1000 };

/* Any curve of ours may sign with any digest, as TLS 1.2 has it (RFC 8422 5.10). */
static const struct scheme {
	uint16_t scheme;
	const char *type;
	const char *digest;
	size_t digest_len;
	int padding; /* 0: not RSA */
} schemes[] = {
	{ 0x0203, "EC", "SHA1", 20, 0 },
	{ 0x0403, "EC", "SHA2-256", 32, 0 },
	{ 0x0503, "EC", "SHA2-384", 48, 0 },
	{ 0x0603, "EC", "SHA2-512", 64, 0 },
	{ 0xff01, "RSA", "MD5-SHA1", 36, RSA_PKCS1_PADDING },
	{ 0x0201, "RSA", "SHA1", 20, RSA_PKCS1_PADDING },
	{ 0x0401, "RSA", "SHA2-256", 32, RSA_PKCS1_PADDING },
	{ 0x0501, "RSA", "SHA2-384", 48, RSA_PKCS1_PADDING },
	{ 0x0601, "RSA", "SHA2-512", 64, RSA_PKCS1_PADDING },
	{ 0x0804, "RSA", "SHA2-256", 32, RSA_PKCS1_PSS_PADDING },
	{ 0x0805, "RSA", "SHA2-384", 48, RSA_PKCS1_PSS_PADDING },
	{ 0x0806, "RSA", "SHA2-512", 64, RSA_PKCS1_PSS_PADDING },
};

struct key {
	uint32_t id;
	struct buf pem;                         /* secret */
	EVP_PKEY *pkey;                         /* NULL: not parsed, or not any more */
	struct key *next, *prev;                /* of store.parsed, the last used first */
	EVP_PKEY_CTX *ready[COUNT_OF(schemes)]; /* set up at first use, then good for each one */
};

struct keys_store {
	struct key **keys; /* sorted by id */
	size_t count;
	size_t cap;
	struct key parsed; /* list head */
	size_t parsed_count;
};

static void pkey_freep(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static void pkey_ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static void parsed_forget(struct keys_store *store, struct key *key)
{
	if (!key->pkey)
		return;
	key->next->prev = key->prev;
	key->prev->next = key->next;
	store->parsed_count--;
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		EVP_PKEY_CTX_free(key->ready[i]);
		key->ready[i] = NULL;
	}
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}

static void parsed_first(struct keys_store *store, struct key *key)
{
	key->next = store->parsed.next;
	key->prev = &store->parsed;
	key->next->prev = key->prev->next = key;
}

/* Takes pkey. Of too many the one that was not used for longest is parsed again when it is. */
static void parsed_keep(struct keys_store *store, struct key *key, EVP_PKEY *pkey)
{
	if (store->parsed_count == PARSED_MAX)
		parsed_forget(store, store->parsed.prev);
	key->pkey = pkey;
	parsed_first(store, key);
	store->parsed_count++;
}

static void key_free(struct keys_store *store, struct key *key)
{
	parsed_forget(store, key);
	buf_deinit_secret(&key->pem);
	free(key);
}

int keys_store_new(struct keys_store **ret_store)
{
	struct keys_store *store = calloc(1, sizeof(*store));
	if (!store)
		return err_raise(-ENOMEM);
	store->parsed.next = store->parsed.prev = &store->parsed;
	*ret_store = store;
	return 0;
}

void keys_store_free(struct keys_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < store->count; i++)
		key_free(store, store->keys[i]);
	free(store->keys);
	free(store);
}

/* Where id is, or where it belongs. */
static size_t key_place(const struct keys_store *store, uint32_t id)
{
	size_t low = 0, high = store->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (store->keys[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct key *key_find(const struct keys_store *store, uint32_t id)
{
	size_t at = key_place(store, id);
	return at < store->count && store->keys[at]->id == id ? store->keys[at] : NULL;
}

/* There is nobody to type a passphrase; without this OpenSSL would ask the terminal. */
static int no_passphrase(char *text, int size, int is_writing, void *arg)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

static EVP_PKEY *pem_read(struct slice pem)
{
	if (!pem.len || pem.len > INT_MAX)
		return NULL;
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	ERR_clear_error();
	return pkey;
}

static bool is_supported(const EVP_PKEY *pkey)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	char curve[64] = "";
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN;
	if (!EVP_PKEY_is_a(pkey, "EC"))
		return false;
	if (!EVP_PKEY_get_group_name(pkey, curve, sizeof(curve), NULL))
		return false;
	for (size_t i = 0; i < COUNT_OF(curves); i++)
		if (strcmp(curve, curves[i]) == 0)
			return true;
	return false;
}

static int key_insert(struct keys_store *store, uint32_t id, struct key **ret_key)
{
	if (store->count == store->cap) {
		size_t cap = store->cap ? store->cap * 2 : 8;
		struct key **keys = reallocarray(store->keys, cap, sizeof(*keys));
		if (!keys)
			return err_raise(-ENOMEM);
		store->keys = keys;
		store->cap = cap;
	}
	struct key *key = calloc(1, sizeof(*key));
	if (!key)
		return err_raise(-ENOMEM);
	size_t at = key_place(store, id);
	memmove(&store->keys[at + 1], &store->keys[at], (store->count - at) * sizeof(key));
	key->id = id;
	store->keys[at] = key;
	store->count++;
	*ret_key = key;
	return 0;
}

int keys_store_add(struct keys_store *store, uint32_t id, struct slice pem)
{
	CLEAN(pkey_freep) EVP_PKEY *pkey = pem_read(pem);
	CLEAN(buf_deinit_secret) struct buf text = {};
	if (!pkey)
		return KEYS_STORE_BAD_PEM;
	if (!is_supported(pkey))
		return KEYS_STORE_UNSUPPORTED;
	struct key *key = key_find(store, id);
	int r = buf_add(&text, pem);
	if (!r && !key)
		r = key_insert(store, id, &key);
	if (r)
		return err_up(r);
	parsed_forget(store, key);
	buf_deinit_secret(&key->pem);
	key->pem = text;
	text = (struct buf){};
	parsed_keep(store, key, TAKE(pkey));
	return 0;
}

void keys_store_remove(struct keys_store *store, uint32_t id)
{
	size_t at = key_place(store, id);
	if (at == store->count || store->keys[at]->id != id)
		return;
	key_free(store, store->keys[at]);
	store->count--;
	memmove(&store->keys[at], &store->keys[at + 1],
	        (store->count - at) * sizeof(store->keys[0]));
}

/* NULL: nobody added that number, or there is no memory. */
static struct key *key_use(struct keys_store *store, uint32_t id)
{
	struct key *key = key_find(store, id);
	if (!key)
		return NULL;
	if (key->pkey) {
		key->next->prev = key->prev;
		key->prev->next = key->next;
		parsed_first(store, key);
		return key;
	}
	EVP_PKEY *pkey = pem_read(buf_slice(&key->pem));
	if (!pkey)
		return NULL;
	parsed_keep(store, key, pkey);
	return key;
}

size_t keys_store_count(const struct keys_store *store)
{
	return store->count;
}

static EVP_PKEY_CTX *signing_new(EVP_PKEY *pkey, const struct scheme *row)
{
	CLEAN(pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	OSSL_PARAM digest[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)row->digest,
		                                 0),
		OSSL_PARAM_construct_end(),
	};
	if (!ctx || EVP_PKEY_sign_init_ex(ctx, NULL) <= 0)
		return NULL;
	if (row->padding && EVP_PKEY_CTX_set_rsa_padding(ctx, row->padding) <= 0)
		return NULL;
	if (EVP_PKEY_CTX_set_params(ctx, digest) <= 0)
		return NULL;
	if (row->padding == RSA_PKCS1_PSS_PADDING &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) <= 0)
		return NULL;
	return TAKE(ctx);
}

static int sign(struct key *key, size_t index, struct slice digest, struct buf *ret_sig)
{
	size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
	uint8_t *at = NULL;
	if (!key->ready[index])
		key->ready[index] = signing_new(key->pkey, &schemes[index]);
	int r = buf_reserve(ret_sig, len, &at);
	if (r)
		return err_up(r);
	if (!key->ready[index] ||
	    EVP_PKEY_sign(key->ready[index], at, &len, digest.data, digest.len) <= 0) {
		ERR_clear_error();
		return KEYS_STORE_FAILED;
	}
	buf_commit(ret_sig, len);
	return 0;
}

int keys_store_sign(struct keys_store *store, uint32_t id, uint16_t scheme, struct slice digest,
                    struct buf *ret_sig)
{
	struct key *key = key_use(store, id);
	if (!key)
		return KEYS_STORE_NO_KEY;
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (schemes[i].scheme != scheme)
			continue;
		if (!EVP_PKEY_is_a(key->pkey, schemes[i].type))
			return KEYS_STORE_BAD_SCHEME;
		if (digest.len != schemes[i].digest_len)
			return KEYS_STORE_BAD_DIGEST;
		return sign(key, i, digest, ret_sig); /* an outcome of the same enum, or ours */
	}
	return KEYS_STORE_BAD_SCHEME;
}

int keys_store_public_digest(struct keys_store *store, uint32_t id, uint8_t ret_sha256[32])
{
	const struct key *key = key_use(store, id);
	unsigned char *der = NULL;
	if (!key)
		return KEYS_STORE_NO_KEY;
	int len = i2d_PUBKEY(key->pkey, &der);
	int done = len > 0 && EVP_Digest(der, (size_t)len, ret_sha256, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	ERR_clear_error();
	return done ? 0 : KEYS_STORE_FAILED;
}
