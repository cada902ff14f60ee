#include "tls/record.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/patience.h"
#include "tls/record_private.h"

#include <assert.h>
#include <errno.h>

/*
 * RFC 8446 5.5: 2^24.5 records of AES-GCM under one key. Long before that ours is renewed and the
 * peer is asked to renew its own; TLS 1.2 has no way to do that. ChaCha20 has no such limit, and
 * is renewed all the same.
 */
enum { RECORDS_PER_KEY = 1 << 23, RECORDS_MAX = 23726566 };

static void records_freep(struct tls_records **r)
{
	tls_records_free(*r);
}

int tls_records_new(struct tls_records **ret_r, const struct tls_records_settings *set)
{
	CLEAN(records_freep) struct tls_records *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->suite = (uint8_t)set->suite;
	r->is_tls13 = set->is_tls13;
	r->is_server = set->is_server;
	r->read.sequence = set->read_sequence;
	r->write.sequence = set->write_sequence;
	r->patience = TLS_PATIENCE;
	int e = tls_record_keys_fill(r, set);
	if (e)
		return err_up(e);
	*ret_r = TAKE(r);
	return 0;
}

static void rest_free(struct tls_record_rest **rest)
{
	if (*rest)
		explicit_bzero((*rest)->bytes, (*rest)->cap);
	free(*rest);
	*rest = NULL;
}

void tls_records_free(struct tls_records *r)
{
	if (!r)
		return;
	tls_record_forget(&r->read);
	tls_record_forget(&r->write);
	rest_free(&r->part);
	rest_free(&r->plain);
	explicit_bzero(r, sizeof(*r));
	free(r);
}

const char *tls_records_error(const struct tls_records *r)
{
	return r->error ? r->error : "";
}

bool tls_records_is_ended_by_peer(const struct tls_records *r)
{
	return r->has_ended;
}

size_t tls_records_size(const struct tls_records *r)
{
	size_t part = r->part ? sizeof(*r->part) + r->part->cap : 0;
	size_t plain = r->plain ? sizeof(*r->plain) + r->plain->cap : 0;
	return sizeof(*r) + part + plain;
}

/* Out */

int tls_record_send(struct tls_records *r, enum tls_record_type type, struct slice plain,
                    struct buf *out)
{
	uint8_t *at;
	size_t len = plain.len + tls_record_overhead(r);
	int e = buf_reserve(out, len, &at);
	if (!e)
		e = tls_record_encrypt(r, type, plain, at);
	if (e)
		return err_up(e);
	buf_commit(out, len);
	r->has_answered = false;
	return 0;
}

static int alert_send(struct tls_records *r, uint8_t level, enum tls_record_alert alert,
                      struct buf *out)
{
	const uint8_t bytes[] = { level, (uint8_t)alert };
	return err_up(tls_record_send(r, TLS_RECORD_ALERT, slice_of(bytes, sizeof(bytes)), out));
}

int tls_record_fail(struct tls_records *r, struct buf *out, enum tls_record_alert alert,
                    const char *words)
{
	enum { LEVEL_FATAL = 2 };
	r->is_dead = true;
	r->error = words;
	if (!r->is_closed)
		(void)!alert_send(r, LEVEL_FATAL, alert, out);
	return TLS_FAILED;
}

int tls_record_noise(struct tls_records *r, struct buf *out)
{
	if (tls_patience_spend(&r->patience))
		return 0;
	return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
	                       "too many messages without data");
}

static bool is_over(const struct tls_records *r, uint64_t sequence)
{
	return r->suite != TLS_RECORD_CHACHA20 && sequence >= RECORDS_MAX;
}

/* Before a record with data: a key that was used enough, or whose renewal the peer waits for, is
 * renewed, or the session ends. */
static int key_keep(struct tls_records *r, struct buf *out)
{
	if (r->owes_update || (r->is_tls13 && r->write.sequence >= RECORDS_PER_KEY))
		return err_up(tls_record_update(r, false, out));
	if (is_over(r, r->write.sequence))
		return tls_record_fail(r, out, TLS_ALERT_INTERNAL_ERROR,
		                       "too many records under one key");
	return 0;
}

int tls_records_seal(struct tls_records *r, struct slice plain, struct buf *out)
{
	uint8_t *room;
	size_t records = plain.len / TLS_RECORD_PLAIN_MAX + 1;
	if (r->is_dead || r->is_closed)
		return TLS_FAILED;
	/* One step of growing in place of one for each record. */
	int e = buf_reserve(out, plain.len + records * tls_record_overhead(r), &room);
	while (!e && plain.len) {
		struct slice piece = slice_head(plain, TLS_RECORD_PLAIN_MAX);
		e = key_keep(r, out);
		if (!e)
			e = tls_record_send(r, TLS_RECORD_DATA, piece, out);
		if (!e)
			tls_patience_earn(&r->patience, 1);
		plain = slice_skip(plain, piece.len);
	}
	return e; /* TLS_FAILED, or -ENOMEM */
}

