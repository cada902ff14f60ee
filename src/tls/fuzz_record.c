/*
 * A peer that has the keys and says what it likes: each record of the input is sealed as it wants
 * (its type, its content, padding), some after a KeyUpdate of the peer, some changed on their way,
 * and then all of it comes in pieces. Byte 0: suite, version, role; byte 1: size of the pieces;
 * byte 2: room of the caller. A record: type, flags, two bytes of length, content.
 */
#include "base/clean.h"
#include "tls/record_private.h"

#undef NDEBUG
#include <assert.h>

enum { HEAD_LEN = 3, RECORD_HEAD_LEN = 4, FLAG_CHANGED = 1, FLAG_RENEWED = 2, FLAG_WRITE = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_records *end_make(uint8_t kind, bool is_server)
{
	static const uint8_t secrets[2][TLS_RECORD_SECRET_MAX] = { "client", "server" };
	enum tls_record_suite suite = (enum tls_record_suite)((kind >> 2) % TLS_RECORD_SUITE_COUNT);
	size_t len = suite == TLS_RECORD_AES_256_GCM ? 48 : 32;
	struct tls_records_settings set = { .suite = suite,
		                            .is_tls13 = kind & 1,
		                            .is_server = is_server,
		                            .client_secret = slice_of(secrets[0], len),
		                            .server_secret = slice_of(secrets[1], len),
		                            .master = slice_of(secrets[0], 48),
		                            .client_random = slice_of(secrets[0], 32),
		                            .server_random = slice_of(secrets[1], 32) };
	struct tls_records *r = NULL;
	assert(tls_records_new(&r, &set) == 0);
	return r;
}

/* The next record of the input, sealed. */
static void peer_says(struct tls_records *peer, struct slice *input, struct buf *wire)
{
	const uint8_t *head = input->data;
	size_t wanted = (size_t)head[2] << 8 | head[3];
	struct slice content = slice_head(slice_skip(*input, RECORD_HEAD_LEN), wanted);
	content = slice_head(content, TLS_RECORD_PLAIN_MAX);
	*input = slice_skip(*input, RECORD_HEAD_LEN + content.len);
	size_t before = buf_len(wire);
	assert(tls_record_send(peer, head[0], content, wire) == 0);
	if (head[1] & FLAG_CHANGED)
		wire->data[wire->start + before + head[1] % (buf_len(wire) - before)] ^= 0x10;
	if (head[1] & FLAG_RENEWED && peer->is_tls13)
		assert(tls_record_renew(peer, &peer->write) == 0);
}

/* Feeds what is on the wire. False: it is over. */
static bool ours_hears(struct tls_records *ours, struct buf *wire, size_t step, size_t cap)
{
	static uint8_t plain[256 * 64];
	CLEAN(buf_deinit) struct buf out = {};
	while (buf_len(wire)) {
		struct slice piece = slice_head(buf_slice(wire), step);
		size_t fed = piece.len, len = 0;
		int r = 0;
		while (!r) {
			r = tls_records_open(ours, &piece, &out, plain, cap, &len);
			assert(r || (len && len <= cap));
		}
		assert(r > 0);
		assert((r == TLS_FAILED) == (tls_records_error(ours)[0] != '\0'));
		if (r != TLS_MORE)
			return false;
		assert(!piece.len);
		buf_consume(wire, fed);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD_LEN)
		return 0;
	CLEAN(buf_deinit) struct buf wire = {};
	CLEAN(buf_deinit) struct buf out = {};
	struct slice input = slice_of(data + HEAD_LEN, size - HEAD_LEN);
	bool is_server = data[0] & 2;
	struct tls_records *ours = end_make(data[0], is_server);
	struct tls_records *peer = end_make(data[0], !is_server);
	bool goes_on = true;
	while (goes_on && input.len >= RECORD_HEAD_LEN) {
		bool writes = input.data[1] & FLAG_WRITE;
		peer_says(peer, &input, &wire);
		goes_on =
			ours_hears(ours, &wire, 1 + (size_t)data[1] * 16, 1 + (size_t)data[2] * 63);
		if (writes)
			assert(tls_records_seal(ours, slice_str("answer"), &out) >= 0);
		buf_clear(&out);
	}
	tls_records_close(ours, &out);
	tls_records_free(ours);
	tls_records_free(peer);
	return 0;
}
