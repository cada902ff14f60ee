/* What the client says: who answers, and what has to be there first. */
#include "base/clean.h"
#include "base/err.h"
#include "conv/foreign.h"
#include "conv/line.h"
#include "smtp/ehlo.h"
#include "smtp/parts.h"

enum needs {
	NEEDS_QUIET,  /* the edge answers: no reply may be owed */
	NEEDS_ROOM,   /* passed on if there is a backend, answered by the edge if not */
	NEEDS_SERVER, /* EHLO, TLS where demanded, the backend and room for one more */
};

struct verb {
	const char *name;
	enum needs needs;
	int (*on)(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *ret_todo);
};

enum { LMTP_RCPTS_MAX = 1000 }; /* each is a reply more, and RFC 5321 4.5.3.1.8 wants 100 */

static const char say_starttls_first[] = "530 5.7.0 Must issue a STARTTLS command first";
/* Behind LMTP is an MTA's queue: the message waits there until the MTA's settings are mended. */
static const char say_starttls_later[] = "451 4.7.0 Must issue a STARTTLS command first";

/* Nothing more is taken from the client until all replies came. */
static int send_and_hold(struct smtp_edge *e, struct slice line, enum smtp_want want)
{
	e->is_held = true;
	return err_up(smtp_backend_send(e, line, want));
}

/* Servers may offer AUTH to some only, and a client for mail that sees none gives up. */
static bool caps_are_known(const struct smtp_edge *e)
{
	struct slice params;
	return e->conv.learnt && e->conv.learnt->text[0] &&
	       (!e->conv.set->is_submission || smtp_ehlo_find(e->conv.learnt, "AUTH", &params));
}

static int on_hello(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *ret_todo)
{
	struct conv *conv = &e->conv;
	bool is_lhlo = slice_equal_nocase(c->verb, slice_str("LHLO"));
	if (is_lhlo != conv->set->is_lmtp)
		return smtp_edge_refuse(e,
		                        is_lhlo ? "500 5.5.1 This is SMTP, say EHLO"
		                                : "500 5.5.1 This is LMTP, say LHLO",
		                        ret_todo);
	if (!c->args.len)
		return smtp_edge_refuse(e, "501 5.5.4 Hostname needed", ret_todo);
	buf_clear(&e->hello);
	int r = buf_add(&e->hello, c->line);
	if (r)
		return err_up(r);
	slice_to_text(c->args, conv->client_software, sizeof(conv->client_software));
	if (e->backend == SMTP_BACKEND_READY)
		return err_up(send_and_hold(e, c->line, SMTP_WANT_EHLO));
	if (slice_equal_nocase(c->verb, slice_str("HELO")))
		return err_up(
			buf_printf(&conv->out[CONV_CLIENT], "250 %s\r\n", conv->set->hostname));
	if (!conv->facts.is_tls || caps_are_known(e) || smtp_credential_is_wanted(e))
		return err_up(smtp_edge_offer(e, conv->learnt));
	/* What is offered must be true: the backend has to say it first. */
	e->hello_is_opener = true;
	r = smtp_backend_need(e, ret_todo);
	return r == SMTP_EDGE_LATER ? 0 : err_up(r);
}

static int on_starttls(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *ret_todo)
{
	if (c->args.len)
		return smtp_edge_refuse(e, "501 5.5.4 No parameters allowed", ret_todo);
	if (e->conv.facts.is_tls)
		return smtp_edge_refuse(e, "503 5.5.1 TLS is already active", ret_todo);
	if (!e->conv.set->offers_starttls)
		return smtp_edge_refuse(e, "502 5.5.1 STARTTLS is not available", ret_todo);
	if (!smtp_edge_has_starttls(e))
		return smtp_edge_refuse(e, "503 5.5.1 STARTTLS comes before mail", ret_todo);
	/* RFC 3207 4.2: what was said in clear behind it must never run inside TLS. */
	if (c->has_more)
		return err_up(smtp_edge_quit(e, CONV_OUTCOME_INJECTED,
		                             "554 5.5.0 Nothing may follow STARTTLS", ret_todo));
	smtp_edge_turn(e, SMTP_EDGE_TLS);
	*ret_todo = CONV_TODO_CLIENT_TLS;
	return err_up(smtp_edge_say(e, "220 2.0.0 Ready to start TLS"));
}

static int on_help(struct smtp_edge *e, const struct smtp_command *, enum conv_todo *)
{
	return err_up(smtp_edge_say(e, "214 2.0.0 See RFC 5321"));
}

/* NOOP and RSET keep their place among the backend's replies, once there is one. */
static int on_noop(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *)
{
	if (e->backend == SMTP_BACKEND_READY)
		return err_up(smtp_backend_send(e, c->line, SMTP_WANT_PASS));
	return err_up(smtp_edge_say(e, "250 2.0.0 Ok"));
}

