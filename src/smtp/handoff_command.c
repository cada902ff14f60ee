/* What the MTA says, line by line: who answers, and what has to be there first. */
#include "base/clean.h"
#include "base/err.h"
#include "conv/foreign.h"
#include "conv/line.h"
#include "smtp/envelope.h"
#include "smtp/handoff_inside.h"

enum { ERRORS_MAX = 20 };

struct command {
	struct slice line; /* without CRLF */
	struct slice verb;
	struct slice args;
};

enum speaks { SMTP = 1, LMTP = 2, BOTH = SMTP | LMTP };
enum order { AT_ONCE, LAST }; /* LAST: it waits until nothing is owed */

#define IN(state) (1u << SMTP_HANDOFF_##state)

struct verb {
	const char *name;
	enum speaks speaks;
	unsigned states; /* IN(...) */
	enum order order;
	int (*on)(struct smtp_handoff *h, const struct command *c,
	          enum smtp_handoff_todo *ret_todo);
};

static int say(struct smtp_handoff *h, const char *line)
{
	return err_up(smtp_replies_say(&h->replies, line));
}

/* A line, and the end, once nothing else is owed. */
int smtp_handoff_quit(struct smtp_handoff *h, const char *line, enum smtp_handoff_todo *ret_todo)
{
	if (h->replies.count)
		return SMTP_HANDOFF_LATER;
	smtp_handoff_turn(h, SMTP_HANDOFF_CLOSED);
	*ret_todo = SMTP_HANDOFF_CLOSE;
	return err_up(say(h, line));
}

/* To an MTA that does wrong: counted, errors_max ends the session. */
static int refuse(struct smtp_handoff *h, const char *line, enum smtp_handoff_todo *ret_todo)
{
	unsigned most = h->set->errors_max ? h->set->errors_max : ERRORS_MAX;
	bool is_last = h->errors + 1 >= most;
	if (is_last && h->replies.count)
		return SMTP_HANDOFF_LATER;
	int r = say(h, line);
	if (r)
		return err_up(r);
	h->errors++;
	return is_last ? err_up(smtp_handoff_quit(h, "421 4.7.0 Too many errors", ret_todo)) : 0;
}

static void reset(struct smtp_handoff *h, enum smtp_handoff_todo *ret_todo)
{
	if (h->has_mail)
		*ret_todo = SMTP_HANDOFF_RESET;
	smtp_handoff_forget(h);
}

/* DECISIONS 14: no DSN, or the MTA would leave notices to us, and no CHUNKING. */
static int offer(struct smtp_handoff *h)
{
	return err_up(buf_printf(&h->replies.out,
	                         "250-%s\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n"
	                         "250-8BITMIME\r\n250-SMTPUTF8\r\n%s250 SIZE\r\n",
	                         h->set->hostname,
	                         h->set->offers_requiretls ? "250-REQUIRETLS\r\n" : ""));
}

static int on_hello(struct smtp_handoff *h, const struct command *c,
                    enum smtp_handoff_todo *ret_todo)
{
	if (!c->args.len)
		return refuse(h, "501 5.5.4 Hostname needed", ret_todo);
	buf_clear(&h->hello);
	int r = buf_add(&h->hello, c->line);
	if (r)
		return err_up(r);
	reset(h, ret_todo);
	smtp_handoff_turn(h, SMTP_HANDOFF_COMMAND);
	if (slice_equal_nocase(c->verb, slice_str("HELO")))
		return err_up(buf_printf(&h->replies.out, "250 %s\r\n", h->set->hostname));
	return err_up(offer(h));
}

static const char *const mail_refusals[] = {
	[SMTP_ENVELOPE_BAD_PATH] = "501 5.1.7 Syntax: MAIL FROM:<address>",
	[SMTP_ENVELOPE_NO_DOMAIN] = "501 5.1.7 A sender needs a domain",
	[SMTP_ENVELOPE_NO_UTF8] = "553 5.6.7 The sender's address needs SMTPUTF8",
	[SMTP_ENVELOPE_UNKNOWN] = "555 5.5.4 Parameter not offered",
	[SMTP_ENVELOPE_BAD_VALUE] = "501 5.5.4 Parameter with a wrong value",
};
_Static_assert(COUNT_OF(mail_refusals) == SMTP_ENVELOPE_RESULT_COUNT, "every result is answered");

/* RFC 5321 4.5.1 keeps postmaster for this host, and a relay has nobody here: X.1.2, there is no
 * system to send it to (RFC 3463 3.2). */
