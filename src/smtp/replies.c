#include "smtp/replies.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"
#include "smtp/reply.h"

enum { CODE_LEN = 3, FRAME_LEN = 6 }; /* FRAME_LEN: code, separator, CRLF */

static const char say_confused[] = "451 4.3.0 The far end's reply makes no sense\r\n";

/* First digits that answer it. */
static const char *const classes[] = {
	[SMTP_OWED_NOTHING] = "",
	[SMTP_OWED_RCPT] = "245",
	[SMTP_OWED_DATA] = "45",
	[SMTP_OWED_END] = "245",
};
_Static_assert(COUNT_OF(classes) == SMTP_OWED_KIND_COUNT, "every kind has its classes");

void smtp_replies_deinit(struct smtp_replies *replies)
{
	if (!replies)
		return;
	for (unsigned i = 0; i < COUNT_OF(replies->ring); i++)
		buf_deinit(&replies->ring[i].text);
	buf_deinit(&replies->out);
	replies->first = replies->count = 0;
}

bool smtp_replies_have_room(const struct smtp_replies *replies)
{
	return replies->count < SMTP_HANDOFF_SLOTS_MAX;
}

static struct smtp_owed *owed_at(struct smtp_replies *replies, unsigned i)
{
	return &replies->ring[(replies->first + i) % SMTP_HANDOFF_SLOTS_MAX];
}

static struct smtp_owed *owed_add(struct smtp_replies *replies, enum smtp_owed_kind kind)
{
	struct smtp_owed *owed = owed_at(replies, replies->count++);
	*owed = (struct smtp_owed){ .kind = (uint8_t)kind };
	return owed;
}

int smtp_replies_say(struct smtp_replies *replies, const char *line)
{
	if (!replies->count)
		return err_up(buf_printf(&replies->out, "%s\r\n", line));
	struct smtp_owed *owed = owed_add(replies, SMTP_OWED_NOTHING);
	owed->is_given = true;
	return err_up(buf_printf(&owed->text, "%s\r\n", line));
}

void smtp_replies_owe(struct smtp_replies *replies, enum smtp_owed_kind kind, unsigned number)
{
	owed_add(replies, kind)->number = (uint16_t)number;
}

/* Out goes what is no longer waited for. */
static int flush(struct smtp_replies *replies)
{
	while (replies->count && owed_at(replies, 0)->is_given) {
		struct smtp_owed *owed = owed_at(replies, 0);
		int r = buf_add(&replies->out, buf_slice(&owed->text));
		if (r)
			return err_up(r);
		buf_deinit(&owed->text);
		replies->first = (replies->first + 1) % SMTP_HANDOFF_SLOTS_MAX;
		replies->count--;
	}
	return 0;
}

static struct smtp_owed *owed_find(struct smtp_replies *replies, enum smtp_owed_kind kind,
                                   unsigned number)
{
	for (unsigned i = 0; i < replies->count; i++) {
		struct smtp_owed *owed = owed_at(replies, i);
		if (owed->kind == kind && owed->number == number && !owed->is_given)
			return owed;
	}
	return NULL;
}

static bool is_code(struct slice code)
{
	for (size_t i = 0; i < code.len; i++)
		if (code.data[i] < '0' || code.data[i] > '9')
			return false;
	return code.len == CODE_LEN;
}

/* "250-text" of that code, and nothing that moves a terminal. */
static bool is_line_of(struct slice line, struct slice code)
{
	if (!slice_equal(slice_head(line, CODE_LEN), code))
		return false;
	if (line.len > CODE_LEN && line.data[CODE_LEN] != ' ' && line.data[CODE_LEN] != '-')
		return false;
	for (size_t i = 0; i < line.len; i++)
		if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7f)
			return false;
	return true;
}

/* It is one reply, whole, with nothing behind it. */
static bool is_reply(struct slice reply)
{
	struct slice code = slice_head(reply, CODE_LEN);
	bool is_last = false;
	if (!is_code(code))
		return false;
	while (reply.len && !is_last) {
		struct slice line;
		size_t used;
		if (conv_line_take(reply, reply.len, &line, &used) || !is_line_of(line, code))
			return false;
		is_last = line.len == CODE_LEN || line.data[CODE_LEN] == ' ';
		reply = slice_skip(reply, used);
	}
	return is_last && !reply.len;
}

static int line_add(struct buf *out, struct slice code, char separator, struct slice text)
{
	return err_up(buf_printf(out, "%.*s%c%.*s\r\n", (int)code.len, (const char *)code.data,
	                         separator, (int)text.len, (const char *)text.data));
}

/* As many lines as there is room for; the last of them is the end. */
static int reply_write(struct buf *out, struct slice reply)
{
	struct slice code = slice_head(reply, CODE_LEN);
	struct slice text = {}, next = {};
	size_t used = 0;
	int r = 0;
	if (slice_equal(code, slice_str("421")))
		code = slice_str("451");
	bool has_line = smtp_reply_next(&reply, &text);
	text = slice_head(text, SMTP_HANDOFF_REPLY_MAX - FRAME_LEN);
	while (has_line && !r) {
		used += FRAME_LEN + text.len;
		has_line = smtp_reply_next(&reply, &next) &&
		           used + FRAME_LEN + next.len <= SMTP_HANDOFF_REPLY_MAX;
		r = line_add(out, code, has_line ? '-' : ' ', text);
		text = next;
	}
	return err_up(r);
}

int smtp_replies_give(struct smtp_replies *replies, enum smtp_owed_kind kind, unsigned number,
                      struct slice reply)
{
	struct smtp_owed *owed = owed_find(replies, kind, number);
	if (!owed)
		return SMTP_REPLIES_NOT_OWED;
	if (!is_reply(reply) || !strchr(classes[kind], reply.data[0]))
		reply = slice_str(say_confused);
	bool is_accepted = reply.data[0] == '2';
	int r = reply_write(&owed->text, reply);
	if (r)
		return err_up(r);
	owed->is_given = true;
	r = flush(replies);
	if (r)
		return err_up(r);
	return is_accepted ? SMTP_REPLIES_ACCEPTED : 0;
}
