/* Redis, memcached, MongoDB. */
#include "watch/protos.h"

#include "watch/wire.h"
#include "watch/word.h"

#include <ctype.h>

static const struct slice nobody;

/* --- Redis: arrays of strings, or lines --- */

static const char *const redis_inline[] = { "AUTH ", "PING\r\n", "INFO\r\n", "HELLO 3", NULL };
static const char *const redis_silent[] = { "PING", "HELLO", "CLIENT", "COMMAND", "QUIT", NULL };

/* "*2\r\n$4\r\n" */
static enum watch_fit redis_fit(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (!s.len)
		return o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	if (o->server.len && !memchr("+-:$*%_", o->server.data[0], 7))
		return WATCH_FIT_NO;
	if (s.data[0] != '*')
		return watch_word_fit(s, redis_inline);
	size_t at = 1;
	while (at < s.len && at < 8 && isdigit(s.data[at]))
		at++;
	struct slice rest = slice_skip(s, at);
	static const char *const begin[] = { "\r\n$", NULL };
	return at > 1 || at == s.len ? watch_word_fit(rest, begin) : WATCH_FIT_NO;
}

/* What stands in a line may be of many. */
static enum watch_fit redis_fit_middle(const struct watch_opening *o)
{
	bool is_array = o->client.len && o->client.data[0] == '*';
	return is_array && redis_fit(o) == WATCH_FIT_YES ? WATCH_FIT_YES : WATCH_FIT_NO;
}

static bool redis_is_silent(struct slice word)
{
	for (const char *const *silent = redis_silent; *silent; silent++)
		if (watch_word_is(word, *silent))
			return true;
	return false;
}

static void redis_password(struct watch_talk *t)
{
	watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("AUTH"), nobody);
}

/* The nth string of a command, whose name is in t->word: AUTH [user] password;
 * HELLO 3 AUTH user password. */
static void redis_string(struct watch_talk *t, struct slice text)
{
	unsigned at = t->step;
	t->step = at < UINT8_MAX ? (uint8_t)(at + 1) : UINT8_MAX;
	if (!at) {
		slice_to_text(text, t->word, sizeof(t->word));
		if (!redis_is_silent(text) && !watch_word_is(text, "AUTH"))
			t->is_proven = true;
		return;
	}
	struct slice verb = slice_str(t->word);
	if (watch_word_is(verb, "AUTH")) {
		if (at == 1 && t->number == 3)
			slice_to_text(text, t->user, sizeof(t->user));
		else
			redis_password(t);
	} else if (watch_word_is(verb, "HELLO")) {
		if (at == 3)
			slice_to_text(text, t->user, sizeof(t->user));
		if (at == 4)
			redis_password(t);
	}
}

static void redis_inline_command(struct watch_talk *t, struct slice line)
{
	struct slice verb = watch_word_take(&line), user;
	if (!verb.len)
		return;
	if (!watch_word_is(verb, "AUTH")) {
		t->is_proven |= !redis_is_silent(verb);
		return;
	}
	user = watch_word_take(&line);
	if (slice_trim(line).len)
		slice_to_text(user, t->user, sizeof(t->user));
	redis_password(t);
}

static void redis_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	uint32_t number;
	if (side == WATCH_SERVER)
		return;
	if (t->is_literal) {
		redis_string(t, line);
	} else if (line.len && line.data[0] == '*') {
		t->step = 0;
		(void)watch_word_number(slice_skip(line, 1), &t->number);
	} else if (line.len && line.data[0] == '$') {
		if (watch_word_number(slice_skip(line, 1), &number))
			t->literal[side] = number;
	} else {
		redis_inline_command(t, line);
	}
}

const struct watch_proto watch_proto_redis = {
	.name = "redis",
	.fit = redis_fit,
	.fit_middle = redis_fit_middle,
	.is_fit_weak = true,
	.line = redis_line,
	.is_link_good = true,
	.mend = "tls-port in redis.conf and port 0",
};

/* --- memcached --- */

enum {
	MEMCACHED_HEADER = 24,
	MEMCACHED_REQUEST = 0x80,
	MEMCACHED_SASL = 0x21,
	MEMCACHED_STEP = 0x22,
	MEMCACHED_CODE_MAX = 0x52,
};

static const char *const memcached_verbs[] = { "get ",    "gets ",     "set ",        "add ",
	                                       "delete ", "stats\r\n", "replace ",    "incr ",
	                                       "decr ",   "touch ",    "version\r\n", "mg ",
	                                       "ms ",     NULL };

static enum watch_fit memcached_fit(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (!s.len)
		return o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	if (s.data[0] != MEMCACHED_REQUEST)
		return islower(s.data[0]) ? watch_word_fit(s, memcached_verbs) : WATCH_FIT_NO;
	if (s.len < MEMCACHED_HEADER)
		return s.len > 1 && s.data[1] > MEMCACHED_CODE_MAX ? WATCH_FIT_NO : WATCH_FIT_MORE;
	return s.data[1] <= MEMCACHED_CODE_MAX && !s.data[5] && s.data[4] <= 20 &&
	                       watch_u32(s.data + 8) >= watch_u16(s.data + 2) + (uint32_t)s.data[4]
	               ? WATCH_FIT_YES
	               : WATCH_FIT_NO;
}

