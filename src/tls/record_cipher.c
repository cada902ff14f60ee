/* The AEADs of records: nonces, additional data, and the few ciphers that all sessions share. */
#include "base/clean.h"
#include "base/err.h"
#include "tls/record_keys.h"
#include "tls/record_private.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>

enum { ADDITIONAL_MAX = 13, KEY_MAX = 32, SALT_LEN = 4 };

static const struct suite {
	const char *name;
	enum tls_digest digest;
	uint8_t key_len;
	uint8_t secret_len; /* of the digest */
} suites[] = {
	[TLS_RECORD_AES_128_GCM] = { "AES-128-GCM", TLS_DIGEST_SHA256, 16, 32 },
	[TLS_RECORD_AES_256_GCM] = { "AES-256-GCM", TLS_DIGEST_SHA384, 32, 48 },
	[TLS_RECORD_CHACHA20] = { "ChaCha20-Poly1305", TLS_DIGEST_SHA256, 32, 32 },
};
_Static_assert(COUNT_OF(suites) == TLS_RECORD_SUITE_COUNT);

static bool has_explicit_nonce(const struct tls_records *r)
{
	return !r->is_tls13 && r->suite != TLS_RECORD_CHACHA20;
}

size_t tls_record_overhead(const struct tls_records *r)
{
	size_t inside = r->is_tls13 ? 1 : has_explicit_nonce(r) ? TLS_RECORD_EXPLICIT_LEN : 0;
	return TLS_RECORD_HEADER_LEN + inside + TLS_RECORD_TAG_LEN;
}

static void number_write(uint8_t *at, uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		at[i] = (uint8_t)number;
}

static uint64_t number_read(const uint8_t *at)
{
	uint64_t number = 0;
	for (int i = 0; i < 8; i++)
		number = number << 8 | at[i];
	return number;
}

/* Keys */

static int key_derive(const struct tls_records *r, const struct tls_record_side *side,
                      uint8_t ret_key[KEY_MAX], uint8_t ret_nonce[TLS_RECORD_NONCE_LEN])
{
	const struct suite *suite = &suites[r->suite];
	struct slice secret = slice_of(side->secret, suite->secret_len);
	if (!r->is_tls13) {
		memcpy(ret_key, side->secret, suite->key_len);
		memcpy(ret_nonce, side->secret + suite->key_len, TLS_RECORD_NONCE_LEN);
		return 0;
	}
	int e = tls_record_expand(suite->digest, secret, "key", ret_key, suite->key_len);
	if (!e)
		e = tls_record_expand(suite->digest, secret, "iv", ret_nonce, TLS_RECORD_NONCE_LEN);
	return err_up(e);
}

int tls_record_renew(struct tls_records *r, struct tls_record_side *side)
{
	const struct suite *suite = &suites[r->suite];
	struct slice secret = slice_of(side->secret, suite->secret_len);
	uint8_t next[TLS_RECORD_SECRET_MAX];
	int e = tls_record_expand(suite->digest, secret, "traffic upd", next, suite->secret_len);
	if (!e)
		memcpy(side->secret, next, suite->secret_len);
	explicit_bzero(next, sizeof(next));
	if (e)
		return err_up(e);
	side->sequence = 0;
	tls_record_forget(side);
	return 0;
}

/* RFC 5246 6.3: keys of both, then the fixed parts of both nonces (4 bytes of GCM's, RFC 5288 3).
 */
static int block_take(struct tls_records *r, const struct tls_records_settings *set)
{
	const struct suite *suite = &suites[r->suite];
	size_t key_len = suite->key_len;
	size_t fixed_len = has_explicit_nonce(r) ? SALT_LEN : TLS_RECORD_NONCE_LEN;
	uint8_t block[2 * (KEY_MAX + TLS_RECORD_NONCE_LEN)];
	const struct tls_record_prf prf = { .digest = suite->digest,
		                            .secret = set->master,
		                            .label = "key expansion",
		                            .seed = { set->server_random, set->client_random } };
	struct tls_record_side *client = set->is_server ? &r->read : &r->write;
	struct tls_record_side *server = set->is_server ? &r->write : &r->read;
	int e = tls_record_prf(&prf, block, 2 * (key_len + fixed_len));
	if (e) {
		explicit_bzero(block, sizeof(block));
		return err_up(e);
	}
	memcpy(client->secret, block, key_len);
	memcpy(server->secret, block + key_len, key_len);
	memcpy(client->secret + key_len, block + 2 * key_len, fixed_len);
	memcpy(server->secret + key_len, block + 2 * key_len + fixed_len, fixed_len);
	explicit_bzero(block, sizeof(block));
	/* OpenSSL begins at a number of its own: ours go on behind its last one. */
	if (has_explicit_nonce(r))
		number_write(r->write.secret + key_len + SALT_LEN,
		             set->explicit_nonce - set->write_sequence);
	return 0;
}

