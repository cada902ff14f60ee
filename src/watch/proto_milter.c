/* Milter (Sendmail's mail filters): a length, a command, its data. After OPTNEG the message
 * crosses. */
#include "watch/protos.h"

#include "watch/wire.h"
#include "watch/word.h"

enum {
	MILTER_HEADER = 5,
	MILTER_DATA_MAX = 4096, /* macros; more of them is passed over */
	MILTER_NEGOTIATION = 13,
};

/* 0000000d 'O', version 2 to 6 in 32 bits. */
static enum watch_fit milter_fit(const struct watch_opening *o)
{
	static const uint8_t begin[] = { 0, 0, 0, MILTER_NEGOTIATION, 'O', 0, 0, 0 };
	size_t len = o->client.len < sizeof(begin) ? o->client.len : sizeof(begin);
	if (!len)
		return o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	if (memcmp(o->client.data, begin, len))
		return WATCH_FIT_NO;
	if (o->client.len <= sizeof(begin))
		return WATCH_FIT_MORE;
	return o->client.data[8] >= 2 && o->client.data[8] <= 6 ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* "{auth_authen}" NUL "anna" NUL. */
static void macros(struct watch_talk *t, struct slice data)
{
	data = slice_skip(data, 1);
	while (data.len) {
		struct slice name = slice_head(data, slice_find(data, 0));
		data = slice_skip(data, name.len + 1);
		struct slice value = slice_head(data, slice_find(data, 0));
		data = slice_skip(data, value.len + 1);
		if (watch_word_is(name, "{auth_authen}"))
			slice_to_text(value, t->user, sizeof(t->user));
	}
}

static size_t milter_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (input.len < MILTER_HEADER)
		return 0;
	size_t len = watch_u32(input.data); /* of command and data */
	if (!len || len > 16 * 1024 * 1024) {
		t->is_lost = true;
		return 0;
	}
	uint8_t command = input.data[4];
	if (side == WATCH_CLIENT && command == 'D' && len <= MILTER_DATA_MAX) {
		if (input.len < len + 4)
			return 0;
		macros(t, slice_head(slice_skip(input, MILTER_HEADER), len - 1));
		return len + 4;
	}
	if (side == WATCH_CLIENT && memchr("CHMRTLNBE", command, 9))
		t->is_proven = true;
	t->skip[side] = len - 1;
	return MILTER_HEADER;
}

const struct watch_proto watch_proto_milter = {
	.name = "milter",
	.fit = milter_fit,
	.feed = milter_feed,
	.is_link_good = true,
};

/* Postfix policy delegation: "request=smtpd_access_policy", then attributes. */
static enum watch_fit policy_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "request=", NULL };
	return o->client.len || !o->server.len ? watch_word_fit(o->client, begin) : WATCH_FIT_NO;
}

static void policy_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	static const char user[] = "sasl_username=";
	if (side != WATCH_CLIENT)
		return;
	t->is_proven = true;
	if (slice_starts_nocase(line, user))
		slice_to_text(slice_skip(line, strlen(user)), t->user, sizeof(t->user));
}

const struct watch_proto watch_proto_policy = {
	.name = "postfix-policy",
	.fit = policy_fit,
	.line = policy_line,
	.is_link_good = true,
};
