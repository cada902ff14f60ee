/* What a peer may say beside data once the handshake is over. */
#include "base/clean.h"
#include "base/err.h"
#include "tls/record_private.h"

enum {
	MESSAGE_HELLO_REQUEST = 0,
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_NEW_SESSION_TICKET = 4,
	MESSAGE_KEY_UPDATE = 24,
};

/* The largest NewSessionTicket (RFC 8446 4.6.1); anything else here is far below. */
enum { MESSAGE_MAX = 4 + 4 + 256 + 2 + 65535 + 2 + 65534 };

enum { UPDATE_NOT_REQUESTED, UPDATE_REQUESTED };

enum { LEVEL_WARNING = 1, LEVEL_FATAL = 2, ALERT_USER_CANCELED = 90 };

static const char *alert_words(uint8_t alert)
{
	static const struct {
		uint8_t alert;
		const char *words;
	} alerts[] = {
		{ 10, "the peer refused: unexpected message" },
		{ 20, "the peer refused: bad record mac" },
		{ 22, "the peer refused: record overflow" },
		{ 40, "the peer refused: handshake failure" },
		{ 42, "the peer refused: bad certificate" },
		{ 43, "the peer refused: unsupported certificate" },
		{ 44, "the peer refused: certificate revoked" },
		{ 45, "the peer refused: certificate expired" },
		{ 46, "the peer refused: certificate unknown" },
		{ 47, "the peer refused: illegal parameter" },
		{ 48, "the peer refused: unknown CA" },
		{ 49, "the peer refused: access denied" },
		{ 50, "the peer refused: decode error" },
		{ 51, "the peer refused: decrypt error" },
		{ 70, "the peer refused: protocol version" },
		{ 71, "the peer refused: insufficient security" },
		{ 80, "the peer refused: internal error" },
		{ 112, "the peer refused: unrecognized name" },
		{ 116, "the peer refused: certificate required" },
	};
	for (size_t i = 0; i < COUNT_OF(alerts); i++)
		if (alerts[i].alert == alert)
			return alerts[i].words;
	return "the peer refused";
}

/* RFC 8446 6: the level says nothing any more, all but two alerts are fatal. */
static bool is_fatal(const struct tls_records *r, uint8_t level, uint8_t alert)
{
	return r->is_tls13 ? alert != ALERT_USER_CANCELED : level == LEVEL_FATAL;
}

int tls_record_on_alert(struct tls_records *r, struct slice content, struct buf *out)
{
	if (content.len != 2)
		return tls_record_fail(r, out, TLS_ALERT_DECODE_ERROR, "an alert of odd length");
	uint8_t level = content.data[0], alert = content.data[1];
	if (alert == TLS_ALERT_CLOSE_NOTIFY) {
		r->has_ended = true;
		return 0;
	}
	if (!r->is_tls13 && level != LEVEL_WARNING && level != LEVEL_FATAL)
		return tls_record_fail(r, out, TLS_ALERT_ILLEGAL_PARAMETER,
		                       "an alert of an unknown level");
	if (!is_fatal(r, level, alert))
		return 0;
	r->has_ended = true;
	r->is_dead = true;
	r->error = alert_words(alert);
	return TLS_FAILED;
}

int tls_record_update(struct tls_records *r, bool asks, struct buf *out)
{
	const uint8_t message[] = { MESSAGE_KEY_UPDATE, 0, 0, 1,
		                    asks ? UPDATE_REQUESTED : UPDATE_NOT_REQUESTED };
	int e = tls_record_send(r, TLS_RECORD_HANDSHAKE, slice_of(message, sizeof(message)), out);
	if (!e)
		e = tls_record_renew(r, &r->write);
	if (!e)
		r->owes_update = false;
	return err_up(e);
}

/*
 * RFC 8446 4.6.3: who was asked more than once while it was silent answers once. Peers ask in each
 * record until the answer comes (Java), and all that they asked is answered before the next data.
 */
static int answer(struct tls_records *r, struct buf *out)
{
	if (r->has_answered) {
		r->owes_update = true;
		return 0;
	}
	int e = tls_record_update(r, false, out);
	if (!e)
		r->has_answered = true;
	return err_up(e);
}