void tls_records_close(struct tls_records *r, struct buf *out)
{
	enum { LEVEL_WARNING = 1 };
	if (r->is_dead || r->is_closed)
		return;
	(void)!alert_send(r, LEVEL_WARNING, TLS_ALERT_CLOSE_NOTIFY, out);
	r->is_closed = true;
}

/* In */

/* What a record is, as its header says it; checked before any of it is kept. */
static int header_check(struct tls_records *r, const uint8_t *header, struct buf *out)
{
	size_t least = tls_record_overhead(r) - TLS_RECORD_HEADER_LEN;
	size_t body_len = (size_t)header[3] << 8 | header[4];
	if (r->is_tls13 && header[0] != TLS_RECORD_DATA)
		return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
		                       "a record in clear after the handshake");
	/* RFC 8446 5.1: the version there is to be ignored. */
	if (!r->is_tls13 && (header[1] != 3 || header[2] != 3))
		return tls_record_fail(r, out, TLS_ALERT_PROTOCOL_VERSION,
		                       "a record of another TLS version");
	/* In TLS 1.3 the byte of the type is overhead, so that padding counts (RFC 8446 5.4). */
	if (body_len > TLS_RECORD_PLAIN_MAX + least)
		return tls_record_fail(r, out, TLS_ALERT_RECORD_OVERFLOW, "a record too long");
	if (body_len < least - (r->is_tls13 ? 1 : 0))
		return tls_record_fail(r, out, TLS_ALERT_BAD_RECORD_MAC, "a record too short");
	return 0;
}

static size_t record_len(const uint8_t *header)
{
	return TLS_RECORD_HEADER_LEN + ((size_t)header[3] << 8 | header[4]);
}

static int rest_new(struct tls_record_rest **rest, size_t cap)
{
	struct tls_record_rest *grown = realloc(*rest, sizeof(*grown) + cap);
	if (!grown)
		return err_raise(-ENOMEM);
	if (!*rest)
		*grown = (struct tls_record_rest){};
	grown->cap = (uint16_t)cap;
	*rest = grown;
	return 0;
}

/* Moves what is missing of len bytes to the part. */
static void part_fill(struct tls_record_rest *part, size_t len, struct slice *input)
{
	struct slice piece = slice_head(*input, len > part->len ? len - part->len : 0);
	if (piece.len)
		memcpy(part->bytes + part->len, piece.data, piece.len);
	part->len = (uint16_t)(part->len + piece.len);
	*input = slice_skip(*input, piece.len);
}

/* A record that does not come in one piece. Its memory is for all of it, once that is known. */
static int part_take(struct tls_records *r, struct slice *input, struct buf *out,
                     struct slice *ret_record)
{
	int e = r->part ? 0 : rest_new(&r->part, TLS_RECORD_HEADER_LEN);
	if (e)
		return err_up(e);
	if (r->part->len < TLS_RECORD_HEADER_LEN) {
		part_fill(r->part, TLS_RECORD_HEADER_LEN, input);
		if (r->part->len < TLS_RECORD_HEADER_LEN)
			return TLS_MORE;
		e = header_check(r, r->part->bytes, out);
		if (!e)
			e = rest_new(&r->part, record_len(r->part->bytes));
		if (e)
			return e; /* TLS_FAILED, or -ENOMEM */
	}
	part_fill(r->part, r->part->cap, input);
	if (r->part->len < r->part->cap)
		return TLS_MORE;
	*ret_record = slice_of(r->part->bytes, r->part->len);
	return 0;
}

static int record_next(struct tls_records *r, struct slice *input, struct buf *out,
                       struct slice *ret_record)
{
	if (!input->len)
		return TLS_MORE;
	if (!r->part && input->len >= TLS_RECORD_HEADER_LEN) {
		int e = header_check(r, input->data, out);
		if (e)
			return e;
		*ret_record = slice_head(*input, record_len(input->data));
		if (ret_record->len == record_len(input->data)) {
			*input = slice_skip(*input, ret_record->len);
			return 0;
		}
	}
	return part_take(r, input, out, ret_record);
}

/* RFC 8446 5.4: zeros behind the type are padding. False: there is nothing else. */
static bool padding_strip(struct slice *inner, uint8_t *ret_type)
{
	while (inner->len && !inner->data[inner->len - 1])
		inner->len--;
	if (!inner->len)
		return false;
	*ret_type = inner->data[--inner->len];
	return true;
}

