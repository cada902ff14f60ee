#include "check/sender_talk.h"

#include "base/err.h"
#include "conv/line.h"
#include "smtp/envelope.h"

#include <stdio.h>

enum { LINE_MAX_LEN = 2048, RECIPIENTS_MAX = 100 };

#define SIZE_TEXT "1048576"
_Static_assert(CHECK_SENDER_TEXT_MAX == 1048576);

static int say(struct check_sender_talk *t, const char *line)
{
	return err_up(buf_printf(&t->out, "%s\r\n", line));
}

static int end(struct check_sender_talk *t, const char *line)
{
	t->state = CHECK_SENDER_TALK_ENDED;
	return err_up(say(t, line));
}

static int refuse(struct check_sender_talk *t, const char *line)
{
	if (++t->faults > CHECK_SENDER_FAULTS_MAX)
		return err_up(end(t, "421 4.7.0 Too many errors"));
	return err_up(say(t, line));
}

int check_sender_talk_init(struct check_sender_talk *t,
                           const struct check_sender_talk_settings *set)
{
	*t = (struct check_sender_talk){ .offer = set->offer,
		                         .was_sealed = set->was_sealed,
		                         .host = set->host,
		                         .domain = set->domain };
	return err_up(buf_printf(&t->out, "220 %s ESMTP mailseal check --sender\r\n", set->host));
}

void check_sender_talk_deinit(struct check_sender_talk *t)
{
	buf_deinit(&t->out);
}

static bool offers_tls(const struct check_sender_talk *t)
{
	switch (t->offer) {
	case CHECK_SENDER_OFFERS:
	case CHECK_SENDER_OFFER_REFUSED:
	case CHECK_SENDER_OFFER_INJECTS:
		return !t->is_tls;
	case CHECK_SENDER_OFFERS_NONE:
		return false;
	case CHECK_SENDER_OFFERS_ONCE:
		return !t->is_tls && !t->was_sealed;
	}
	return false;
}

/* Commands */

static int on_helo(struct check_sender_talk *t, struct slice args)
{
	(void)args;
	t->has_hello = true;
	t->state = CHECK_SENDER_TALK_COMMAND;
	return err_up(buf_printf(&t->out, "250 %s\r\n", t->host));
}

/* In TLS the one who injects offers nothing: what a sender then uses, it has from what came in
 * clear. */
static int on_ehlo(struct check_sender_talk *t, struct slice args)
{
	bool says_nothing = t->offer == CHECK_SENDER_OFFER_INJECTS && t->is_tls;
	(void)args;
	t->has_hello = true;
	t->state = CHECK_SENDER_TALK_COMMAND;
	if (says_nothing)
		return err_up(buf_printf(&t->out, "250 %s\r\n", t->host));
	return err_up(buf_printf(&t->out, "250-%s\r\n%s250-8BITMIME\r\n250 SIZE " SIZE_TEXT "\r\n",
	                         t->host, offers_tls(t) ? "250-STARTTLS\r\n" : ""));
}

static int on_starttls(struct check_sender_talk *t, struct slice args)
{
	(void)args;
	if (!offers_tls(t))
		return err_up(refuse(t, "502 5.5.1 Not offered"));
	if (t->offer == CHECK_SENDER_OFFER_REFUSED)
		return err_up(say(t, "454 4.7.0 TLS is not available"));
	t->state = CHECK_SENDER_TALK_HANDSHAKE;
	if (t->offer != CHECK_SENDER_OFFER_INJECTS)
		return err_up(say(t, "220 2.0.0 Ready"));
	return err_up(buf_printf(&t->out,
	                         "220 2.0.0 Ready\r\n"
	                         "250-%s\r\n250-8BITMIME\r\n250 SIZE " SIZE_TEXT "\r\n",
	                         t->host));
}

static int on_mail(struct check_sender_talk *t, struct slice args)
{
	struct smtp_path path;
	struct smtp_handoff_mail mail = {};
	if (t->messages >= CHECK_SENDER_MESSAGES_MAX ||
	    (t->offer == CHECK_SENDER_OFFERS_ONCE && t->is_tls && t->messages))
		return err_up(end(t, "421 4.3.2 Closing; come again"));
	if (smtp_envelope_mail(args, false, &path, &mail))
		return err_up(refuse(t, "501 5.5.4 Bad path or parameter"));
	if (t->offer == CHECK_SENDER_OFFER_INJECTS && t->is_tls && (mail.size || mail.is_8bit))
		t->is_misled = true;
	t->state = CHECK_SENDER_TALK_MAIL;
	t->recipients = 0;
	return err_up(say(t, "250 2.1.0 Go on"));
}

