#include "smtp/hop.h"

#include "base/clean.h"
#include "base/err.h"
#include "smtp/ehlo.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const failure_names[] = {
	[SMTP_HOP_NO_FAILURE] = "none",
	[SMTP_HOP_GREETED_BADLY] = "greeted-badly",
	[SMTP_HOP_HELLO_REFUSED] = "hello-refused",
	[SMTP_HOP_STARTTLS_REFUSED] = "starttls-refused",
	[SMTP_HOP_INJECTED] = "starttls-injection",
	[SMTP_HOP_BROKEN] = "broken",
	[SMTP_HOP_SHUT_DOWN] = "shut-down",
};
_Static_assert(COUNT_OF(failure_names) == SMTP_HOP_FAILURE_COUNT, "a failure without a name");

static const char *const state_names[] = {
	[SMTP_HOP_GREETING] = "greeting",
	[SMTP_HOP_IN_EHLO] = "ehlo",
	[SMTP_HOP_IN_HELO] = "helo",
	[SMTP_HOP_CLEAR] = "clear",
	[SMTP_HOP_IN_STARTTLS] = "starttls",
	[SMTP_HOP_IN_TLS] = "tls",
	[SMTP_HOP_IDLE] = "idle",
	[SMTP_HOP_BUSY] = "busy",
	[SMTP_HOP_IN_TEXT] = "text",
	[SMTP_HOP_QUITTING] = "quitting",
	[SMTP_HOP_OVER] = "over",
};
_Static_assert(COUNT_OF(state_names) == SMTP_HOP_STATE_COUNT, "a state without a name");

/* First digits that answer it. 2yz to DATA would be a message taken without its text. */
static const char *const classes[] = {
	[SMTP_HOP_MAIL] = "245", [SMTP_HOP_RCPT] = "245", [SMTP_HOP_DATA] = "345",
	[SMTP_HOP_END] = "245",  [SMTP_HOP_RSET] = "245",
};
_Static_assert(COUNT_OF(classes) == SMTP_HOP_COMMAND_COUNT, "every command has its classes");
_Static_assert(SMTP_HOP_LINE_MAX <= UINT16_MAX, "a line's length fits where it is kept");

const char *smtp_hop_failure_name(enum smtp_hop_failure failure)
{
	return failure_names[failure];
}

const char *smtp_hop_state_name(enum smtp_hop_state state)
{
	return state_names[state];
}

void smtp_hop_init(struct smtp_hop *hop, const char *hostname)
{
	*hop = (struct smtp_hop){ .hostname = hostname };
}

void smtp_hop_deinit(struct smtp_hop *hop)
{
	if (!hop)
		return;
	buf_deinit(&hop->out);
	buf_deinit(&hop->queue);
	smtp_reply_deinit(&hop->reply);
}

static void turn(struct smtp_hop *hop, enum smtp_hop_state state)
{
	if (hop->state != SMTP_HOP_OVER)
		hop->state = state;
}

static void forget_reply(struct smtp_hop *hop)
{
	smtp_reply_clear(&hop->reply);
	hop->reply_is_whole = false;
}

static enum smtp_hop_todo fail(struct smtp_hop *hop, enum smtp_hop_failure failure)
{
	turn(hop, SMTP_HOP_OVER);
	hop->failure = failure;
	return SMTP_HOP_FAILED;
}

/* The words answer nothing: an owner that passed a 250 among them on would lose mail. */
static enum smtp_hop_todo distrust(struct smtp_hop *hop, enum smtp_hop_failure failure)
{
	forget_reply(hop);
	return fail(hop, failure);
}

/* RFC 5321 4.1.1.10: who was refused says QUIT all the same. */
static int leave(struct smtp_hop *hop, enum smtp_hop_failure failure, enum smtp_hop_todo *ret_todo)
{
	*ret_todo = fail(hop, failure);
	return err_up(buf_add_str(&hop->out, "QUIT\r\n"));
}

bool smtp_hop_offers(const struct smtp_hop *hop, const char *keyword, struct slice *ret_params)
{
	return smtp_ehlo_find(&hop->caps, keyword, ret_params);
}

static bool offers(const struct smtp_hop *hop, const char *keyword)
{
	struct slice params;
	return smtp_hop_offers(hop, keyword, &params);
}

/* Commands of transactions */

static struct smtp_hop_pending *pending_at(struct smtp_hop *hop, unsigned i)
{
	return &hop->pending[(hop->first + i) % SMTP_HOP_QUEUE_MAX];
}

