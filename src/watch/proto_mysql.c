/* MySQL and MariaDB: the server greets, the client asks for TLS by a short packet, or logs in. */
#include "watch/protos.h"

#include "watch/wire.h"
#include "watch/word.h"

#include <ctype.h>

enum {
	MYSQL_HEADER = 4,
	MYSQL_SSL = 0x0800,
	MYSQL_SSL_LEN = 32,
	MYSQL_WHOLE_MAX = 2048,
	MYSQL_QUERY = 3,
};
enum mysql_state { MYSQL_HELLO, MYSQL_LOGIN, MYSQL_COMMANDS };
static const char clear_plugin[] = "mysql_clear_password";

/* 0a and the version, as "8.0.36" or "5.5.5-10.11.6-MariaDB". */
static enum watch_fit mysql_fit(const struct watch_opening *o)
{
	struct slice s = o->server;
	if (s.len < 7)
		return (s.len > 3 && s.data[3]) || (!s.len && o->client.len) ? WATCH_FIT_NO
		                                                             : WATCH_FIT_MORE;
	uint32_t len = watch_u24_le(s.data);
	bool is_greeting = !s.data[3] && s.data[4] == 10 && len > 40 && len < 512;
	bool is_digit = s.data[5] >= '0' && s.data[5] <= '9';
	return is_greeting && is_digit ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* A query: its number is 0, and all of it is text. */
static enum watch_fit mysql_fit_middle(const struct watch_opening *o)
{
	enum { ENOUGH = 8 };
	struct slice s = o->client, text = slice_skip(s, MYSQL_HEADER + 1);
	if (s.len < MYSQL_HEADER + 1 + ENOUGH)
		return WATCH_FIT_NO;
	bool is_query = !s.data[3] && s.data[4] == MYSQL_QUERY && watch_u24_le(s.data) > ENOUGH &&
	                watch_u24_le(s.data) < 65536;
	for (size_t i = 0; is_query && i < ENOUGH; i++)
		is_query = isprint(text.data[i]) || isspace(text.data[i]);
	return is_query ? WATCH_FIT_YES : WATCH_FIT_NO;
}

static void mysql_on_middle(struct watch_talk *t)
{
	t->is_proven = true;
	t->state[WATCH_CLIENT] = MYSQL_LOGIN;
	t->state[WATCH_SERVER] = MYSQL_COMMANDS;
}

/* Behind the version: id, scramble, a zero, the lower half of what it can. */
static void greeting(struct watch_talk *t, struct slice packet)
{
	size_t at = slice_find(packet, 0) + 1 + 4 + 8 + 1;
	if (at + 2 <= packet.len)
		t->is_offered = packet.data[at + 1] & (MYSQL_SSL >> 8);
}

/* Flags, size, character set, 23 zeros; then the name. */
static void login(struct watch_talk *t, struct slice packet)
{
	struct slice rest = slice_skip(packet, MYSQL_SSL_LEN);
	struct slice user = slice_head(rest, slice_find(rest, 0));
	bool is_clear = watch_word_in(rest, clear_plugin);
	bool has_answer = rest.len > user.len + 1 && rest.data[user.len + 1];
	slice_to_text(user, t->user, sizeof(t->user));
	t->is_proven = true;
	if (has_answer)
		watch_talk_secret(t, is_clear ? WATCH_SECRET_PASSWORD : WATCH_SECRET_HASH,
		                  slice_str(is_clear ? "CLEAR" : "SCRAMBLE"), user);
}

static void client_packet(struct watch_talk *t, struct slice packet)
{
	if (t->state[WATCH_CLIENT] == MYSQL_HELLO) {
		t->state[WATCH_CLIENT] = MYSQL_LOGIN;
		if (packet.len == MYSQL_SSL_LEN && packet.data[1] & (MYSQL_SSL >> 8))
			t->is_tls = true;
		else
			login(t, packet);
	} else if (t->step) {
		/* What the server wished for with clear_plugin. */
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("CLEAR"), (struct slice){});
		t->step = 0;
	} else if (packet.len && packet.data[0] == MYSQL_QUERY &&
	           (watch_word_in(packet, "IDENTIFIED BY") ||
	            watch_word_in(packet, "SET PASSWORD"))) {
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("SQL"), (struct slice){});
	}
}

static void server_packet(struct watch_talk *t, struct slice packet)
{
	if (t->state[WATCH_SERVER] == MYSQL_HELLO) {
		greeting(t, packet);
		t->state[WATCH_SERVER] = MYSQL_COMMANDS;
	} else if (packet.len && packet.data[0] == 0xfe && watch_word_in(packet, clear_plugin)) {
		t->step = 1;
	}
}

static size_t mysql_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (input.len < MYSQL_HEADER)
		return 0;
	size_t len = watch_u24_le(input.data);
	size_t wanted = len < MYSQL_WHOLE_MAX ? len : MYSQL_WHOLE_MAX;
	if (input.len < MYSQL_HEADER + wanted)
		return 0;
	struct slice packet = slice_head(slice_skip(input, MYSQL_HEADER), wanted);
	side == WATCH_CLIENT ? client_packet(t, packet) : server_packet(t, packet);
	t->skip[side] = len - wanted;
	return MYSQL_HEADER + wanted;
}

const struct watch_proto watch_proto_mysql = {
	.name = "mysql",
	.fit = mysql_fit,
	.fit_middle = mysql_fit_middle,
	.on_middle = mysql_on_middle,
	.feed = mysql_feed,
	.is_link_good = true,
	.mend = "require_secure_transport = ON, and ssl-mode=VERIFY_IDENTITY "
		"(MariaDB: ssl-verify-server-cert) in clients",
};
