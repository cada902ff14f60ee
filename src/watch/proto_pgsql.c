/* PostgreSQL, protocol 3: SSLRequest, startup, what kind of password. */
#include "watch/protos.h"

#include "watch/wire.h"
#include "watch/word.h"

enum {
	PG_SSL = 80877103,
	PG_CANCEL = 80877102,
	PG_GSS = 80877104,
	PG_VERSION_3 = 3 << 16,
	PG_STARTUP_MAX = 2048,
};
enum pg_state { PG_STARTUP, PG_MESSAGES };
enum pg_answer { PG_ANSWER_MESSAGES, PG_ANSWER_BYTE };

/* Of AuthenticationRequest. */
enum { PG_AUTH_OK = 0, PG_AUTH_CLEAR = 3, PG_AUTH_MD5 = 5, PG_AUTH_SASL = 10 };

static enum watch_fit pgsql_fit(const struct watch_opening *o)
{
	if (o->client.len < 8)
		return o->client.len && o->client.data[0] ? WATCH_FIT_NO
		       : !o->client.len && o->server.len  ? WATCH_FIT_NO
		                                          : WATCH_FIT_MORE;
	uint32_t len = watch_u32(o->client.data), code = watch_u32(o->client.data + 4);
	if ((code == PG_SSL || code == PG_GSS) && len == 8)
		return WATCH_FIT_YES;
	if (code == PG_CANCEL && len == 16)
		return WATCH_FIT_YES;
	return code >> 16 == 3 && len >= 9 && len <= PG_STARTUP_MAX ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* "user" NUL "anna" NUL "database" NUL ... */
static void parameters(struct watch_talk *t, struct slice rest)
{
	while (rest.len) {
		struct slice name = slice_head(rest, slice_find(rest, 0));
		rest = slice_skip(rest, name.len + 1);
		struct slice value = slice_head(rest, slice_find(rest, 0));
		rest = slice_skip(rest, value.len + 1);
		if (watch_word_is(name, "user"))
			slice_to_text(value, t->user, sizeof(t->user));
	}
}

static size_t startup(struct watch_talk *t, struct slice input)
{
	if (input.len < 8)
		return 0;
	uint32_t len = watch_u32(input.data), code = watch_u32(input.data + 4);
	if (len < 8 || len > PG_STARTUP_MAX) {
		t->is_lost = true;
		return 0;
	}
	if (input.len < len)
		return 0;
	if (code == PG_SSL || code == PG_GSS) {
		t->is_asked = true;
		t->step = code == PG_SSL;
		t->state[WATCH_SERVER] = PG_ANSWER_BYTE;
	} else {
		parameters(t, slice_head(slice_skip(input, 8), len - 8));
		t->state[WATCH_CLIENT] = PG_MESSAGES;
	}
	return len;
}

static void client_message(struct watch_talk *t, uint8_t type)
{
	if (type != 'p') {
		t->is_proven |= type != 'X';
	} else if (t->number == PG_AUTH_CLEAR) {
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("PASSWORD"),
		                  (struct slice){});
	} else {
		watch_talk_secret(t, WATCH_SECRET_HASH,
		                  slice_str(t->number == PG_AUTH_MD5    ? "MD5"
		                            : t->number == PG_AUTH_SASL ? "SCRAM"
		                                                        : "GSS"),
		                  (struct slice){});
	}
}

/* 'S': TLS begins ('G': GSSAPI encrypts); 'N': it does not. */
static size_t answer_byte(struct watch_talk *t, uint8_t answer)
{
	t->state[WATCH_SERVER] = PG_ANSWER_MESSAGES;
	t->is_asked = false;
	t->is_tls = answer == 'S' && t->step;
	t->is_tunnel = answer == 'G' && !t->step;
	return 1;
}

static size_t pgsql_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (side == WATCH_CLIENT && t->state[side] == PG_STARTUP)
		return startup(t, input);
	if (side == WATCH_SERVER && t->state[side] == PG_ANSWER_BYTE)
		return input.len ? answer_byte(t, input.data[0]) : 0;
	if (input.len < 5 || (side == WATCH_SERVER && input.data[0] == 'R' && input.len < 9))
		return 0;
	uint32_t len = watch_u32(input.data + 1);
	if (len < 4) {
		t->is_lost = true;
		return 0;
	}
	if (side == WATCH_CLIENT)
		client_message(t, input.data[0]);
	else if (input.data[0] == 'R' && len >= 8 && watch_u32(input.data + 5) <= PG_AUTH_SASL &&
	         watch_u32(input.data + 5))
		t->number = watch_u32(input.data + 5);
	t->skip[side] = len - 4;
	return 5;
}

const struct watch_proto watch_proto_pgsql = {
	.name = "postgresql",
	.fit = pgsql_fit,
	.feed = pgsql_feed,
	.is_link_good = true,
	.mend = "ssl = on, hostssl in pg_hba.conf, sslmode=verify-full in clients",
};