/* RFC 2920 3.1: DATA is the last of a group. What follows a message waits for its reply too. */
static bool may_send(struct smtp_hop *hop)
{
	if (hop->state != SMTP_HOP_BUSY || hop->sent == hop->count)
		return false;
	if (!hop->sent)
		return true;
	enum smtp_hop_command last = pending_at(hop, hop->sent - 1)->command;
	return last != SMTP_HOP_DATA && last != SMTP_HOP_END && offers(hop, "PIPELINING");
}

static int send_more(struct smtp_hop *hop)
{
	while (may_send(hop)) {
		size_t len = pending_at(hop, hop->sent)->len;
		int r = buf_add(&hop->out, slice_head(buf_slice(&hop->queue), len));
		if (r)
			return err_up(r);
		buf_consume(&hop->queue, len);
		hop->sent++;
	}
	buf_release(&hop->queue);
	return 0;
}

static int enqueue(struct smtp_hop *hop, enum smtp_hop_command command, struct slice line,
                   unsigned number)
{
	if (hop->state != SMTP_HOP_IDLE && hop->state != SMTP_HOP_BUSY)
		return SMTP_HOP_NOT_NOW;
	if (hop->count == SMTP_HOP_QUEUE_MAX)
		return SMTP_HOP_IS_FULL;
	int r = buf_add(&hop->queue, line);
	if (r)
		return err_up(r);
	*pending_at(hop, hop->count++) = (struct smtp_hop_pending){
		.number = number,
		.len = (uint16_t)line.len,
		.command = (uint8_t)command,
	};
	turn(hop, SMTP_HOP_BUSY);
	return err_up(send_more(hop));
}

/* A control byte could end the line, and what stands behind it would be a command. */
static bool is_path(struct slice path)
{
	if (path.len < 2 || path.len > SMTP_HOP_LINE_MAX)
		return false;
	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] < 0x20 || path.data[i] == 0x7f)
			return false;
	return path.data[0] == '<' && path.data[path.len - 1] == '>';
}

/* RFC 1870 3; 0 for no limit, and for what is no number or one that nothing reaches. */
static uint64_t size_max(const struct smtp_hop *hop)
{
	struct slice text;
	uint64_t max = 0;
	if (!smtp_hop_offers(hop, "SIZE", &text))
		return 0;
	text = slice_trim(text);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c < '0' || c > '9' || __builtin_mul_overflow(max, 10, &max) ||
		    __builtin_add_overflow(max, c - '0', &max))
			return 0;
	}
	return max;
}

static int mail_refusal(const struct smtp_hop *hop, const struct smtp_hop_mail *mail)
{
	uint64_t max = size_max(hop);
	if (mail->is_utf8 && !offers(hop, "SMTPUTF8"))
		return SMTP_HOP_NO_UTF8;
	/* RFC 8689 2: only a session in TLS can promise it. */
	if (mail->requires_tls && (!hop->is_tls || !offers(hop, "REQUIRETLS")))
		return SMTP_HOP_NO_REQUIRETLS;
	if (max && mail->size > max)
		return SMTP_HOP_TOO_BIG;
	return is_path(mail->path) ? 0 : SMTP_HOP_TOO_LONG;
}

int smtp_hop_mail(struct smtp_hop *hop, const struct smtp_hop_mail *mail, unsigned number)
{
	char line[SMTP_HOP_LINE_MAX + 1];
	char size[32] = "";
	int r = mail_refusal(hop, mail);
	if (r)
		return r;
	if (mail->size && offers(hop, "SIZE"))
		snprintf(size, sizeof(size), " SIZE=%" PRIu64, mail->size);
	int len =
		snprintf(line, sizeof(line), "MAIL FROM:%.*s%s%s%s%s\r\n", (int)mail->path.len,
	                 (const char *)mail->path.data, size,
	                 mail->is_8bit && offers(hop, "8BITMIME") ? " BODY=8BITMIME" : "",
	                 mail->is_utf8 ? " SMTPUTF8" : "", mail->requires_tls ? " REQUIRETLS" : "");
	if (len > SMTP_HOP_LINE_MAX)
		return SMTP_HOP_TOO_LONG;
	return enqueue(hop, SMTP_HOP_MAIL, slice_of(line, (size_t)len), number);
}

