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
enum {
	PG_AUTH_OK = 0,
	PG_AUTH_CLEAR = 3,
	PG_AUTH_MD5 = 5,
	PG_AUTH_SASL = 10,
	PG_AUTH_SASL_LAST = 12, /* goes on with it */
};

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

/* The server's "Z" between two queries, or its word about a login. */
static bool is_server_middle(struct slice s)
{
	if (s.len < 9 || watch_u32(s.data + 1) > PG_STARTUP_MAX)
		return s.len >= 6 && s.data[0] == 'Z' && watch_u32(s.data + 1) == 5 &&
		       memchr("ITE", s.data[5], 3);
	if (s.data[0] == 'Z')
		return watch_u32(s.data + 1) == 5 && memchr("ITE", s.data[5], 3);
	return s.data[0] == 'R' && watch_u32(s.data + 1) >= 8 &&
	       watch_u32(s.data + 5) <= PG_AUTH_SASL_LAST;
}

/* Or "Q", a length, text and its NUL. */
static enum watch_fit pgsql_fit_middle(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (is_server_middle(o->server))
		return WATCH_FIT_YES;
	if (s.len < 8 || (s.data[0] != 'Q' && s.data[0] != 'P'))
		return WATCH_FIT_NO;
	uint32_t len = watch_u32(s.data + 1);
	if (len < 6 || len > 65536)
		return WATCH_FIT_NO;
	if (s.len <= len)
		return WATCH_FIT_MORE;
	return watch_word_is_text(slice_head(slice_skip(s, 5), 1)) && !s.data[len] ? WATCH_FIT_YES
	                                                                           : WATCH_FIT_NO;
}

static void pgsql_on_middle(struct watch_talk *t)
{
	t->state[WATCH_CLIENT] = PG_MESSAGES;
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

/* Of a login whose question was not seen: a text that is neither MD5 nor SCRAM's is the password.
 */
static uint32_t method_guess(struct slice body)
{
	static const char *const scram[] = { "SCRAM-", "c=", "n,,", NULL };
	struct slice text = slice_head(body, slice_find(body, 0));
	if (slice_starts_nocase(body, "md5") && text.len == 35)
		return PG_AUTH_MD5;
	if (watch_word_begins(body, scram))
		return PG_AUTH_SASL;
	return text.len && text.len + 1 == body.len && watch_word_is_text(text) ? PG_AUTH_CLEAR
	                                                                        : PG_AUTH_OK;
}

static void on_password(struct watch_talk *t, uint32_t method)
{
	if (method == PG_AUTH_CLEAR)
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("PASSWORD"),
		                  (struct slice){});
	else
		watch_talk_secret(t, WATCH_SECRET_HASH,
		                  slice_str(method == PG_AUTH_MD5    ? "MD5"
		                            : method == PG_AUTH_SASL ? "SCRAM"
		                                                     : "GSS"),
		                  (struct slice){});
}

/* Returns how much is used of what is there. len: of the message behind its type. */
static size_t client_message(struct watch_talk *t, struct slice input, uint32_t len)
{
	enum { GUESSED_MAX = 1024 };
	if (input.data[0] != 'p') {
		t->is_proven |= input.data[0] != 'X';
	} else if (t->number) {
		on_password(t, t->number);
	} else if (len <= GUESSED_MAX) {
		if (input.len < 1 + len)
			return 0;
		on_password(t, method_guess(slice_head(slice_skip(input, 5), len - 4)));
	}
	t->skip[WATCH_CLIENT] = len - 4;
	return 5;
}

/* What kind of login the server wants. */
static void server_message(struct watch_talk *t, struct slice input, uint32_t len)
{
	if (input.data[0] != 'R' || len < 8)
		return;
	uint32_t method = watch_u32(input.data + 5);
	if (method > PG_AUTH_SASL && method <= PG_AUTH_SASL_LAST)
		method = PG_AUTH_SASL;
	if (method && method <= PG_AUTH_SASL)
		t->number = method;
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
		return client_message(t, input, len);
	server_message(t, input, len);
	t->skip[side] = len - 4;
	return 5;
}

const struct watch_proto watch_proto_pgsql = {
	.name = "postgresql",
	.fit = pgsql_fit,
	.fit_middle = pgsql_fit_middle,
	.on_middle = pgsql_on_middle,
	.feed = pgsql_feed,
	.is_link_good = true,
	.mend = "ssl = on, hostssl in pg_hba.conf, sslmode=verify-full in clients",
};
