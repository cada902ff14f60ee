#include "watch/proto.h"

#include "base/clean.h"
#include "watch/ear.h"

#include <ctype.h>

void watch_talk_secret(struct watch_talk *t, enum watch_secret secret, struct slice mechanism,
                       struct slice user)
{
	if (user.len)
		slice_to_text(user, t->user, sizeof(t->user));
	if (secret <= t->secret && t->mechanism[0])
		return;
	if (secret > t->secret)
		t->secret = secret;
	t->is_proven = true;
	slice_to_text(mechanism, t->mechanism, sizeof(t->mechanism));
	for (char *at = t->mechanism; *at; at++)
		*at = (char)toupper((unsigned char)*at);
}

static size_t skip_take(struct watch_talk *t, enum watch_side side, struct slice input)
{
	size_t used = input.len < t->skip[side] ? input.len : (size_t)t->skip[side];
	t->skip[side] -= used;
	return used;
}

static void line_give(struct watch_talk *t, enum watch_side side, struct slice line)
{
	t->proto->line(t, side, line);
	if (t->ear)
		t->ear->line(t->ear, t, side, line);
}

static size_t literal_take(struct watch_talk *t, enum watch_side side, struct slice input)
{
	uint32_t len = t->literal[side];
	if (len > WATCH_LITERAL_MAX) {
		t->literal[side] = 0;
		t->skip[side] = len;
		return skip_take(t, side, input);
	}
	if (input.len < len)
		return 0;
	t->literal[side] = 0;
	t->is_literal = true;
	line_give(t, side, slice_head(input, len));
	t->is_literal = false;
	return len;
}

/* What is longer than a line may be is given as far as it goes, the rest of it passed over. */
static size_t line_take(struct watch_talk *t, enum watch_side side, struct slice input)
{
	struct slice line = slice_head(input, WATCH_LINE_MAX);
	size_t end = slice_find(line, '\n');
	bool is_whole = end < line.len, is_rest = t->is_in_line[side];
	if (!is_whole && !is_rest && line.len < WATCH_LINE_MAX)
		return 0;
	t->is_in_line[side] = !is_whole;
	size_t used = is_whole ? end + 1 : line.len;
	line = slice_head(line, end);
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	if (!is_rest)
		line_give(t, side, line);
	return used;
}

static size_t once(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (t->skip[side])
		return skip_take(t, side, input);
	if (t->literal[side] && t->proto->line)
		return literal_take(t, side, input);
	return t->proto->line ? line_take(t, side, input) : t->proto->feed(t, side, input);
}

/* Nothing of the client is read while it is open whether that is TLS. */
static bool is_stopped(const struct watch_talk *t, enum watch_side side)
{
	return t->is_tls || t->is_lost || (t->is_asked && side == WATCH_CLIENT);
}

size_t watch_talk_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	size_t all = 0;
	while (input.len && !is_stopped(t, side)) {
		size_t used = once(t, side, input);
		if (!used)
			break;
		all += used;
		input = slice_skip(input, used);
	}
	return all;
}

void watch_talk_gap(struct watch_talk *t, enum watch_side side)
{
	t->skip[side] = 0;
	t->literal[side] = 0;
	t->is_in_line[side] = t->proto->line;
	if (!t->proto->line)
		t->is_lost = true;
}