int smtp_hop_rcpt(struct smtp_hop *hop, struct slice path, unsigned number)
{
	char line[SMTP_HOP_LINE_MAX + 1];
	if (!is_path(path))
		return SMTP_HOP_TOO_LONG;
	int len = snprintf(line, sizeof(line), "RCPT TO:%.*s\r\n", (int)path.len,
	                   (const char *)path.data);
	if (len > SMTP_HOP_LINE_MAX)
		return SMTP_HOP_TOO_LONG;
	return enqueue(hop, SMTP_HOP_RCPT, slice_of(line, (size_t)len), number);
}

int smtp_hop_data(struct smtp_hop *hop, unsigned number)
{
	return enqueue(hop, SMTP_HOP_DATA, slice_str("DATA\r\n"), number);
}

int smtp_hop_rset(struct smtp_hop *hop, unsigned number)
{
	return enqueue(hop, SMTP_HOP_RSET, slice_str("RSET\r\n"), number);
}

void smtp_hop_text_is_sent(struct smtp_hop *hop)
{
	if (hop->state == SMTP_HOP_IN_TEXT)
		turn(hop, SMTP_HOP_BUSY);
}

/* The rest of what the owner says */

static int say_hello(struct smtp_hop *hop, const char *verb, enum smtp_hop_state state)
{
	turn(hop, state);
	return err_up(buf_printf(&hop->out, "%s %s\r\n", verb, hop->hostname));
}

int smtp_hop_starttls(struct smtp_hop *hop)
{
	if (hop->state != SMTP_HOP_CLEAR)
		return 0;
	turn(hop, SMTP_HOP_IN_STARTTLS);
	return err_up(buf_add_str(&hop->out, "STARTTLS\r\n"));
}

void smtp_hop_go_plain(struct smtp_hop *hop)
{
	if (hop->state == SMTP_HOP_CLEAR)
		turn(hop, SMTP_HOP_IDLE);
}

int smtp_hop_tls_up(struct smtp_hop *hop)
{
	if (hop->state == SMTP_HOP_GREETING)
		hop->is_tls = true;
	if (hop->state != SMTP_HOP_IN_TLS)
		return 0;
	forget_reply(hop);
	hop->caps = (struct conv_caps){};
	hop->is_esmtp = false;
	hop->is_tls = true;
	return err_up(say_hello(hop, "EHLO", SMTP_HOP_IN_EHLO));
}

int smtp_hop_quit(struct smtp_hop *hop)
{
	bool is_quiet = hop->state == SMTP_HOP_CLEAR || hop->state == SMTP_HOP_IDLE ||
	                (hop->state == SMTP_HOP_BUSY && !hop->count);
	if (!is_quiet)
		return 0;
	turn(hop, SMTP_HOP_QUITTING);
	return err_up(buf_add_str(&hop->out, "QUIT\r\n"));
}

/* Replies */

static int on_greeting(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo)
{
	if (hop->reply.code != 220)
		return err_up(leave(hop, SMTP_HOP_GREETED_BADLY, ret_todo));
	return err_up(say_hello(hop, "EHLO", SMTP_HOP_IN_EHLO));
}

static int on_helo(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo)
{
	if (hop->reply.code / 100 != 2)
		return err_up(leave(hop, SMTP_HOP_HELLO_REFUSED, ret_todo));
	turn(hop, hop->is_tls ? SMTP_HOP_IDLE : SMTP_HOP_CLEAR);
	*ret_todo = hop->is_tls ? SMTP_HOP_READY : SMTP_HOP_HELLO;
	return 0;
}

static int on_ehlo(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo)
{
	if (hop->reply.code / 100 == 5)
		return err_up(say_hello(hop, "HELO", SMTP_HOP_IN_HELO));
	if (hop->reply.code / 100 == 2) {
		smtp_ehlo_learn(&hop->reply, &hop->caps);
		hop->is_esmtp = true;
	}
	return err_up(on_helo(hop, ret_todo));
}

/* That nothing is behind a 220 was seen before. */
static int on_starttls(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo)
{
	if (hop->reply.code == 220) {
		turn(hop, SMTP_HOP_IN_TLS);
		*ret_todo = SMTP_HOP_START_TLS;
		return 0;
	}
	turn(hop, SMTP_HOP_CLEAR);
	hop->failure = SMTP_HOP_STARTTLS_REFUSED;
	*ret_todo = SMTP_HOP_FAILED;
	return 0;
}

