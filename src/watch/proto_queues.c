/* AMQP (0-9-1, 1.0) and Kafka. */
#include "watch/protos.h"

#include "watch/wire.h"
#include "watch/word.h"

static const struct slice nobody;

/* The name in PLAIN: NUL name NUL password. */
static struct slice plain_user(struct slice response)
{
	struct slice rest = slice_skip(response, slice_find(response, 0) + 1);
	return slice_head(rest, slice_find(rest, 0));
}

static void login(struct watch_talk *t, struct slice mechanism, struct slice response)
{
	bool is_plain = watch_word_is(mechanism, "PLAIN") || watch_word_is(mechanism, "AMQPLAIN");
	if (watch_word_is(mechanism, "EXTERNAL") || watch_word_is(mechanism, "ANONYMOUS"))
		return;
	watch_talk_secret(t, is_plain ? WATCH_SECRET_PASSWORD : WATCH_SECRET_HASH, mechanism,
	                  watch_word_is(mechanism, "PLAIN") ? plain_user(response) : nobody);
}

/* --- AMQP --- */

enum { AMQP_HELLO = 8, AMQP_FRAME = 7, AMQP_CONNECTION = 10, AMQP_START_OK = 11, FRAME_MAX = 2048 };
enum amqp_state { AMQP_BEGIN, AMQP_1_0, AMQP_0_9 };

static enum watch_fit amqp_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "AMQP", NULL };
	return o->client.len || !o->server.len ? watch_word_fit(o->client, begin) : WATCH_FIT_NO;
}

/* A whole frame of 0-9-1: kind, channel, length, and its end where it has to be. */
static enum watch_fit amqp_fit_middle(const struct watch_opening *o)
{
	enum { END = 0xce };
	struct slice s = o->client;
	if (s.len < AMQP_FRAME + 1 || !s.data[0] || !memchr("\1\2\3\10", s.data[0], 4))
		return WATCH_FIT_NO;
	uint32_t len = watch_u32(s.data + 3);
	return len < FRAME_MAX && s.len > AMQP_FRAME + len && s.data[AMQP_FRAME + len] == END
	               ? WATCH_FIT_YES
	               : WATCH_FIT_NO;
}

static void amqp_on_middle(struct watch_talk *t)
{
	t->state[WATCH_CLIENT] = AMQP_0_9;
}

/* Properties (a table), mechanism, response. */
static void start_ok(struct watch_talk *t, struct slice rest)
{
	if (rest.len < 5)
		return;
	rest = slice_skip(rest, (size_t)watch_u32(rest.data) + 4);
	size_t len = rest.len ? rest.data[0] : 0;
	struct slice mechanism = slice_head(slice_skip(rest, 1), len);
	rest = slice_skip(rest, len + 1);
	if (mechanism.len)
		login(t, mechanism, slice_skip(rest, 4));
}

static size_t amqp_frame(struct watch_talk *t, struct slice input)
{
	if (input.len < AMQP_FRAME)
		return 0;
	size_t len = watch_u32(input.data + 3) + (size_t)1; /* and its end */
	size_t wanted = len < FRAME_MAX ? len : FRAME_MAX;
	if (input.len < AMQP_FRAME + wanted)
		return 0;
	const uint8_t *method = input.data + AMQP_FRAME;
	if (input.data[0] == 1 && wanted > 4 && watch_u16(method) == AMQP_CONNECTION) {
		if (watch_u16(method + 2) == AMQP_START_OK)
			start_ok(t, slice_head(slice_skip(input, AMQP_FRAME + 4), wanted - 4));
	} else {
		t->is_proven = true;
	}
	t->skip[WATCH_CLIENT] = len - wanted;
	return AMQP_FRAME + wanted;
}