/* Before the record's content is looked at. */
static int sequence_keep(struct tls_records *r, struct buf *out)
{
	if (is_over(r, r->read.sequence))
		return tls_record_fail(r, out, TLS_ALERT_INTERNAL_ERROR,
		                       "the peer did not renew its key");
	if (r->is_tls13 && !r->is_closed && r->read.sequence &&
	    r->read.sequence % RECORDS_PER_KEY == 0)
		return err_up(tls_record_update(r, true, out));
	return 0;
}

static int decrypt(struct tls_records *r, struct slice record, struct buf *out, uint8_t *plain,
                   struct slice *ret_content, uint8_t *ret_type)
{
	size_t overhead = tls_record_overhead(r) - (r->is_tls13 ? 1 : 0);
	int e = sequence_keep(r, out);
	if (!e)
		e = tls_record_decrypt(r, record, plain);
	if (e == TLS_FAILED && !r->is_dead)
		return tls_record_fail(r, out, TLS_ALERT_BAD_RECORD_MAC,
		                       "a record that was changed on its way");
	if (e)
		return e;
	*ret_content = slice_of(plain, record.len - overhead);
	*ret_type = record.data[0];
	if (r->is_tls13 && !padding_strip(ret_content, ret_type))
		return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE, "a record of nothing");
	return 0;
}

/* 0: data of some length; TLS_MORE: nothing for the caller. */
static int content_take(struct tls_records *r, uint8_t type, struct slice content, struct buf *out)
{
	if (type == TLS_RECORD_DATA && content.len) {
		if (r->message_len)
			return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
			                       "data inside a handshake message");
		tls_patience_restore(&r->patience);
		return 0;
	}
	int e = tls_record_noise(r, out);
	if (e)
		return e;
	/* RFC 8446 5.1, RFC 5246 6.2.1: only data may be empty. */
	if (type != TLS_RECORD_HANDSHAKE && r->message_len)
		return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
		                       "a record inside a handshake message");
	if (type != TLS_RECORD_DATA && !content.len)
		return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
		                       "an empty record of a kind that may not be");
	if (type == TLS_RECORD_ALERT)
		e = tls_record_on_alert(r, content, out);
	else if (type == TLS_RECORD_HANDSHAKE)
		e = tls_record_on_handshake(r, content, out);
	else if (type != TLS_RECORD_DATA)
		e = tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
		                    "a record of a kind that may not be");
	return e ? e : TLS_MORE;
}

static int plain_give(struct tls_records *r, uint8_t *plain, size_t cap, size_t *ret_len)
{
	struct tls_record_rest *rest = r->plain;
	struct slice piece = slice_head(
		slice_of(rest->bytes + rest->start, (size_t)rest->len - rest->start), cap);
	memcpy(plain, piece.data, piece.len);
	*ret_len = piece.len;
	rest->start = (uint16_t)(rest->start + piece.len);
	if (rest->start == rest->len)
		rest_free(&r->plain);
	return 0;
}

/* The caller has no room for all that may be in the record. */
static int record_open_aside(struct tls_records *r, struct slice record, struct buf *out)
{
	struct slice content = {};
	uint8_t type = 0;
	int e = rest_new(&r->plain, record.len);
	if (!e)
		e = decrypt(r, record, out, r->plain->bytes, &content, &type);
	if (!e)
		e = content_take(r, type, content, out);
	if (e)
		rest_free(&r->plain);
	else
		r->plain->len = (uint16_t)content.len;
	return e;
}

static int record_open(struct tls_records *r, struct slice record, struct buf *out, uint8_t *plain,
                       size_t cap, size_t *ret_len)
{
	struct slice content = {};
	uint8_t type = 0;
	if (record.len > cap) {
		int e = record_open_aside(r, record, out);
		return e ? e : plain_give(r, plain, cap, ret_len);
	}
	int e = decrypt(r, record, out, plain, &content, &type);
	if (!e)
		e = content_take(r, type, content, out);
	if (!e)
		*ret_len = content.len;
	return e;
}

int tls_records_open(struct tls_records *r, struct slice *input, struct buf *out, uint8_t *plain,
                     size_t cap, size_t *ret_len)
{
	int e = TLS_MORE;
	if (r->is_dead)
		return TLS_FAILED;
	assert(cap);
	if (r->plain)
		return plain_give(r, plain, cap, ret_len);
	while (e == TLS_MORE) {
		struct slice record = {};
		if (r->has_ended)
			return TLS_CLOSED;
		e = record_next(r, input, out, &record);
		if (e)
			return e;
		e = record_open(r, record, out, plain, cap, ret_len);
		rest_free(&r->part);
	}
	return e; /* 0, TLS_FAILED, or -ENOMEM */
}