/* No relay, for nobody: the one domain of this case. */
static int on_rcpt(struct check_sender_talk *t, struct slice args)
{
	struct smtp_path path;
	int r = smtp_envelope_rcpt(args, false, &path);
	if (r)
		return err_up(refuse(t, "501 5.1.3 Bad path or parameter"));
	if (!slice_equal_nocase(path.domain, slice_str(t->domain))) {
		t->is_stranger = true;
		return err_up(refuse(t, "550 5.7.1 Mail for this test's domain alone"));
	}
	if (t->recipients >= RECIPIENTS_MAX)
		return err_up(refuse(t, "452 4.5.3 Too many recipients"));
	slice_to_text(path.mailbox, t->recipient, sizeof(t->recipient));
	t->recipients++;
	t->has_clear |= !t->is_tls;
	t->has_sealed |= t->is_tls;
	t->state = CHECK_SENDER_TALK_RCPT;
	return err_up(say(t, "250 2.1.5 Go on"));
}

static int on_data(struct check_sender_talk *t, struct slice args)
{
	(void)args;
	t->state = CHECK_SENDER_TALK_TEXT;
	t->text_len = t->field_len = 0;
	t->has_cr = false;
	t->in_header = true;
	t->message_id[0] = '\0';
	return err_up(say(t, "354 Go on"));
}

static int on_rset(struct check_sender_talk *t, struct slice args)
{
	(void)args;
	if (t->state != CHECK_SENDER_TALK_START)
		t->state = CHECK_SENDER_TALK_COMMAND;
	return err_up(say(t, "250 2.0.0 Go on"));
}

static int on_noop(struct check_sender_talk *t, struct slice args)
{
	(void)args;
	return err_up(say(t, "250 2.0.0 Go on"));
}

static int on_quit(struct check_sender_talk *t, struct slice args)
{
	(void)args;
	return err_up(end(t, "221 2.0.0 Bye"));
}

#define IN(state) (1U << CHECK_SENDER_TALK_##state)
#define IN_ANY (IN(START) | IN(COMMAND) | IN(MAIL) | IN(RCPT))

static const struct verb {
	const char *name;
	unsigned states;
	int (*fn)(struct check_sender_talk *t, struct slice args);
} verbs[] = {
	{ "HELO", IN_ANY, on_helo },
	{ "EHLO", IN_ANY, on_ehlo },
	{ "STARTTLS", IN(COMMAND), on_starttls },
	{ "MAIL", IN(COMMAND), on_mail },
	{ "RCPT", IN(MAIL) | IN(RCPT), on_rcpt },
	{ "DATA", IN(RCPT), on_data },
	{ "RSET", IN_ANY, on_rset },
	{ "NOOP", IN_ANY, on_noop },
	{ "QUIT", IN_ANY, on_quit },
};

static int on_command(struct check_sender_talk *t, struct slice line)
{
	struct slice args = line;
	struct slice word = conv_line_word(&args);
	if (++t->commands > CHECK_SENDER_COMMANDS_MAX)
		return err_up(end(t, "421 4.7.0 Too many commands"));
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!slice_equal_nocase(word, slice_str(verbs[i].name)))
			continue;
		if (!(verbs[i].states & (1U << t->state)))
			return err_up(refuse(t, "503 5.5.1 Not now"));
		return err_up(verbs[i].fn(t, args));
	}
	return err_up(refuse(t, "500 5.5.1 What?"));
}

static int line_take(struct check_sender_talk *t, struct slice input, size_t *ret_used)
{
	struct slice line;
	switch ((enum conv_line_result)conv_line_take(input, LINE_MAX_LEN, &line, ret_used)) {
	case CONV_LINE_MORE:
		return 0;
	case CONV_LINE_TOO_LONG:
	case CONV_LINE_BARE:
		*ret_used = input.len;
		return err_up(end(t, "500 5.5.2 That is no line"));
	}
	return err_up(on_command(t, line));
}

/* The text */