static int on_rset(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *)
{
	if (e->backend == SMTP_BACKEND_READY)
		return err_up(smtp_backend_send(e, c->line, SMTP_WANT_RSET));
	return err_up(smtp_edge_say(e, "250 2.0.0 Ok"));
}

static int on_quit(struct smtp_edge *e, const struct smtp_command *, enum conv_todo *ret_todo)
{
	return err_up(smtp_edge_quit(e, CONV_OUTCOME_OK, "221 2.0.0 Bye", ret_todo));
}

/* "FROM:<...>": what follows the '>' that ends the path; a quoted local part may hold another. A
 * path without brackets is a word. */
static struct slice mail_params(struct slice args)
{
	bool is_quoted = false;
	size_t i = slice_find(args, '<');
	if (i == args.len) {
		args = slice_trim(slice_skip(args, slice_find(args, ':') + 1));
		conv_line_word(&args);
		return args;
	}
	for (; i < args.len; i++) {
		uint8_t c = args.data[i];
		if (is_quoted && c == '\\')
			i++;
		else if (c == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted && c == '>')
			return slice_skip(args, i + 1);
	}
	return slice_head(args, 0);
}

static int on_mail(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *ret_todo)
{
	/* One at a time: what it asks for holds only if the backend says 250 to it. */
	if (e->mail_is_asked)
		return SMTP_EDGE_LATER;
	e->asks_binary = e->asks_utf8 = e->asks_tls = false;
	struct slice params = mail_params(c->args);
	while (params.len) {
		struct slice word = conv_line_word(&params);
		if (slice_equal_nocase(word, slice_str("BODY=BINARYMIME")))
			e->asks_binary = true;
		if (slice_equal_nocase(word, slice_str("SMTPUTF8")))
			e->asks_utf8 = true;
		if (slice_equal_nocase(slice_head(word, slice_find(word, '=')),
		                       slice_str("REQUIRETLS")))
			e->asks_tls = true;
	}
	/* RFC 8689 2 and 4.1: nobody may take for sealed what was not offered. */
	if (e->asks_tls && !(smtp_edge_may_require_tls(e) && smtp_backend_offers(e, "REQUIRETLS")))
		return smtp_edge_refuse(e, "555 5.5.4 REQUIRETLS is not offered", ret_todo);
	e->mail_is_asked = true;
	return err_up(smtp_backend_send(e, c->line, SMTP_WANT_MAIL));
}

static int on_pass(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *)
{
	return err_up(smtp_backend_send(e, c->line, SMTP_WANT_PASS));
}

static int on_rcpt(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *)
{
	if (!e->conv.set->is_lmtp || e->rcpts < LMTP_RCPTS_MAX)
		return err_up(smtp_backend_send(e, c->line, SMTP_WANT_RCPT));
	return e->wants.count ? SMTP_EDGE_LATER
	                      : err_up(smtp_edge_say(e, "452 4.5.3 Too many recipients"));
}

static int on_data(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *)
{
	return err_up(send_and_hold(e, c->line, SMTP_WANT_DATA));
}

/* DESIGN 6: an identity that only a trusted peer may state. */
static int on_identity(struct smtp_edge *e, const struct smtp_command *, enum conv_todo *ret_todo)
{
	return smtp_edge_refuse(e, "550 5.7.0 Not for clients", ret_todo);
}

static int on_foreign(struct smtp_edge *e, const struct smtp_command *, enum conv_todo *ret_todo)
{
	return err_up(
		smtp_edge_quit(e, CONV_OUTCOME_BAD_SYNTAX, "554 5.5.1 This is not SMTP", ret_todo));
}

/* clang-format off */
static const struct verb verbs[] = {
	{ "EHLO", NEEDS_QUIET, on_hello },
	{ "HELO", NEEDS_QUIET, on_hello },
	{ "LHLO", NEEDS_QUIET, on_hello },
	{ "STARTTLS", NEEDS_QUIET, on_starttls },
	{ "AUTH", NEEDS_QUIET, smtp_auth_begin },
	{ "MAIL", NEEDS_SERVER, on_mail },
	{ "RCPT", NEEDS_SERVER, on_rcpt },
	{ "DATA", NEEDS_SERVER, on_data },
	{ "BDAT", NEEDS_QUIET, smtp_message_bdat },
	{ "RSET", NEEDS_ROOM, on_rset },
	{ "NOOP", NEEDS_ROOM, on_noop },
	{ "HELP", NEEDS_QUIET, on_help },
	{ "QUIT", NEEDS_QUIET, on_quit },
	{ "VRFY", NEEDS_SERVER, on_pass },
	{ "EXPN", NEEDS_SERVER, on_pass },
	{ "ETRN", NEEDS_SERVER, on_pass },
	{ "XCLIENT", NEEDS_QUIET, on_identity },
	{ "XFORWARD", NEEDS_QUIET, on_identity },
	{ "PROXY", NEEDS_QUIET, on_foreign },
};
/* clang-format on */