int tls_record_keys_fill(struct tls_records *r, const struct tls_records_settings *set)
{
	size_t len = suites[r->suite].secret_len;
	if (!r->is_tls13)
		return err_up(block_take(r, set));
	assert(set->client_secret.len == len && set->server_secret.len == len);
	memcpy(r->read.secret, (set->is_server ? set->client_secret : set->server_secret).data,
	       len);
	memcpy(r->write.secret, (set->is_server ? set->server_secret : set->client_secret).data,
	       len);
	return 0;
}

/* Lanes */

static EVP_CIPHER *cipher_of(struct tls_library *library, uint8_t suite)
{
	if (!library->record_ciphers[suite])
		library->record_ciphers[suite] = EVP_CIPHER_fetch(NULL, suites[suite].name, NULL);
	return library->record_ciphers[suite];
}

static struct tls_record_lane *lane_find(struct tls_library *library,
                                         const struct tls_record_side *side)
{
	for (size_t i = 0; i < TLS_LANES; i++)
		if (library->lanes[i].side == side)
			return &library->lanes[i];
	return NULL;
}

/* The cipher may have been another's: with the same algorithm a new key replaces the old one. */
static bool lane_key(struct tls_library *library, struct tls_record_lane *lane, uint8_t suite,
                     const uint8_t *key, bool seals)
{
	EVP_CIPHER *cipher = NULL;
	if (!lane->cipher) {
		lane->cipher = EVP_CIPHER_CTX_new();
		lane->suite = TLS_RECORD_SUITE_COUNT;
	}
	if (!lane->cipher)
		return false;
	if (lane->suite != suite) {
		cipher = cipher_of(library, suite);
		if (!cipher)
			return false;
	}
	lane->suite = TLS_RECORD_SUITE_COUNT;
	if (!EVP_CipherInit_ex2(lane->cipher, cipher, key, NULL, seals, NULL))
		return false;
	lane->suite = suite;
	return true;
}

/* NULL: no memory. */
static struct tls_record_lane *lane_take(struct tls_records *r, const struct tls_record_side *side)
{
	struct tls_library *library = NULL;
	uint8_t key[KEY_MAX];
	if (tls_library_open(&library))
		return NULL;
	struct tls_record_lane *lane = lane_find(library, side);
	if (lane)
		return lane;
	lane = &library->lanes[library->next_lane++ % TLS_LANES];
	lane->side = NULL;
	bool is_set = key_derive(r, side, key, lane->nonce) == 0 &&
	              lane_key(library, lane, r->suite, key, side == &r->write);
	explicit_bzero(key, sizeof(key));
	if (!is_set)
		return NULL;
	lane->side = side;
	return lane;
}

void tls_record_forget(const struct tls_record_side *side)
{
	struct tls_library *library = NULL;
	if (tls_library_open(&library))
		return;
	struct tls_record_lane *lane = lane_find(library, side);
	if (!lane)
		return;
	lane->side = NULL;
	lane->suite = TLS_RECORD_SUITE_COUNT;
	EVP_CIPHER_CTX_reset(lane->cipher); /* wipes what it frees */
	explicit_bzero(lane->nonce, sizeof(lane->nonce));
}

/* Records */

/* RFC 8446 5.3, RFC 7905 2; GCM of TLS 1.2 counts up the half that is sent. */
static void nonce_make(const struct tls_records *r, const struct tls_record_lane *lane,
                       uint64_t sequence, uint8_t ret_nonce[TLS_RECORD_NONCE_LEN])
{
	uint64_t half = number_read(lane->nonce + SALT_LEN);
	memcpy(ret_nonce, lane->nonce, SALT_LEN);
	number_write(ret_nonce + SALT_LEN,
	             has_explicit_nonce(r) ? half + sequence : half ^ sequence);
}

/* RFC 8446 5.2: the header; RFC 5246 6.2.3.3: what the header would have been in clear. */
static size_t additional_make(const struct tls_records *r, uint64_t sequence, const uint8_t *header,
                              size_t plain_len, uint8_t ret_bytes[ADDITIONAL_MAX])
{
	if (r->is_tls13) {
		memcpy(ret_bytes, header, TLS_RECORD_HEADER_LEN);
		return TLS_RECORD_HEADER_LEN;
	}
	number_write(ret_bytes, sequence);
	memcpy(ret_bytes + 8, header, 3);
	ret_bytes[11] = (uint8_t)(plain_len >> 8);
	ret_bytes[12] = (uint8_t)plain_len;
	return ADDITIONAL_MAX;
}

