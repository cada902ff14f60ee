#include "smtp/handoff.h"

#include "base/clean.h"
#include "base/err.h"
#include "smtp/handoff_inside.h"

#include <errno.h>

/* TEXT_MAX: of text that nobody took out. TAKE_MAX: of the MTA's bytes at a time. */
enum { TEXT_MAX = 64 * 1024, TAKE_MAX = 32 * 1024 };

static const char say_go_ahead[] = "354 End data with <CR><LF>.<CR><LF>";
static const char say_spoilt[] = "550 5.6.0 Message has a bare CR, a bare LF or a NUL\r\n";

static const char *const state_names[] = {
	[SMTP_HANDOFF_START] = "start",     [SMTP_HANDOFF_COMMAND] = "command",
	[SMTP_HANDOFF_AT_DATA] = "at-data", [SMTP_HANDOFF_IN_TEXT] = "in-text",
	[SMTP_HANDOFF_AT_END] = "at-end",   [SMTP_HANDOFF_CLOSED] = "closed",
};
_Static_assert(COUNT_OF(state_names) == SMTP_HANDOFF_STATE_COUNT, "every state has its word");

const char *smtp_handoff_state_name(enum smtp_handoff_state state)
{
	return state_names[state];
}

void smtp_handoff_turn(struct smtp_handoff *h, enum smtp_handoff_state state)
{
	h->state = state;
}

void smtp_handoff_forget(struct smtp_handoff *h)
{
	h->has_mail = false;
	h->mail = (struct smtp_handoff_mail){};
	h->rcpt = (struct smtp_handoff_rcpt){};
	buf_deinit(&h->mail_path);
	buf_deinit(&h->rcpt_path);
	buf_deinit(&h->text);
	h->rcpts = h->taken = 0;
	memset(h->is_taken, 0, sizeof(h->is_taken));
	h->data = (struct smtp_data){};
}

static void owe_ends(struct smtp_handoff *h)
{
	if (!h->set->is_lmtp)
		smtp_replies_owe(&h->replies, SMTP_OWED_END, 0);
	for (unsigned i = 0; h->set->is_lmtp && i < h->rcpts; i++)
		if (h->is_taken[i])
			smtp_replies_owe(&h->replies, SMTP_OWED_END, i);
}

/* The owner has left a spoilt text: the replies are ours to give. */
static int end_spoilt(struct smtp_handoff *h)
{
	unsigned rcpts = h->rcpts;
	int r = 0;
	for (unsigned i = 0; i < rcpts && !r; i++)
		r = smtp_handoff_end_reply(h, i, slice_str(say_spoilt));
	return err_up(r);
}

/* The final dot came. */
static int text_end(struct smtp_handoff *h, enum smtp_handoff_todo *ret_todo)
{
	smtp_handoff_turn(h, SMTP_HANDOFF_AT_END);
	owe_ends(h);
	if (h->data.is_rejected)
		return err_up(end_spoilt(h));
	*ret_todo = SMTP_HANDOFF_END;
	return 0;
}

static int feed_text(struct smtp_handoff *h, struct slice input, size_t *ret_used,
                     enum smtp_handoff_todo *ret_todo)
{
	bool was_rejected = h->data.is_rejected;
	if (buf_len(&h->text) > TEXT_MAX)
		return SMTP_HANDOFF_LATER;
	int end = smtp_data_take(&h->data, slice_head(input, TAKE_MAX), &h->text, ret_used);
	if (end < 0)
		return err_up(end);
	if (h->data.is_rejected)
		buf_deinit(&h->text);
	if (h->data.is_rejected && !was_rejected)
		*ret_todo = SMTP_HANDOFF_SPOILT;
	else if (buf_len(&h->text))
		*ret_todo = SMTP_HANDOFF_TEXT;
	return end == SMTP_DATA_END ? err_up(text_end(h, ret_todo)) : 0;
}

static int feed(struct smtp_handoff *h, struct slice input, size_t *ret_used,
                enum smtp_handoff_todo *ret_todo)
{
	switch (h->state) {
	case SMTP_HANDOFF_START:
	case SMTP_HANDOFF_COMMAND:
		return smtp_handoff_command(h, input, ret_used, ret_todo);
	case SMTP_HANDOFF_IN_TEXT:
		return feed_text(h, input, ret_used, ret_todo);
	case SMTP_HANDOFF_AT_DATA:
	case SMTP_HANDOFF_AT_END:
		return SMTP_HANDOFF_LATER;
	case SMTP_HANDOFF_CLOSED:
	case SMTP_HANDOFF_STATE_COUNT:
		break;
	}
	*ret_todo = SMTP_HANDOFF_CLOSE;
	return 0;
}

