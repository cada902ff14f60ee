/*
 * A session by a schedule: a byte of settings, then operations, one byte each (enum op). SAY is
 * followed by a length byte and that many bytes; an answer by its number, then the same.
 *
 * The MTA is played too: it counts its commands, and must get one reply to each, one to the end of
 * a message for each recipient it saw taken, and no 250 there that the owner did not give.
 */
#include "smtp/handoff.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op { SAY, RCPT_REPLY, GO_AHEAD, END_REPLY, SHUT, TAKE_TEXT, OP_COUNT };
enum { LMTP = 1, REQUIRETLS = 2, REJECTS = 4, FEW_ERRORS = 8 };

/* What the MTA waits for. */
enum wait { WAIT_COMMAND, WAIT_RCPT, WAIT_END };
enum { WAITS_MAX = 1024 };

struct watch {
	struct smtp_handoff *h;
	bool is_lmtp;
	struct buf in;
	struct buf text; /* of this message, as the owner took it */
	bool is_closed;
	bool is_spoilt;
	enum wait waits[WAITS_MAX]; /* a ring */
	unsigned first, count;
	unsigned rcpts; /* of this transaction */
	unsigned taken;
	unsigned yes; /* given by the owner to this message */
};

static void wait_add(struct watch *w, enum wait wait)
{
	assert(w->count < WAITS_MAX);
	w->waits[(w->first + w->count++) % WAITS_MAX] = wait;
}

static void hear_reply(struct watch *w, uint8_t class)
{
	/* 421 comes unasked. */
	assert(w->count || (w->is_closed && class == '4'));
	if (!w->count)
		return;
	enum wait wait = w->waits[w->first];
	w->first = (w->first + 1) % WAITS_MAX;
	w->count--;
	w->taken += wait == WAIT_RCPT && class == '2';
	if (wait == WAIT_END && class == '2')
		assert(w->yes-- && !w->is_spoilt);
}

static void hear(struct watch *w, struct slice out)
{
	while (out.len) {
		size_t end = slice_find(out, '\n');
		assert(end < out.len && end >= 4 && out.data[end - 1] == '\r');
		assert(out.data[0] >= '2' && out.data[0] <= '5');
		assert(out.data[3] == ' ' || out.data[3] == '-');
		assert(!memchr(out.data, '\r', end - 1) && !memchr(out.data, '\0', end));
		if (out.data[3] == ' ')
			hear_reply(w, out.data[0]);
		out = slice_skip(out, end + 1);
	}
}

static void collect(struct watch *w, int r)
{
	struct buf *out = smtp_handoff_out(w->h);
	assert(r == 0);
	assert((smtp_handoff_state(w->h) == SMTP_HANDOFF_CLOSED) == w->is_closed);
	hear(w, buf_slice(out));
	buf_clear(out);
	/* At DATA the wait is for the command itself. */
	assert(smtp_handoff_owes(w->h) == (w->count > 0));
}

static void take_text(struct watch *w)
{
	struct buf *text = smtp_handoff_text(w->h);
	assert(buf_add(&w->text, buf_slice(text)) == 0);
	buf_clear(text);
}

/* A far end finds the end where the MTA put it, and nowhere else. */
static void check_text(const struct watch *w, bool has_ended)
{
	struct slice text = buf_slice(&w->text);
	const uint8_t *end = text.len ? memmem(text.data, text.len, "\r\n.\r\n", 5) : NULL;
	bool is_empty = text.len >= 3 && !memcmp(text.data, ".\r\n", 3);
	if (!has_ended)
		assert(!end && !is_empty);
	else if (is_empty)
		assert(text.len == 3);
	else
		assert(end && end + 5 == text.data + text.len);
	assert(!text.len || !memchr(text.data, '\0', text.len));
}

static void check_path(struct slice path)
{
	assert(path.len >= 2 && path.data[0] == '<' && path.data[path.len - 1] == '>');
	for (size_t i = 0; i < path.len; i++)
		assert(path.data[i] >= 0x20 && path.data[i] != 0x7f);
}

static void check_rcpt(struct watch *w)
{
	const struct smtp_handoff_rcpt *rcpt = smtp_handoff_rcpt(w->h);
	check_path(smtp_handoff_mail(w->h)->path);
	check_path(rcpt->path);
	assert(rcpt->number == w->rcpts++ && rcpt->number < SMTP_HANDOFF_RCPTS_MAX);
	assert(rcpt->domain.len && rcpt->path.len >= rcpt->domain.len + 4);
}

static void begin_mail(struct watch *w)
{
	check_path(smtp_handoff_mail(w->h)->path);
	w->rcpts = w->taken = w->yes = 0;
	w->is_spoilt = false;
	buf_clear(&w->text);
}

static void wait_for_ends(struct watch *w)
{
	unsigned ends = w->is_lmtp ? w->taken : 1;
	assert(ends && !w->count);
	while (ends--)
		wait_add(w, WAIT_END);
}