static const struct verb *verb_find(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (slice_equal_nocase(name, slice_str(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

static bool is_mail(const struct verb *v)
{
	return v->on == on_mail;
}

/* 0: the verb's turn. *ret_is_refused: it was answered, and had no turn. */
static int serve(struct smtp_edge *e, const struct verb *v, bool *ret_is_refused,
                 enum conv_todo *ret_todo)
{
	bool is_lmtp = e->conv.set->is_lmtp;
	bool needs_tls = e->conv.set->is_submission || is_lmtp || is_mail(v);
	*ret_is_refused = true;
	if (needs_tls && !smtp_edge_may_mail(e))
		return smtp_edge_refuse(e, is_lmtp ? say_starttls_later : say_starttls_first,
		                        ret_todo);
	if (!buf_len(&e->hello))
		return smtp_edge_wants_hello(e, ret_todo);
	if (smtp_credential_is_wanted(e))
		return smtp_edge_refuse(e, "530 5.7.0 Authentication required", ret_todo);
	*ret_is_refused = false;
	int r = smtp_backend_need(e, ret_todo);
	if (r)
		return r;
	return smtp_backend_has_room(e) ? 0 : SMTP_EDGE_LATER;
}

static int command(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *ret_todo)
{
	const struct verb *v = verb_find(c->verb);
	bool is_refused = false;
	if ((!v || v->needs == NEEDS_QUIET) && e->wants.count)
		return SMTP_EDGE_LATER;
	smtp_auth_stray(e, v ? slice_str("") : c->line);
	if (!v)
		return smtp_edge_refuse(e, "500 5.5.2 Command not recognized", ret_todo);
	if (v->needs == NEEDS_ROOM && e->wants.count && !smtp_backend_has_room(e))
		return SMTP_EDGE_LATER;
	int r = v->needs == NEEDS_SERVER ? serve(e, v, &is_refused, ret_todo) : 0;
	if (r || is_refused)
		return r;
	return v->on(e, c, ret_todo);
}

/* What follows a BDAT that is not understood is text: the session has to end. */
static int controls(struct smtp_edge *e, struct slice line, enum conv_todo *ret_todo)
{
	static const char words[] = "500 5.5.2 Control characters are not allowed";
	if (!slice_starts_nocase(line, "BDAT"))
		return smtp_edge_refuse(e, words, ret_todo);
	return e->wants.count ? SMTP_EDGE_LATER
	                      : smtp_edge_quit(e, CONV_OUTCOME_BAD_SYNTAX, words, ret_todo);
}

static int bad_line(struct smtp_edge *e, int result, enum conv_todo *ret_todo)
{
	if (e->wants.count)
		return SMTP_EDGE_LATER;
	if (result == CONV_LINE_TOO_LONG)
		return err_up(smtp_edge_quit(e, CONV_OUTCOME_TOO_LONG, "500 5.5.6 Line too long",
		                             ret_todo));
	e->conv.bare_newlines++;
	return err_up(smtp_edge_quit(e, CONV_OUTCOME_SMUGGLING,
	                             "500 5.5.2 A line ends in CR LF and has no other", ret_todo));
}

static int take_line(struct smtp_edge *e, struct slice line, bool has_more,
                     enum conv_todo *ret_todo)
{
	struct slice args = line;
	struct slice verb = conv_line_word(&args);
	struct smtp_command c = {
		.line = line,
		.verb = verb,
		.args = slice_trim(args),
		.has_more = has_more,
	};
	if (e->state == SMTP_EDGE_AUTH && conv_line_has_controls(line))
		return on_foreign(e, &c, ret_todo);
	if (e->state == SMTP_EDGE_AUTH)
		return smtp_auth_response(e, line, ret_todo);
	if (conv_line_is_foreign(line))
		return e->wants.count ? SMTP_EDGE_LATER : on_foreign(e, &c, ret_todo);
	if (conv_line_has_controls(line))
		return controls(e, line, ret_todo);
	return command(e, &c, ret_todo);
}

int smtp_client_line(struct smtp_edge *e, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	const struct conv_settings *set = e->conv.set;
	/* RFC 4954 4: a line with an initial response may be as long as a response. */
	bool is_auth = e->state == SMTP_EDGE_AUTH || slice_starts_nocase(input, "AUTH ");
	struct slice line;
	size_t used;
	int r = conv_line_take(input, is_auth ? set->auth_line_max : set->line_max, &line, &used);
	if (r == CONV_LINE_MORE)
		return 0;
	if (r)
		r = bad_line(e, r, ret_todo);
	else
		r = take_line(e, line, used < input.len, ret_todo);
	if (!r)
		*ret_used = e->state == SMTP_EDGE_ENDED ? input.len : used;
	return r;
}
