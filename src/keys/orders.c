#include "keys/orders.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "keys/request.h"
#include "keys/selfsigned.h"
#include "keys/store.h"
#include "proc/msg.h"

#include <errno.h>
#include <unistd.h>

enum { NAMES_MAX = 100, KEY_FILE_MAX = 64 * 1024 };

struct names {
	char text[PROC_REQUEST_NAMES_MAX + 1];
	const char *list[NAMES_MAX];
	size_t count;
};

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* "\n" between. False: none, or too many. */
static bool names_read(struct names *ret_names, struct slice text)
{
	struct slice line;
	char *at = ret_names->text;
	ret_names->count = 0;
	while (slice_line_next(&text, &line)) {
		if (ret_names->count == NAMES_MAX)
			return false;
		ret_names->list[ret_names->count++] = at;
		memcpy(at, line.data, line.len);
		at[line.len] = '\0';
		at += line.len + 1;
	}
	return ret_names->count > 0;
}

/* The key of the file, or a new one that is written there. */
static int key_take(EVP_PKEY **ret_key, enum proc_request_key which, int fd)
{
	CLEAN(buf_deinit_secret) struct buf pem = {};
	CLEAN(pkey_freep) EVP_PKEY *key = NULL;
	if (which == PROC_REQUEST_KEY_THERE) {
		int r = file_read_fd(&pem, fd, KEY_FILE_MAX);
		if (r)
			return err_raise(-EIO);
		key = keys_key_read(buf_slice(&pem));
		if (!key)
			return err_raise(-EINVAL);
	} else {
		key = keys_key_new(which == PROC_REQUEST_KEY_RSA2048 ? KEYS_RSA2048 : KEYS_P256);
		if (!key)
			return err_raise(-ENOMEM);
		int r = keys_key_write(&pem, key);
		if (!r)
			r = file_write_fd(fd, buf_slice(&pem));
		if (r)
			return err_up(r);
	}
	*ret_key = TAKE(key);
	return 0;
}

static int digest_take(EVP_PKEY *key, uint8_t ret_sha256[PROC_SPKI_LEN])
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	bool is_made =
		len > 0 && EVP_Digest(der, (size_t)len, ret_sha256, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	return is_made ? 0 : err_raise(-ENOMEM);
}

static int request_make(struct proc_packer *p, const struct names *names,
                        enum proc_request_key which, int fd)
{
	CLEAN(pkey_freep) EVP_PKEY *key = NULL;
	CLEAN(buf_deinit) struct buf request = {};
	CLEAN(buf_deinit) struct buf chain = {};
	uint8_t digest[PROC_SPKI_LEN];
	const struct keys_certificate stand_in = { .names = names->list,
		                                   .name_count = names->count };
	int r = key_take(&key, which, fd);
	if (!r)
		r = digest_take(key, digest);
	if (!r)
		r = keys_request_make(&request, key, names->list, names->count);
	if (!r)
		r = keys_certificate_make(&chain, key, &stand_in);
	if (r)
		return err_up(r);
	proc_pack_raw(p, slice_of(digest, sizeof(digest)));
	proc_pack_bytes(p, buf_slice(&request));
	proc_pack_raw(p, buf_slice(&chain));
	return 0;
}

int keys_order_request(struct buf *ret_answer, struct slice payload, int fd)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct proc_packer p = proc_packer_onto(ret_answer);
	uint32_t number;
	uint8_t which;
	struct slice text;
	struct names names;
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_u8(&u, &which) ||
	    which > PROC_REQUEST_KEY_RSA2048 || !proc_unpack_text(&u, &text) ||
	    text.len > PROC_REQUEST_NAMES_MAX || !names_read(&names, text))
		return err_raise(-EPROTO);
	proc_pack_u32(&p, number);
	int r = request_make(&p, &names, (enum proc_request_key)which, fd);
	if (r)
		log_error(NULL, "key or request cannot be made", kv_str("name", names.list[0]),
		          kv_str("error", strerror(-r)));
	return p.has_failed ? err_raise(-ENOMEM) : 0;
}

/* A certificate that a CA is shown, and where its key goes. */
struct shown {
	uint32_t key_id;
	int fd;
	struct keys_certificate certificate;
};

static int challenge_make(struct proc_packer *p, struct keys_store *store,
                          const struct shown *shown)
{
	CLEAN(pkey_freep) EVP_PKEY *key = keys_key_new(KEYS_P256);
	CLEAN(buf_deinit) struct buf chain = {};
	CLEAN(buf_deinit_secret) struct buf pem = {};
	int r = key ? keys_key_write(&pem, key) : err_raise(-ENOMEM);
	if (!r)
		r = keys_certificate_make(&chain, key, &shown->certificate);
	if (!r)
		r = file_write_fd(shown->fd, buf_slice(&pem));
	if (!r)
		r = keys_store_add(store, shown->key_id, buf_slice(&pem));
	if (r)
		return err_up(r);
	proc_pack_raw(p, buf_slice(&chain));
	return 0;
}

int keys_order_challenge(struct buf *ret_answer, struct keys_store *store, struct slice payload,
                         int fd)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct proc_packer p = proc_packer_onto(ret_answer);
	uint8_t digest[KEYS_DIGEST_LEN];
	struct slice text;
	char name[256];
	const char *names[] = { name };
	struct shown shown = { .fd = fd, .certificate = { names, 1, digest } };
	if (!proc_unpack_u32(&u, &shown.key_id) || !proc_unpack_raw(&u, digest, sizeof(digest)) ||
	    !proc_unpack_text(&u, &text))
		return err_raise(-EPROTO);
	slice_to_text(text, name, sizeof(name));
	proc_pack_u32(&p, shown.key_id);
	int r = challenge_make(&p, store, &shown);
	if (r)
		log_error(NULL, "certificate for tls-alpn-01 cannot be made", kv_str("name", name),
		          kv_str("error", strerror(-r)));
	return p.has_failed ? err_raise(-ENOMEM) : 0;
}