static bool start(struct tls_record_lane *lane, const uint8_t *nonce, const uint8_t *additional,
                  size_t additional_len)
{
	int len;
	return EVP_CipherInit_ex2(lane->cipher, NULL, NULL, nonce, -1, NULL) &&
	       EVP_CipherUpdate(lane->cipher, NULL, &len, additional, (int)additional_len);
}

static bool update(struct tls_record_lane *lane, uint8_t *out, const uint8_t *in, size_t len)
{
	int written;
	return !len || EVP_CipherUpdate(lane->cipher, out, &written, in, (int)len);
}

static size_t header_write(const struct tls_records *r, enum tls_record_type type, size_t plain_len,
                           uint8_t *at)
{
	size_t body_len = plain_len + tls_record_overhead(r) - TLS_RECORD_HEADER_LEN;
	at[0] = (uint8_t)(r->is_tls13 ? TLS_RECORD_DATA : type);
	at[1] = 3;
	at[2] = 3;
	at[3] = (uint8_t)(body_len >> 8);
	at[4] = (uint8_t)body_len;
	return TLS_RECORD_HEADER_LEN;
}

int tls_record_encrypt(struct tls_records *r, enum tls_record_type type, struct slice plain,
                       uint8_t *ret_record)
{
	struct tls_record_lane *lane = lane_take(r, &r->write);
	uint8_t nonce[TLS_RECORD_NONCE_LEN], additional[ADDITIONAL_MAX];
	const uint8_t inner_type = (uint8_t)type;
	int len;
	if (!lane)
		return err_raise(-ENOMEM);
	nonce_make(r, lane, r->write.sequence, nonce);
	uint8_t *at = ret_record + header_write(r, type, plain.len, ret_record);
	size_t additional_len =
		additional_make(r, r->write.sequence, ret_record, plain.len, additional);
	if (has_explicit_nonce(r)) {
		memcpy(at, nonce + SALT_LEN, TLS_RECORD_EXPLICIT_LEN);
		at += TLS_RECORD_EXPLICIT_LEN;
	}
	bool is_made = start(lane, nonce, additional, additional_len) &&
	               update(lane, at, plain.data, plain.len) &&
	               update(lane, at + plain.len, &inner_type, r->is_tls13 ? 1 : 0);
	at += plain.len + (r->is_tls13 ? 1 : 0);
	is_made = is_made && EVP_CipherFinal_ex(lane->cipher, at, &len) &&
	          EVP_CIPHER_CTX_ctrl(lane->cipher, EVP_CTRL_AEAD_GET_TAG, TLS_RECORD_TAG_LEN, at);
	r->write.sequence++;
	return is_made ? 0 : err_raise(-ENOMEM);
}

int tls_record_decrypt(struct tls_records *r, struct slice record, uint8_t *ret_plain)
{
	struct tls_record_lane *lane = lane_take(r, &r->read);
	uint8_t nonce[TLS_RECORD_NONCE_LEN], additional[ADDITIONAL_MAX], tag[TLS_RECORD_TAG_LEN];
	struct slice body = slice_skip(record, TLS_RECORD_HEADER_LEN);
	int len;
	if (!lane)
		return err_raise(-ENOMEM);
	nonce_make(r, lane, r->read.sequence, nonce);
	if (has_explicit_nonce(r)) {
		memcpy(nonce + SALT_LEN, body.data, TLS_RECORD_EXPLICIT_LEN);
		body = slice_skip(body, TLS_RECORD_EXPLICIT_LEN);
	}
	body.len -= TLS_RECORD_TAG_LEN;
	memcpy(tag, body.data + body.len, sizeof(tag));
	size_t additional_len =
		additional_make(r, r->read.sequence, record.data, body.len, additional);
	if (!start(lane, nonce, additional, additional_len) ||
	    !update(lane, ret_plain, body.data, body.len) ||
	    !EVP_CIPHER_CTX_ctrl(lane->cipher, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag))
		return err_raise(-ENOMEM);
	if (EVP_CipherFinal_ex(lane->cipher, ret_plain + body.len, &len) <= 0) {
		explicit_bzero(ret_plain, body.len);
		ERR_clear_error();
		return TLS_FAILED;
	}
	r->read.sequence++;
	return 0;
}