static void do_todo(struct watch *w, enum smtp_handoff_todo todo)
{
	switch (todo) {
	case SMTP_HANDOFF_READ:
	case SMTP_HANDOFF_TEXT:
		break;
	case SMTP_HANDOFF_MAIL:
		begin_mail(w);
		break;
	case SMTP_HANDOFF_RCPT:
		check_rcpt(w);
		break;
	case SMTP_HANDOFF_DATA:
		assert(w->taken && w->count == 1);
		break;
	case SMTP_HANDOFF_SPOILT:
		assert(!buf_len(smtp_handoff_text(w->h)));
		check_text(w, false);
		w->is_spoilt = true;
		break;
	case SMTP_HANDOFF_END:
		assert(!w->is_spoilt);
		take_text(w);
		check_text(w, true);
		break;
	case SMTP_HANDOFF_RESET:
		assert(w->count == 1);
		break;
	case SMTP_HANDOFF_CLOSE:
		w->is_closed = true;
		break;
	}
}

/* One call. */
static size_t feed(struct watch *w)
{
	enum smtp_handoff_todo todo;
	enum smtp_handoff_state before = smtp_handoff_state(w->h);
	struct slice all = buf_slice(&w->in);
	size_t used;
	uint8_t *copy = malloc(all.len);
	assert(copy);
	memcpy(copy, all.data, all.len);
	int r = smtp_handoff_feed(w->h, slice_of(copy, all.len), &used, &todo);
	free(copy);
	assert(r == 0 && used <= all.len);
	bool is_text = before == SMTP_HANDOFF_IN_TEXT;
	if (used && !is_text)
		wait_add(w, todo == SMTP_HANDOFF_RCPT ? WAIT_RCPT : WAIT_COMMAND);
	do_todo(w, todo);
	if (is_text && smtp_handoff_state(w->h) != before)
		wait_for_ends(w);
	collect(w, r);
	return used;
}

static void pump(struct watch *w)
{
	size_t used = 1;
	while (!w->is_closed && used && buf_len(&w->in)) {
		used = feed(w);
		buf_consume(&w->in, used);
	}
}

static struct slice cut(struct slice *schedule)
{
	size_t len = schedule->len ? schedule->data[0] : 0;
	struct slice text = slice_head(slice_skip(*schedule, 1), len);
	*schedule = slice_skip(*schedule, 1 + text.len);
	return text;
}

static void answer(struct watch *w, enum op op, struct slice *schedule)
{
	unsigned number = schedule->len ? schedule->data[0] : 0;
	*schedule = slice_skip(*schedule, 1);
	struct slice text = cut(schedule);
	int r = 0;
	if (op == RCPT_REPLY) {
		r = smtp_handoff_rcpt_reply(w->h, number, text);
	} else if (op == GO_AHEAD) {
		r = smtp_handoff_go_ahead(w->h, text);
	} else {
		bool is_asked = smtp_handoff_state(w->h) == SMTP_HANDOFF_AT_END;
		w->yes += is_asked && text.len && text.data[0] == '2';
		r = smtp_handoff_end_reply(w->h, number, text);
	}
	collect(w, r);
}

static void shut(struct watch *w)
{
	int r = smtp_handoff_shut(w->h, "421 4.3.2 closing");
	w->is_closed = smtp_handoff_state(w->h) == SMTP_HANDOFF_CLOSED;
	collect(w, r);
}

static void play(struct watch *w, struct slice schedule)
{
	while (schedule.len && !w->is_closed) {
		enum op op = schedule.data[0] % OP_COUNT;
		schedule = slice_skip(schedule, 1);
		switch (op) {
		case SAY:
			assert(buf_add(&w->in, cut(&schedule)) == 0);
			break;
		case RCPT_REPLY:
		case GO_AHEAD:
		case END_REPLY:
			answer(w, op, &schedule);
			break;
		case SHUT:
			shut(w);
			break;
		case TAKE_TEXT:
			take_text(w);
			if (smtp_handoff_state(w->h) == SMTP_HANDOFF_IN_TEXT)
				check_text(w, false);
			break;
		case OP_COUNT:
			break;
		}
		pump(w);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const struct smtp_handoff_settings set = {
		.hostname = "relay.example",
		.is_lmtp = data[0] & LMTP,
		.offers_requiretls = data[0] & REQUIRETLS,
		.rejects_bare = data[0] & REJECTS,
		.errors_max = data[0] & FEW_ERRORS ? 3 : 0,
	};
	struct watch w = { .is_lmtp = set.is_lmtp };
	assert(smtp_handoff_new(&w.h, &set) == 0);
	wait_add(&w, WAIT_COMMAND); /* the greeting */
	collect(&w, smtp_handoff_start(w.h));
	play(&w, slice_of(data + 1, size - 1));
	smtp_handoff_free(w.h);
	buf_deinit(&w.in);
	buf_deinit(&w.text);
	return 0;
}