static int on_command(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo)
{
	struct smtp_hop_pending *p = pending_at(hop, 0);
	hop->of = p->command;
	hop->number = p->number;
	if (hop->of == SMTP_HOP_DATA && hop->reply.code / 100 == 3) {
		/* The dot's reply comes before those to what is queued already. */
		p->command = SMTP_HOP_END;
		turn(hop, SMTP_HOP_IN_TEXT);
		*ret_todo = SMTP_HOP_TEXT;
		return 0;
	}
	hop->first = (hop->first + 1) % SMTP_HOP_QUEUE_MAX;
	hop->count--;
	hop->sent--;
	if (!hop->count && (hop->of == SMTP_HOP_END || hop->of == SMTP_HOP_RSET))
		turn(hop, SMTP_HOP_IDLE);
	*ret_todo = SMTP_HOP_REPLY;
	return err_up(send_more(hop));
}

/* It does not want to hear the rest. Without the final dot nothing can follow on the connection. */
static int on_early_end(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo)
{
	hop->of = SMTP_HOP_END;
	hop->number = pending_at(hop, 0)->number;
	turn(hop, SMTP_HOP_OVER);
	*ret_todo = SMTP_HOP_REPLY;
	return 0;
}

static int on_quit(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo)
{
	turn(hop, SMTP_HOP_OVER);
	*ret_todo = SMTP_HOP_ENDED;
	return 0;
}

static const struct {
	const char *classes; /* first digits that may come; "": no reply is awaited */
	int (*on_reply)(struct smtp_hop *hop, enum smtp_hop_todo *ret_todo);
} rows[] = {
	[SMTP_HOP_GREETING] = { "2345", on_greeting },
	[SMTP_HOP_IN_EHLO] = { "245", on_ehlo },
	[SMTP_HOP_IN_HELO] = { "245", on_helo },
	[SMTP_HOP_CLEAR] = { "", NULL },
	[SMTP_HOP_IN_STARTTLS] = { "2345", on_starttls },
	[SMTP_HOP_IN_TLS] = { "", NULL },
	[SMTP_HOP_IDLE] = { "", NULL },
	[SMTP_HOP_BUSY] = { "2345", on_command },    /* and what the command says */
	[SMTP_HOP_IN_TEXT] = { "45", on_early_end }, /* a 2yz would be for half a message */
	[SMTP_HOP_QUITTING] = { "2345", on_quit },
	[SMTP_HOP_OVER] = { "", NULL },
};
_Static_assert(COUNT_OF(rows) == SMTP_HOP_STATE_COUNT, "every state has its row");

static bool is_awaited(struct smtp_hop *hop)
{
	const char *digits = rows[hop->state].classes;
	if (hop->state == SMTP_HOP_BUSY)
		digits = hop->sent ? classes[pending_at(hop, 0)->command] : "";
	return strchr(digits, (int)('0' + hop->reply.code / 100)) != NULL;
}

static int whole_reply(struct smtp_hop *hop, bool has_more, enum smtp_hop_todo *ret_todo)
{
	unsigned code = hop->reply.code;
	/* RFC 5321 3.8: it may come unasked. To QUIT it is as good as a 221. */
	if (code == 421 && hop->state != SMTP_HOP_QUITTING) {
		*ret_todo = fail(hop, SMTP_HOP_SHUT_DOWN);
		return 0;
	}
	if (!is_awaited(hop)) {
		*ret_todo = distrust(hop, SMTP_HOP_BROKEN);
		return 0;
	}
	if (hop->state == SMTP_HOP_IN_STARTTLS && code == 220 && has_more) {
		*ret_todo = distrust(hop, SMTP_HOP_INJECTED);
		return 0;
	}
	return err_up(rows[hop->state].on_reply(hop, ret_todo));
}

int smtp_hop_feed(struct smtp_hop *hop, struct slice input, size_t *ret_used,
                  enum smtp_hop_todo *ret_todo)
{
	*ret_todo = SMTP_HOP_READ;
	*ret_used = input.len;
	if (hop->state == SMTP_HOP_OVER || !input.len)
		return 0;
	if (hop->state == SMTP_HOP_IN_TLS) {
		/* Bytes in clear that the handshake did not get. */
		*ret_todo = distrust(hop, SMTP_HOP_INJECTED);
		return 0;
	}
	if (hop->reply_is_whole)
		forget_reply(hop);
	int r = smtp_reply_take(&hop->reply, input, ret_used);
	if (r == SMTP_REPLY_MORE)
		return 0;
	if (r == SMTP_REPLY_BROKEN) {
		*ret_todo = distrust(hop, SMTP_HOP_BROKEN);
		return 0;
	}
	if (r)
		return err_up(r);
	hop->reply_is_whole = true;
	return err_up(whole_reply(hop, *ret_used < input.len, ret_todo));
}
