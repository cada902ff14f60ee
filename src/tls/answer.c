#include "tls/answer.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/answer_private.h"

#include <assert.h>

enum {
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_FIRST = 20,
	RECORD_LAST = 24,
	RECORD_HEADER = 5,
	RECORD_MAX = 16384 + 2048, /* RFC 5246 6.2.3 */
	MESSAGE_HEADER = 4,
};

enum { LEVEL_FATAL = 2, CLOSE_NOTIFY = 0 };

void tls_answer_deinit(struct tls_answer *a)
{
	buf_deinit(&a->chain);
	buf_deinit(&a->ocsp);
	buf_deinit(&a->dh_prime);
	buf_deinit(&a->dh_generator);
	buf_deinit(&a->wire);
	buf_deinit(&a->messages);
}

int tls_answer_fail(struct tls_answer *a, const char *problem)
{
	a->problem = problem;
	return TLS_ANSWER_BAD;
}

int tls_answer_add_certificate(struct tls_answer *a, struct slice der)
{
	if (a->certificate_count == TLS_ANSWER_CERTIFICATES_MAX)
		return 0;
	int r = buf_add(&a->chain, der);
	if (r)
		return err_up(r);
	a->certificate_ends[a->certificate_count++] = buf_len(&a->chain);
	return 0;
}

struct slice tls_answer_certificate(const struct tls_answer *a, size_t n)
{
	assert(n < a->certificate_count);
	size_t start = n ? a->certificate_ends[n - 1] : 0;
	struct slice upto = slice_head(buf_slice(&a->chain), a->certificate_ends[n]);
	return slice_skip(upto, start);
}

/* A warning, such as unrecognized_name, may come before the hello. */
static int on_alert(struct tls_answer *a, struct slice body)
{
	if (body.len != 2)
		return tls_answer_fail(a, "an alert of odd length");
	if (a->kind == TLS_ANSWER_NONE)
		a->kind = TLS_ANSWER_ALERT;
	a->has_alert = true;
	a->alert_level = body.data[0];
	a->alert_description = body.data[1];
	a->is_done = a->alert_level == LEVEL_FATAL || a->alert_description == CLOSE_NOTIFY;
	return 0;
}

/* The first whole message in what is kept. 0: there was one; or enum tls_answer_result, -ENOMEM. */
static int message_take(struct tls_answer *a)
{
	struct reader in = { .rest = buf_slice(&a->messages) };
	if (in.rest.len < MESSAGE_HEADER)
		return TLS_ANSWER_MORE;
	unsigned type = read_number(&in, 1);
	size_t len = read_number(&in, 3);
	if (len > TLS_ANSWER_LEN_MAX)
		return tls_answer_fail(a, "a message without end");
	if (len > in.rest.len)
		return TLS_ANSWER_MORE;
	int r = tls_answer_message(a, type, slice_head(in.rest, len));
	buf_consume(&a->messages, MESSAGE_HEADER + len);
	return r; /* 0, BAD, or ours */
}

static int on_handshake(struct tls_answer *a, struct slice body)
{
	if (!body.len)
		return tls_answer_fail(a, "an empty record");
	int r = buf_add(&a->messages, body);
	while (!r && !a->is_done)
		r = message_take(a);
	return r == TLS_ANSWER_MORE ? 0 : r;
}

static int on_record(struct tls_answer *a, unsigned type, struct slice body)
{
	if (type == RECORD_HANDSHAKE)
		return on_handshake(a, body);
	if (buf_len(&a->messages))
		return tls_answer_fail(a, "another record in a message");
	if (type == RECORD_ALERT)
		return on_alert(a, body);
	return tls_answer_fail(a, "a record that belongs elsewhere");
}

/* Refuses at the first byte that cannot begin a record. */
static int header_check(struct tls_answer *a, struct slice wire)
{
	bool is_first = !a->record_count;
	if (wire.len && (wire.data[0] < RECORD_FIRST || wire.data[0] > RECORD_LAST))
		return tls_answer_fail(a, is_first ? "no TLS" : "no record");
	if (wire.len > 1 && wire.data[1] != 3)
		return tls_answer_fail(a, is_first ? "no TLS" : "no record");
	return 0;
}

/* The first whole record. 0: there was one; or enum tls_answer_result, -ENOMEM. */
static int record_take(struct tls_answer *a)
{
	struct reader in = { .rest = buf_slice(&a->wire) };
	int r = header_check(a, in.rest);
	if (r)
		return r; /* BAD */
	if (in.rest.len < RECORD_HEADER)
		return TLS_ANSWER_MORE;
	unsigned type = read_number(&in, 1);
	unsigned version = read_number(&in, 2);
	size_t len = read_number(&in, 2);
	if (len > RECORD_MAX)
		return tls_answer_fail(a, "a record longer than one may be");
	if (len > in.rest.len)
		return TLS_ANSWER_MORE;
	if (!a->record_count++)
		a->record_version = (uint16_t)version;
	r = on_record(a, type, slice_head(in.rest, len));
	buf_consume(&a->wire, RECORD_HEADER + len);
	return r; /* 0, BAD, or ours */
}

static void seen_add(struct tls_answer *a, struct slice input)
{
	size_t have = strlen(a->seen);
	slice_to_text(input, a->seen + have, sizeof(a->seen) - have);
}

int tls_answer_feed(struct tls_answer *a, struct slice input)
{
	seen_add(a, input);
	if (a->problem)
		return TLS_ANSWER_BAD;
	if (a->is_done)
		return 0;
	a->total += input.len;
	int r = buf_add(&a->wire, input);
	if (!r && !a->record_count && tls_answer_looks_ssl2(buf_slice(&a->wire)))
		r = tls_answer_ssl2(a, buf_slice(&a->wire));
	else
		while (!r && !a->is_done)
			r = record_take(a);
	if (r < 0)
		return err_up(r);
	if (r == TLS_ANSWER_MORE && a->total > TLS_ANSWER_LEN_MAX)
		return tls_answer_fail(a, "more than an answer needs");
	return r; /* 0 or enum tls_answer_result */
}

static const char *const alert_names[] = {
	[0] = "close_notify",
	[10] = "unexpected_message",
	[20] = "bad_record_mac",
	[21] = "decryption_failed",
	[22] = "record_overflow",
	[30] = "decompression_failure",
	[40] = "handshake_failure",
	[41] = "no_certificate",
	[42] = "bad_certificate",
	[43] = "unsupported_certificate",
	[44] = "certificate_revoked",
	[45] = "certificate_expired",
	[46] = "certificate_unknown",
	[47] = "illegal_parameter",
	[48] = "unknown_ca",
	[49] = "access_denied",
	[50] = "decode_error",
	[51] = "decrypt_error",
	[52] = "too_many_cids_requested",
	[60] = "export_restriction",
	[70] = "protocol_version",
	[71] = "insufficient_security",
	[80] = "internal_error",
	[86] = "inappropriate_fallback",
	[90] = "user_canceled",
	[100] = "no_renegotiation",
	[109] = "missing_extension",
	[110] = "unsupported_extension",
	[111] = "certificate_unobtainable",
	[112] = "unrecognized_name",
	[113] = "bad_certificate_status_response",
	[114] = "bad_certificate_hash_value",
	[115] = "unknown_psk_identity",
	[116] = "certificate_required",
	[120] = "no_application_protocol",
	[121] = "ech_required",
};

const char *tls_alert_name(uint8_t description)
{
	const char *name = description < COUNT_OF(alert_names) ? alert_names[description] : NULL;
	return name ? name : "unknown";
}
