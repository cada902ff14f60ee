#include "watch/tls_look.h"

#include "base/err.h"
#include "tls/hello.h"
#include "watch/ear.h"
#include "watch/wire.h"

#include <stdlib.h>

enum {
	RECORD_HEADER = 5,
	RECORD_MAX = 16384 + 2048,
	CHANGE = 0x14,
	ALERT = 0x15,
	HANDSHAKE = 0x16,
	DATA = 0x17,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
};

void watch_tls_look_deinit(struct watch_tls_look *l)
{
	tls_answer_deinit(&l->answer);
	free(l->certificate);
	*l = (struct watch_tls_look){};
}

/* content type, 03 00 to 03 04, a length, and the kind of message; alerts have two bytes. */
static enum watch_fit record_fit(struct slice s, uint8_t content, uint8_t message)
{
	const uint8_t begin[] = { content, 3 };
	if (memcmp(s.data, begin, s.len < 2 ? s.len : 2))
		return WATCH_FIT_NO;
	if (s.len <= RECORD_HEADER)
		return WATCH_FIT_MORE;
	uint16_t len = watch_u16(s.data + 3);
	if (s.data[2] > 4 || !len || len > RECORD_MAX)
		return WATCH_FIT_NO;
	if (content == ALERT)
		return len == 2 ? WATCH_FIT_YES : WATCH_FIT_NO;
	return s.data[5] == message ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* 80 len 01 version, lengths: CLIENT-HELLO of SSL 2, by which old clients offer SSL 3 and TLS too.
 */
static enum watch_fit ssl2_fit(struct slice s)
{
	if (!(s.data[0] & 0x80))
		return WATCH_FIT_NO;
	if (s.len < 11)
		return s.len < 3 || s.data[2] == CLIENT_HELLO ? WATCH_FIT_MORE : WATCH_FIT_NO;
	uint16_t version = watch_u16(s.data + 3), suites = watch_u16(s.data + 5);
	uint16_t challenge = watch_u16(s.data + 9);
	return s.data[2] == CLIENT_HELLO && (version == 2 || version >> 8 == 3) && suites &&
	                       suites % 3 == 0 && challenge >= 16 && challenge <= 32
	               ? WATCH_FIT_YES
	               : WATCH_FIT_NO;
}

static enum watch_fit better(enum watch_fit a, enum watch_fit b)
{
	return a > b ? a : b;
}

enum watch_fit watch_tls_fit(const struct watch_opening *o)
{
	enum watch_fit fit = o->client.len || o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	if (o->client.len)
		fit = better(record_fit(o->client, HANDSHAKE, CLIENT_HELLO), ssl2_fit(o->client));
	if (o->server.len && fit != WATCH_FIT_YES)
		fit = better(fit, record_fit(o->server, HANDSHAKE, SERVER_HELLO));
	return fit;
}

/* Application data; or ChangeCipherSpec, behind which all is encrypted. */
static bool record_is_sealed(uint8_t content, size_t len)
{
	return content == DATA ? len >= 17 && len <= RECORD_MAX : content == CHANGE && len == 1;
}

/* Two that follow each other, or one that is all there is. */
bool watch_tls_is_records(struct slice input, uint16_t *ret_version)
{
	int count = 0;
	while (count < 2 && input.len >= RECORD_HEADER) {
		uint16_t version = watch_u16(input.data + 1);
		size_t len = watch_u16(input.data + 3);
		bool is_next = count && input.data[0] == HANDSHAKE && len <= RECORD_MAX;
		if ((!record_is_sealed(input.data[0], len) && !is_next) || version < 0x0301 ||
		    version > 0x0303)
			return false;
		*ret_version = version;
		count++;
		if (len + RECORD_HEADER > input.len)
			return count == 2;
		input = slice_skip(input, len + RECORD_HEADER);
	}
	return count == 2 || (count == 1 && !input.len);
}

static size_t client_feed(struct watch_tls_look *l, struct slice input)
{
	struct tls_hello hello;
	if (l->is_hello_done)
		return input.len;
	int r = tls_hello_parse(input, &hello);
	if (r == TLS_HELLO_MORE)
		return 0;
	l->is_hello_done = true;
	if (!r) {
		slice_to_text(slice_str(hello.sni), l->found.sni, sizeof(l->found.sni));
		tls_ja4_write(&hello, l->found.ja4);
	}
	if (!r && l->ear)
		l->ear->hello(l->ear, &hello);
	return input.len;
}

/* What stands in the answer so far. */
static void answer_note(struct watch_tls_look *l)
{
	const struct tls_answer *a = &l->answer;
	bool is_hello = a->kind == TLS_ANSWER_HELLO || a->kind == TLS_ANSWER_RETRY;
	if (is_hello) {
		l->found.has_answer = true;
		l->found.version = a->version;
		l->found.suite = a->suite;
		l->found.group = a->group;
	} else if (a->kind == TLS_ANSWER_SSL2) {
		l->found.has_answer = true;
		l->found.version = 2;
	}
	l->found.is_refused = a->has_alert && !is_hello;
}

static int server_feed(struct watch_tls_look *l, struct slice input)
{
	if (l->is_answer_done)
		return 0;
	int r = tls_answer_feed(&l->answer, input);
	if (r < 0)
		return err_up(r);
	l->is_answer_done = r != TLS_ANSWER_MORE;
	answer_note(l);
	if (!l->answer.certificate_count || l->has_certificate)
		return 0;
	l->has_certificate = true;
	return err_up(
		watch_certificate_read(&l->certificate, tls_answer_certificate(&l->answer, 0)));
}

int watch_tls_look_feed(struct watch_tls_look *l, enum watch_side side, struct slice input,
                        size_t *ret_used)
{
	int r = 0;
	*ret_used = input.len;
	if (side == WATCH_CLIENT)
		*ret_used = client_feed(l, input);
	else
		r = server_feed(l, input);
	return err_up(r);
}