static void id_take(struct check_sender_talk *t)
{
	static const char name[] = "message-id:";
	size_t len = t->field_len < sizeof(t->field) ? t->field_len : sizeof(t->field);
	struct slice field = slice_of(t->field, len);
	if (slice_starts_nocase(field, name))
		slice_to_text(slice_trim(slice_skip(field, strlen(name))), t->message_id,
		              sizeof(t->message_id));
}

static int text_end(struct check_sender_talk *t)
{
	t->messages++;
	t->state = CHECK_SENDER_TALK_COMMAND;
	return err_up(buf_printf(&t->out, "250 2.0.0 Came %s; thrown away\r\n",
	                         t->is_tls ? "in TLS" : "in clear"));
}

/* Only CRLF.CRLF ends a message. Returns whether this line, without its CRLF, does. */
static bool text_line(struct check_sender_talk *t)
{
	bool is_dot = t->field_len == 1 && t->field[0] == '.';
	if (t->in_header && t->field_len)
		id_take(t);
	if (!t->field_len)
		t->in_header = false;
	t->field_len = 0;
	return is_dot;
}

static void text_byte_keep(struct check_sender_talk *t, uint8_t byte)
{
	if (t->field_len < sizeof(t->field))
		t->field[t->field_len] = (char)byte;
	t->field_len++;
}

/* Returns whether the message is at its end. */
static bool text_byte(struct check_sender_talk *t, uint8_t byte)
{
	bool had_cr = t->has_cr;
	t->has_cr = byte == '\r';
	if (had_cr && byte == '\n')
		return text_line(t);
	if (had_cr)
		text_byte_keep(t, '\r');
	if (!t->has_cr)
		text_byte_keep(t, byte);
	return false;
}

static int text_take(struct check_sender_talk *t, struct slice input, size_t *ret_used)
{
	for (*ret_used = 0; *ret_used < input.len;) {
		if (++t->text_len > CHECK_SENDER_TEXT_MAX) {
			*ret_used = input.len;
			return err_up(end(t, "552 5.3.4 Too long for a test"));
		}
		if (text_byte(t, input.data[(*ret_used)++]))
			return err_up(text_end(t));
	}
	return 0;
}

static enum check_sender_talk_todo todo_of(struct check_sender_talk *t, struct slice rest)
{
	if (t->state == CHECK_SENDER_TALK_HANDSHAKE && rest.len)
		t->state = CHECK_SENDER_TALK_ENDED; /* the 220 stays the last word */
	if (t->state == CHECK_SENDER_TALK_ENDED)
		return CHECK_SENDER_TALK_CLOSE;
	return t->state == CHECK_SENDER_TALK_HANDSHAKE ? CHECK_SENDER_TALK_START_TLS
	                                               : CHECK_SENDER_TALK_READ;
}

int check_sender_talk_feed(struct check_sender_talk *t, struct slice input, size_t *ret_used,
                           enum check_sender_talk_todo *ret_todo)
{
	size_t used = 1;
	for (*ret_used = 0; used && input.len && t->state < CHECK_SENDER_TALK_HANDSHAKE;) {
		int r = t->state == CHECK_SENDER_TALK_TEXT ? text_take(t, input, &used)
		                                           : line_take(t, input, &used);
		if (r)
			return err_up(r);
		*ret_used += used;
		input = slice_skip(input, used);
	}
	*ret_todo = todo_of(t, input);
	return 0;
}

void check_sender_talk_secured(struct check_sender_talk *t)
{
	t->is_tls = true;
	t->state = CHECK_SENDER_TALK_START;
}

int check_sender_talk_dismiss(struct check_sender_talk *t)
{
	return err_up(end(t, "421 4.4.2 Too slow, or too many"));
}

enum check_sender_arrival check_sender_talk_arrival(const struct check_sender_talk *t)
{
	if (t->is_misled)
		return CHECK_SENDER_MISLED;
	/* Who names a recipient would have handed the text over, too. */
	if (t->has_clear)
		return CHECK_SENDER_IN_CLEAR;
	if (t->has_sealed)
		return CHECK_SENDER_IN_TLS;
	if (t->is_stranger)
		return CHECK_SENDER_NEVER;
	if (t->is_tls)
		return CHECK_SENDER_LEFT_IN_TLS;
	if (t->state == CHECK_SENDER_TALK_HANDSHAKE)
		return CHECK_SENDER_BROKEN;
	return t->has_hello ? CHECK_SENDER_LEFT : CHECK_SENDER_NEVER;
}
