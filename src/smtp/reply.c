#include "smtp/reply.h"

#include "base/err.h"
#include "conv/line.h"

enum { CODE_LEN = 3, PREFIX_LEN = 4 };

void smtp_reply_deinit(struct smtp_reply *reply)
{
	if (!reply)
		return;
	buf_deinit(&reply->text);
	*reply = (struct smtp_reply){};
}

void smtp_reply_clear(struct smtp_reply *reply)
{
	buf_clear(&reply->text);
	buf_release(&reply->text);
	reply->code = 0;
	reply->lines = 0;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The code of a line, or 0 for what is no line of a reply. */
static unsigned line_code(struct slice line)
{
	if (line.len < CODE_LEN)
		return 0;
	if (line.len > CODE_LEN && line.data[CODE_LEN] != ' ' && line.data[CODE_LEN] != '-')
		return 0;
	if (line.data[0] < '2' || line.data[0] > '5')
		return 0;
	if (!is_digit(line.data[1]) || !is_digit(line.data[2]))
		return 0;
	return (line.data[0] - '0') * 100u + (line.data[1] - '0') * 10u + (line.data[2] - '0');
}

static int line_add(struct smtp_reply *reply, struct slice line)
{
	uint8_t *at;
	int r = buf_reserve(&reply->text, line.len + 2, &at);
	if (r)
		return err_up(r);
	for (size_t i = 0; i < line.len; i++) {
		uint8_t c = line.data[i];
		at[i] = (c < 0x20 && c != '\t') || c == 0x7f ? '?' : c;
	}
	at[line.len] = '\r';
	at[line.len + 1] = '\n';
	buf_commit(&reply->text, line.len + 2);
	return 0;
}

int smtp_reply_take(struct smtp_reply *reply, struct slice input, size_t *ret_used)
{
	size_t taken = 0;
	for (;;) {
		struct slice line;
		size_t used;
		int r = conv_line_take(slice_skip(input, taken), SMTP_REPLY_LINE_MAX, &line, &used);
		if (r == CONV_LINE_MORE) {
			*ret_used = taken;
			return SMTP_REPLY_MORE;
		}
		unsigned code = r ? 0 : line_code(line);
		if (!code || (reply->lines && code != reply->code))
			return SMTP_REPLY_BROKEN;
		if (reply->lines == SMTP_REPLY_LINES_MAX)
			return SMTP_REPLY_BROKEN;
		r = line_add(reply, line);
		if (r)
			return err_up(r);
		reply->code = code;
		reply->lines++;
		taken += used;
		if (line.len == CODE_LEN || line.data[CODE_LEN] == ' ') {
			*ret_used = taken;
			return 0;
		}
	}
}

bool smtp_reply_next(struct slice *rest, struct slice *ret_text)
{
	struct slice line;
	if (!slice_line_next(rest, &line))
		return false;
	line.len--; /* the CR */
	*ret_text = slice_skip(line, PREFIX_LEN);
	return true;
}

struct slice smtp_reply_enhanced(struct slice *text)
{
	struct slice rest = *text;
	struct slice word = conv_line_word(&rest);
	unsigned dots = 0;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] == '.')
			dots++;
		else if (!is_digit(word.data[i]))
			return slice_head(word, 0);
	}
	if (dots != 2 || word.len < 5 || word.data[1] != '.')
		return slice_head(word, 0);
	*text = rest;
	return word;
}

static bool is_id_byte(uint8_t c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
	       c == '_' || c == '.';
}

static struct slice id_head(struct slice s)
{
	size_t n = 0;
	while (n < s.len && is_id_byte(s.data[n]))
		n++;
	return slice_head(s, n);
}

/* What follows the mark in the text; the empty slice if it is not there. */
static struct slice behind(struct slice text, const char *mark)
{
	for (; text.len; text = slice_skip(text, 1))
		if (slice_starts_nocase(text, mark))
			return id_head(slice_skip(text, strlen(mark)));
	return text;
}

void smtp_reply_queue_id(const struct smtp_reply *reply, char *ret_id, size_t cap)
{
	struct slice rest = buf_slice(&reply->text);
	struct slice text;
	struct slice id = {};
	while (!id.len && smtp_reply_next(&rest, &text)) {
		id = behind(text, "queued as ");
		if (!id.len)
			id = behind(text, " id=");
		if (!id.len && smtp_reply_enhanced(&text).len) {
			struct slice first = conv_line_word(&text);
			if (slice_starts_nocase(text, "message accepted for delivery"))
				id = id_head(first);
		}
	}
	slice_to_text(id, ret_id, cap);
}

void smtp_reply_queue_id_note(const struct smtp_reply *reply, char *ids, size_t cap)
{
	char id[64];
	size_t len = strlen(ids);
	smtp_reply_queue_id(reply, id, sizeof(id));
	if (!id[0] || len + 1 + strlen(id) >= cap)
		return;
	if (len)
		ids[len++] = ',';
	memcpy(ids + len, id, strlen(id) + 1);
}