/* A verb with a key, and an answer to it: other texts begin with such a word too. */
static enum watch_fit memcached_fit_middle(const struct watch_opening *o)
{
	struct slice line = watch_word_line(o->client);
	if (o->client.len && o->client.data[0] == MEMCACHED_REQUEST)
		return memcached_fit(o) == WATCH_FIT_YES ? WATCH_FIT_YES : WATCH_FIT_NO;
	if (!line.len || !islower(line.data[0]) || line.len > 512 ||
	    watch_word_fit(o->client, memcached_verbs) != WATCH_FIT_YES)
		return WATCH_FIT_NO;
	return watch_word_answer(o->server, "VESNDHO0123456789");
}

/* SASL's mechanism is the key; a password is behind it. */
static void memcached_login(struct watch_talk *t, struct slice body, size_t key_len)
{
	struct slice mechanism = slice_head(body, key_len), data = slice_skip(body, key_len);
	bool is_plain = watch_word_is(mechanism, "PLAIN");
	struct slice rest = slice_skip(data, slice_find(data, 0) + 1);
	if (data.len)
		watch_talk_secret(t, is_plain ? WATCH_SECRET_PASSWORD : WATCH_SECRET_HASH,
		                  mechanism, slice_head(rest, slice_find(rest, 0)));
}

static size_t memcached_binary(struct watch_talk *t, struct slice input)
{
	if (input.len < MEMCACHED_HEADER)
		return 0;
	uint8_t code = input.data[1];
	size_t len = watch_u32(input.data + 8);
	if (code == MEMCACHED_SASL && len <= 512) {
		if (input.len < MEMCACHED_HEADER + len)
			return 0;
		memcached_login(t, slice_head(slice_skip(input, MEMCACHED_HEADER), len),
		                watch_u16(input.data + 2));
		return MEMCACHED_HEADER + len;
	}
	t->is_proven |= code < 0x20 && code != 0x0a && code != 0x0b;
	t->skip[WATCH_CLIENT] = len;
	return MEMCACHED_HEADER;
}

static size_t memcached_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (side == WATCH_CLIENT && input.data[0] == MEMCACHED_REQUEST)
		return memcached_binary(t, input);
	t->is_proven |= side == WATCH_CLIENT;
	return input.len;
}

const struct watch_proto watch_proto_memcached = {
	.name = "memcached",
	.fit = memcached_fit,
	.fit_middle = memcached_fit_middle,
	.is_fit_weak = true,
	.feed = memcached_feed,
	.is_link_good = true,
	.mend = "memcached -Z with ssl_chain_cert and ssl_key",
};

/* --- MongoDB --- */

enum { MONGO_HEADER = 16, MONGO_QUERY = 2004, MONGO_MSG = 2013, MONGO_WHOLE_MAX = 4096 };

static enum watch_fit mongodb_fit(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (s.len < MONGO_HEADER)
		return (s.len > 3 && s.data[3]) || (!s.len && o->server.len) ? WATCH_FIT_NO
		                                                             : WATCH_FIT_MORE;
	uint32_t code = watch_u32_le(s.data + 12), len = watch_u32_le(s.data);
	return (code == MONGO_MSG || code == MONGO_QUERY) && !watch_u32_le(s.data + 8) &&
	                       len > MONGO_HEADER && len < 48 * 1024 * 1024
	               ? WATCH_FIT_YES
	               : WATCH_FIT_NO;
}

static void mongodb_message(struct watch_talk *t, struct slice body)
{
	static const char *const silent[] = { "isMaster",     "hello",     "ping",
		                              "saslContinue", "buildInfo", NULL };
	if (watch_word_in(body, "saslStart")) {
		bool is_plain = watch_word_in(body, "PLAIN");
		watch_talk_secret(t, is_plain ? WATCH_SECRET_PASSWORD : WATCH_SECRET_HASH,
		                  slice_str(is_plain ? "PLAIN" : "SCRAM"), nobody);
		return;
	}
	for (const char *const *word = silent; *word; word++)
		if (watch_word_in(slice_head(body, 64), *word))
			return;
	t->is_proven = true;
}

static size_t mongodb_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (side == WATCH_SERVER)
		return input.len;
	if (input.len < MONGO_HEADER)
		return 0;
	size_t len = watch_u32_le(input.data);
	if (len < MONGO_HEADER) {
		t->is_lost = true;
		return 0;
	}
	size_t whole = len < MONGO_WHOLE_MAX ? len : MONGO_WHOLE_MAX;
	if (input.len < whole)
		return 0;
	mongodb_message(t, slice_head(slice_skip(input, MONGO_HEADER), whole - MONGO_HEADER));
	t->skip[side] = len - whole;
	return whole;
}

const struct watch_proto watch_proto_mongodb = {
	.name = "mongodb",
	.fit = mongodb_fit,
	.feed = mongodb_feed,
	.is_link_good = true,
	.mend = "net.tls.mode: requireTLS",
};