static const char *const rcpt_refusals[] = {
	[SMTP_ENVELOPE_BAD_PATH] = "501 5.1.3 Syntax: RCPT TO:<address>",
	[SMTP_ENVELOPE_NO_DOMAIN] = "550 5.1.2 A recipient needs a domain, none is local here",
	[SMTP_ENVELOPE_NO_UTF8] = "553 5.6.7 The recipient's address needs SMTPUTF8",
	[SMTP_ENVELOPE_UNKNOWN] = "555 5.5.4 Parameter not offered",
	[SMTP_ENVELOPE_BAD_VALUE] = "501 5.5.4 Parameter with a wrong value",
};
_Static_assert(COUNT_OF(rcpt_refusals) == SMTP_ENVELOPE_RESULT_COUNT, "every result is answered");

static int path_keep(struct buf *owner, const struct smtp_path *path)
{
	buf_clear(owner);
	return err_up(buf_printf(owner, "<%.*s>", (int)path->mailbox.len,
	                         (const char *)path->mailbox.data));
}

static int on_mail(struct smtp_handoff *h, const struct command *c,
                   enum smtp_handoff_todo *ret_todo)
{
	struct smtp_path path;
	struct smtp_handoff_mail mail;
	if (h->has_mail)
		return refuse(h, "503 5.5.1 MAIL was said already", ret_todo);
	int r = smtp_envelope_mail(c->args, h->set->offers_requiretls, &path, &mail);
	if (r)
		return err_up(say(h, mail_refusals[r]));
	r = path_keep(&h->mail_path, &path);
	if (r)
		return err_up(r);
	mail.path = buf_slice(&h->mail_path);
	h->mail = mail;
	h->has_mail = true;
	*ret_todo = SMTP_HANDOFF_MAIL;
	return err_up(say(h, "250 2.1.0 ok"));
}

static int on_rcpt(struct smtp_handoff *h, const struct command *c,
                   enum smtp_handoff_todo *ret_todo)
{
	struct smtp_path path;
	/* Not counted, nor is DATA's: a pipeline goes on behind a MAIL that was refused. */
	if (!h->has_mail)
		return err_up(say(h, "503 5.5.1 MAIL comes first"));
	int r = smtp_envelope_rcpt(c->args, h->mail.is_utf8, &path);
	if (r)
		return err_up(say(h, rcpt_refusals[r]));
	if (h->rcpts == SMTP_HANDOFF_RCPTS_MAX)
		return err_up(say(h, "452 4.5.3 Too many recipients"));
	r = path_keep(&h->rcpt_path, &path);
	if (r)
		return err_up(r);
	h->rcpt = (struct smtp_handoff_rcpt){
		.path = buf_slice(&h->rcpt_path),
		.number = h->rcpts++,
	};
	struct slice domain = slice_skip(h->rcpt.path, h->rcpt.path.len - path.domain.len - 1);
	h->rcpt.domain = slice_head(domain, path.domain.len);
	smtp_replies_owe(&h->replies, SMTP_OWED_RCPT, h->rcpt.number);
	*ret_todo = SMTP_HANDOFF_RCPT;
	return 0;
}

/* RFC 2033 4.2: 503 if there is nobody to send it to. */
static int on_data(struct smtp_handoff *h, const struct command *c,
                   enum smtp_handoff_todo *ret_todo)
{
	if (c->args.len)
		return refuse(h, "501 5.5.4 No parameters allowed", ret_todo);
	if (!h->taken)
		return err_up(say(h, "503 5.5.1 No recipient was taken"));
	smtp_handoff_turn(h, SMTP_HANDOFF_AT_DATA);
	*ret_todo = SMTP_HANDOFF_DATA;
	return 0;
}

/* What follows a BDAT we refuse are not commands: the session has to end. */
static int on_bdat(struct smtp_handoff *h, const struct command *, enum smtp_handoff_todo *ret_todo)
{
	return smtp_handoff_quit(h, "502 5.5.1 BDAT is not available", ret_todo);
}

static int on_rset(struct smtp_handoff *h, const struct command *, enum smtp_handoff_todo *ret_todo)
{
	reset(h, ret_todo);
	return err_up(say(h, "250 2.0.0 ok"));
}

static int on_noop(struct smtp_handoff *h, const struct command *, enum smtp_handoff_todo *)
{
	return err_up(say(h, "250 2.0.0 ok"));
}

static int on_vrfy(struct smtp_handoff *h, const struct command *, enum smtp_handoff_todo *)
{
	return err_up(say(h, "252 2.0.0 Only RCPT asks the far end"));
}

static int on_quit(struct smtp_handoff *h, const struct command *, enum smtp_handoff_todo *ret_todo)
{
	return smtp_handoff_quit(h, "221 2.0.0 Bye", ret_todo);
}