/* 1.0: a frame of SASL with the mechanism's name in it; after it queues are named. */
static size_t amqp1_feed(struct watch_talk *t, struct slice input)
{
	if (input.len < 8)
		return 0;
	if (slice_starts_nocase(input, "AMQP"))
		return 8;
	size_t len = watch_u32(input.data);
	if (len < 8 || len > 1024 * 1024) {
		t->is_lost = true;
		return 0;
	}
	size_t wanted = len < FRAME_MAX ? len : FRAME_MAX;
	if (input.len < wanted)
		return 0;
	struct slice frame = slice_head(input, wanted);
	if (input.data[5] != 1)
		t->is_proven = true;
	else if (watch_word_in(frame, "PLAIN"))
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("PLAIN"), nobody);
	t->skip[WATCH_CLIENT] = len - wanted;
	return wanted;
}

static size_t amqp_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (side == WATCH_SERVER)
		return input.len;
	if (t->state[side])
		return t->state[side] == AMQP_0_9 ? amqp_frame(t, input) : amqp1_feed(t, input);
	if (input.len < AMQP_HELLO)
		return 0;
	t->state[side] = input.data[4] == 0 && input.data[6] == 9 ? AMQP_0_9 : AMQP_1_0;
	if (input.data[4] == 2) /* TLS follows (AMQP 1.0 5.2.1) */
		t->is_tls = true;
	return AMQP_HELLO;
}

const struct watch_proto watch_proto_amqp = {
	.name = "amqp",
	.fit = amqp_fit,
	.fit_middle = amqp_fit_middle,
	.on_middle = amqp_on_middle,
	.feed = amqp_feed,
	.is_link_good = true,
	.mend = "listeners.ssl and listeners.tcp = none (RabbitMQ)",
};

/* --- Kafka --- */

enum {
	KAFKA_HEADER = 14, /* length, key, version, correlation, length of the client's name */
	KAFKA_METADATA = 3,
	KAFKA_HANDSHAKE = 17,
	KAFKA_VERSIONS = 18,
	KAFKA_AUTHENTICATE = 36,
};

static enum watch_fit kafka_fit(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (s.len < KAFKA_HEADER)
		return (s.len && s.data[0]) || (!s.len && o->server.len) ? WATCH_FIT_NO
		                                                         : WATCH_FIT_MORE;
	uint32_t len = watch_u32(s.data);
	uint16_t key = watch_u16(s.data + 4), version = watch_u16(s.data + 6);
	int16_t name = (int16_t)watch_u16(s.data + 12);
	bool is_first = key == KAFKA_METADATA || key == KAFKA_HANDSHAKE || key == KAFKA_VERSIONS;
	return is_first && version < 20 && name >= -1 && name < 256 && len >= 10 &&
	                       (uint32_t)(name < 0 ? 0 : name) + 10 <= len && len < 4096
	               ? WATCH_FIT_YES
	               : WATCH_FIT_NO;
}

static void kafka_request(struct watch_talk *t, uint16_t key, struct slice rest)
{
	if (key == KAFKA_HANDSHAKE && rest.len > 2) {
		slice_to_text(slice_head(slice_skip(rest, 2), watch_u16(rest.data)), t->word,
		              sizeof(t->word));
	} else if (key == KAFKA_AUTHENTICATE && rest.len > 4) {
		login(t, slice_str(t->word), slice_skip(rest, 4));
	} else if (key != KAFKA_VERSIONS) {
		t->is_proven = true;
	}
}

static size_t kafka_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (side == WATCH_SERVER)
		return input.len;
	if (input.len < KAFKA_HEADER)
		return 0;
	size_t len = (size_t)watch_u32(input.data) + 4;
	if (len < KAFKA_HEADER) {
		t->is_lost = true;
		return 0;
	}
	size_t wanted = len < 1024 ? len : 1024;
	if (input.len < wanted)
		return 0;
	int16_t name = (int16_t)watch_u16(input.data + 12);
	struct slice rest =
		slice_skip(slice_head(input, wanted), KAFKA_HEADER + (size_t)(name < 0 ? 0 : name));
	kafka_request(t, watch_u16(input.data + 4), rest);
	t->skip[side] = len - wanted;
	return wanted;
}

const struct watch_proto watch_proto_kafka = {
	.name = "kafka",
	.fit = kafka_fit,
	.feed = kafka_feed,
	.is_link_good = true,
	.mend = "listeners=SSL:// or SASL_SSL:// (server.properties)",
};