int smtp_handoff_feed(struct smtp_handoff *h, struct slice input, size_t *ret_used,
                      enum smtp_handoff_todo *ret_todo)
{
	size_t used = 0;
	*ret_todo = SMTP_HANDOFF_READ;
	*ret_used = 0;
	int r = input.len || h->state == SMTP_HANDOFF_CLOSED ? feed(h, input, &used, ret_todo) : 0;
	if (r == SMTP_HANDOFF_LATER)
		return 0;
	if (r)
		return err_up(r);
	*ret_used = h->state == SMTP_HANDOFF_CLOSED ? input.len : used;
	return 0;
}

int smtp_handoff_rcpt_reply(struct smtp_handoff *h, unsigned number, struct slice line)
{
	int r = smtp_replies_give(&h->replies, SMTP_OWED_RCPT, number, line);
	if (r == SMTP_REPLIES_ACCEPTED) {
		h->is_taken[number] = true;
		h->taken++;
	}
	return r < 0 ? err_up(r) : 0;
}

int smtp_handoff_go_ahead(struct smtp_handoff *h, struct slice line)
{
	if (h->state != SMTP_HANDOFF_AT_DATA)
		return 0;
	if (!line.len) {
		h->data.rejects = h->set->rejects_bare;
		smtp_handoff_turn(h, SMTP_HANDOFF_IN_TEXT);
		return err_up(smtp_replies_say(&h->replies, say_go_ahead));
	}
	smtp_handoff_forget(h);
	smtp_handoff_turn(h, SMTP_HANDOFF_COMMAND);
	smtp_replies_owe(&h->replies, SMTP_OWED_DATA, 0);
	return err_up(smtp_replies_give(&h->replies, SMTP_OWED_DATA, 0, line));
}

int smtp_handoff_end_reply(struct smtp_handoff *h, unsigned number, struct slice line)
{
	int r = smtp_replies_give(&h->replies, SMTP_OWED_END, number, line);
	if (r < 0)
		return err_up(r);
	if (h->state != SMTP_HANDOFF_AT_END || h->replies.count)
		return 0;
	smtp_handoff_forget(h);
	smtp_handoff_turn(h, SMTP_HANDOFF_COMMAND);
	return 0;
}

bool smtp_handoff_owes(const struct smtp_handoff *h)
{
	return h->replies.count || h->state == SMTP_HANDOFF_AT_DATA;
}

int smtp_handoff_shut(struct smtp_handoff *h, const char *line)
{
	enum smtp_handoff_todo todo;
	if (smtp_handoff_owes(h))
		return 0;
	if (h->state != SMTP_HANDOFF_START && h->state != SMTP_HANDOFF_COMMAND)
		return 0;
	return err_up(smtp_handoff_quit(h, line, &todo));
}

enum smtp_handoff_state smtp_handoff_state(const struct smtp_handoff *h)
{
	return h->state;
}

struct buf *smtp_handoff_out(struct smtp_handoff *h)
{
	return &h->replies.out;
}

struct buf *smtp_handoff_text(struct smtp_handoff *h)
{
	return &h->text;
}

const struct smtp_handoff_mail *smtp_handoff_mail(const struct smtp_handoff *h)
{
	return &h->mail;
}

const struct smtp_handoff_rcpt *smtp_handoff_rcpt(const struct smtp_handoff *h)
{
	return &h->rcpt;
}

struct slice smtp_handoff_helo(const struct smtp_handoff *h)
{
	return buf_slice(&h->hello);
}

int smtp_handoff_start(struct smtp_handoff *h)
{
	return err_up(buf_printf(&h->replies.out, "220 %s %s mailseal\r\n", h->set->hostname,
	                         h->set->is_lmtp ? "LMTP" : "ESMTP"));
}

int smtp_handoff_new(struct smtp_handoff **ret_h, const struct smtp_handoff_settings *set)
{
	struct smtp_handoff *h = calloc(1, sizeof(*h));
	if (!h)
		return err_raise(-ENOMEM);
	h->set = set;
	*ret_h = h;
	return 0;
}

void smtp_handoff_free(struct smtp_handoff *h)
{
	if (!h)
		return;
	smtp_handoff_forget(h);
	smtp_replies_deinit(&h->replies);
	buf_deinit(&h->hello);
	free(h);
}