/* clang-format off */
static const struct verb verbs[] = {
	{ "LHLO", LMTP, IN(START) | IN(COMMAND), LAST, on_hello },
	{ "EHLO", SMTP, IN(START) | IN(COMMAND), LAST, on_hello },
	{ "HELO", SMTP, IN(START) | IN(COMMAND), LAST, on_hello },
	{ "MAIL", BOTH, IN(COMMAND), AT_ONCE, on_mail },
	{ "RCPT", BOTH, IN(COMMAND), AT_ONCE, on_rcpt },
	{ "DATA", BOTH, IN(COMMAND), LAST, on_data },
	{ "BDAT", BOTH, IN(START) | IN(COMMAND), LAST, on_bdat },
	{ "RSET", BOTH, IN(START) | IN(COMMAND), LAST, on_rset },
	{ "NOOP", BOTH, IN(START) | IN(COMMAND), AT_ONCE, on_noop },
	{ "VRFY", BOTH, IN(START) | IN(COMMAND), AT_ONCE, on_vrfy },
	{ "QUIT", BOTH, IN(START) | IN(COMMAND), LAST, on_quit },
};
/* clang-format on */

static const struct verb *verb_find(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (slice_equal_nocase(name, slice_str(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

static int command(struct smtp_handoff *h, const struct command *c,
                   enum smtp_handoff_todo *ret_todo)
{
	const struct verb *v = verb_find(c->verb);
	if (!v)
		return refuse(h, "500 5.5.2 Command not recognized", ret_todo);
	if (!(v->speaks & (h->set->is_lmtp ? LMTP : SMTP)))
		return refuse(h,
		              h->set->is_lmtp ? "500 5.5.1 This is LMTP, say LHLO"
		                              : "500 5.5.1 This is SMTP, say EHLO",
		              ret_todo);
	if (!(v->states & (1u << h->state)))
		return refuse(h, "503 5.5.1 Say hello first", ret_todo);
	if (v->order == LAST && h->replies.count)
		return SMTP_HANDOFF_LATER;
	return v->on(h, c, ret_todo);
}

/* What follows a BDAT that is not understood is text: the session has to end. */
static int refuse_line(struct smtp_handoff *h, struct slice line, const char *words,
                       enum smtp_handoff_todo *ret_todo)
{
	return slice_starts_nocase(line, "BDAT") ? smtp_handoff_quit(h, words, ret_todo)
	                                         : refuse(h, words, ret_todo);
}

static int take_line(struct smtp_handoff *h, struct slice line, enum smtp_handoff_todo *ret_todo)
{
	struct slice args = line;
	struct slice verb = conv_line_word(&args);
	struct command c = { .line = line, .verb = verb, .args = slice_trim(args) };
	if (conv_line_is_foreign(line))
		return smtp_handoff_quit(h, "554 5.5.1 This is no mail client", ret_todo);
	if (conv_line_has_controls(line))
		return refuse_line(h, line, "500 5.5.2 Control characters are not allowed",
		                   ret_todo);
	return command(h, &c, ret_todo);
}

static int too_long(struct smtp_handoff *h, enum smtp_handoff_todo *ret_todo)
{
	return smtp_handoff_quit(h, "500 5.5.2 Line too long", ret_todo);
}

/*
 * All of it up to CRLF is one wrong command with one reply: a second reply would be read as the
 * answer to the next command, and a 250 there for what nobody took.
 */
static int bare_line(struct smtp_handoff *h, struct slice input, size_t *ret_used,
                     enum smtp_handoff_todo *ret_todo)
{
	struct slice within = slice_head(input, SMTP_HANDOFF_LINE_MAX);
	const uint8_t *end = memmem(within.data, within.len, "\r\n", 2);
	if (!end)
		return input.len < SMTP_HANDOFF_LINE_MAX ? SMTP_HANDOFF_LATER
		                                         : too_long(h, ret_todo);
	*ret_used = (size_t)(end - input.data) + 2;
	return refuse_line(h, within, "500 5.5.2 A line ends in CR LF and has no other", ret_todo);
}

int smtp_handoff_command(struct smtp_handoff *h, struct slice input, size_t *ret_used,
                         enum smtp_handoff_todo *ret_todo)
{
	struct slice line;
	if (!smtp_replies_have_room(&h->replies))
		return SMTP_HANDOFF_LATER;
	int r = conv_line_take(input, SMTP_HANDOFF_LINE_MAX, &line, ret_used);
	if (r == CONV_LINE_MORE)
		return SMTP_HANDOFF_LATER;
	if (r == CONV_LINE_TOO_LONG)
		return too_long(h, ret_todo);
	if (r)
		return bare_line(h, input, ret_used, ret_todo);
	return take_line(h, line, ret_todo);
}