/* RFC 5246 7.2.2: who asks for another handshake is told that there is none, and may go on. */
static int decline(struct tls_records *r, struct buf *out)
{
	static const uint8_t alert[] = { LEVEL_WARNING, TLS_ALERT_NO_RENEGOTIATION };
	if (r->is_closed)
		return 0;
	return err_up(tls_record_send(r, TLS_RECORD_ALERT, slice_of(alert, sizeof(alert)), out));
}

static bool is_expected(const struct tls_records *r, uint8_t message)
{
	if (!r->is_tls13)
		return message == (r->is_server ? MESSAGE_CLIENT_HELLO : MESSAGE_HELLO_REQUEST);
	return message == MESSAGE_KEY_UPDATE ||
	       (!r->is_server && message == MESSAGE_NEW_SESSION_TICKET);
}

/* The header of a message is there: what it is, and how long. */
static int message_begin(struct tls_records *r, struct buf *out)
{
	r->message_left =
		(uint32_t)r->message[1] << 16 | (uint32_t)r->message[2] << 8 | r->message[3];
	if (!is_expected(r, r->message[0]))
		return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
		                       "a handshake message that may not be");
	if (r->message_left > MESSAGE_MAX)
		return tls_record_fail(r, out, TLS_ALERT_DECODE_ERROR,
		                       "a handshake message too long");
	if (r->message[0] == MESSAGE_KEY_UPDATE && r->message_left != 1)
		return tls_record_fail(r, out, TLS_ALERT_DECODE_ERROR, "a KeyUpdate of odd length");
	return 0;
}

/* RFC 8446 5.1: what follows is under the next key, so the record ends with the message. */
static int updated_by_peer(struct tls_records *r, uint8_t request, bool is_last, struct buf *out)
{
	if (request != UPDATE_NOT_REQUESTED && request != UPDATE_REQUESTED)
		return tls_record_fail(r, out, TLS_ALERT_ILLEGAL_PARAMETER,
		                       "a KeyUpdate that asks for something unknown");
	if (!is_last)
		return tls_record_fail(r, out, TLS_ALERT_UNEXPECTED_MESSAGE,
		                       "a record that goes on behind a KeyUpdate");
	int e = tls_record_renew(r, &r->read);
	if (!e && request == UPDATE_REQUESTED && !r->is_closed)
		e = answer(r, out);
	return err_up(e);
}

/* last: its last byte, if it has any. */
static int message_end(struct tls_records *r, uint8_t last, bool is_last, struct buf *out)
{
	r->message_len = 0;
	if (!r->is_tls13)
		return decline(r, out);
	if (r->message[0] == MESSAGE_KEY_UPDATE)
		return updated_by_peer(r, last, is_last, out);
	return 0;
}

/* The next bytes of a message, or what is missing of its header. */
static int message_step(struct tls_records *r, struct slice *content, struct buf *out)
{
	uint8_t last = 0;
	if (r->message_len < sizeof(r->message)) {
		r->message[r->message_len++] = content->data[0];
		*content = slice_skip(*content, 1);
		int e = r->message_len == sizeof(r->message) ? message_begin(r, out) : 0;
		if (e || r->message_len < sizeof(r->message) || r->message_left)
			return e;
	} else {
		struct slice piece = slice_head(*content, r->message_left);
		*content = slice_skip(*content, piece.len);
		r->message_left -= (uint32_t)piece.len;
		last = piece.data[piece.len - 1];
	}
	return r->message_left ? 0 : message_end(r, last, !content->len, out);
}

int tls_record_on_handshake(struct tls_records *r, struct slice content, struct buf *out)
{
	bool is_first = true;
	int e = 0;
	while (!e && content.len) {
		/* The first message of a record was counted with the record. */
		if (!r->message_len && !is_first)
			e = tls_record_noise(r, out);
		is_first = false;
		if (!e)
			e = message_step(r, &content, out);
	}
	return e; /* TLS_FAILED, or -ENOMEM */
}
