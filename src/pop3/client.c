#include "base/clean.h"
#include "base/err.h"
#include "conv/foreign.h"
#include "conv/line.h"
#include "conv/login.h"
#include "pop3/caps.h"
#include "pop3/inside.h"
#include "sasl/secret.h"

#include <stdio.h>

/* One command. */
struct call {
	struct slice line; /* the whole, without CRLF */
	struct slice args;
	bool has_more; /* the client sent bytes behind it */
};

struct verb {
	const char *name;
	int (*run)(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo);
};

static int say(struct pop3_edge *e, const char *text)
{
	return err_up(buf_printf(&e->conv.out[CONV_CLIENT], "%s\r\n", text));
}

/* Says no and counts: a session may err only so often. */
static int complain(struct pop3_edge *e, const char *text, enum conv_todo *ret_todo)
{
	int r = say(e, text);
	if (r)
		return err_up(r);
	*ret_todo = CONV_TODO_READ;
	if (++e->errors < e->conv.set->errors_max)
		return 0;
	return pop3_edge_close(e, CONV_OUTCOME_BAD_SYNTAX, ret_todo);
}

static bool may_login(const struct pop3_edge *e)
{
	return e->conv.facts.is_tls || e->conv.facts.may_login_plain;
}

static int refuse_plain(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	return err_up(complain(e, "-ERR STLS is required first", ret_todo));
}

/* The line goes to the backend as it came. */
static int forward(struct pop3_edge *e, const struct call *call, enum pop3_state state,
                   enum conv_todo *ret_todo)
{
	struct buf *out = &e->conv.out[CONV_BACKEND];
	e->backend_lines = 0;
	pop3_edge_enter(e, state);
	*ret_todo = CONV_TODO_READ;
	int r = sasl_secret_add(out, call->line);
	return r ? err_up(r) : err_up(buf_add_str(out, "\r\n"));
}

/* The backend is opened for a client without TLS (exception); the command waits. */
static int open_backend(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	int r = sasl_secret_add(&e->pending, call->line);
	if (r)
		return err_up(r);
	pop3_edge_enter(e, POP3_CONNECTING);
	*ret_todo = CONV_TODO_CONNECT;
	return 0;
}

static int caps_print(struct pop3_edge *e)
{
	const struct conv *c = &e->conv;
	struct buf *out = &e->conv.out[CONV_CLIENT];
	if (e->state == POP3_READY)
		return err_up(pop3_caps_print(c->seen->text, NULL, c->set->plus_is_bound, out));
	int r = buf_add_str(out,
	                    c->set->offers_starttls ? "STLS\r\nRESP-CODES\r\n" : "RESP-CODES\r\n");
	if (r || !may_login(e))
		return err_up(r);
	r = buf_add_str(out, "USER\r\n");
	if (r || !c->learnt)
		return err_up(r);
	return err_up(pop3_caps_print(c->learnt->text, "SASL", false, out));
}

static int on_capa(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	(void)call;
	*ret_todo = CONV_TODO_READ;
	int r = say(e, "+OK capability list follows");
	if (!r)
		r = caps_print(e);
	return r ? err_up(r) : err_up(say(e, "."));
}

static int on_noop(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	(void)call;
	*ret_todo = CONV_TODO_READ;
	return err_up(say(e, "+OK"));
}

static int on_quit(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	(void)call;
	int r = say(e, "+OK bye");
	if (!r && e->state == POP3_READY)
		r = buf_add_str(&e->conv.out[CONV_BACKEND], "QUIT\r\n");
	return r ? err_up(r) : pop3_edge_close(e, CONV_OUTCOME_OK, ret_todo);
}

static int on_stls(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (e->state != POP3_PLAIN || e->conv.facts.is_tls || !e->conv.set->offers_starttls ||
	    call->args.len)
		return err_up(complain(e, "-ERR STLS is not possible now", ret_todo));
	/* Bytes behind it would be read as if they had come inside TLS (CVE-2011-0411). */
	if (call->has_more)
		return err_up(pop3_edge_bye(e, CONV_OUTCOME_INJECTED, "input after STLS is refused",
		                            ret_todo));
	int r = say(e, "+OK Begin TLS negotiation now");
	if (r)
		return err_up(r);
	pop3_edge_enter(e, POP3_UPGRADING);
	*ret_todo = CONV_TODO_CLIENT_TLS;
	return 0;
}

static int on_user(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (!call->args.len)
		return err_up(complain(e, "-ERR USER takes a name", ret_todo));
	e->has_user = false;
	slice_to_text(call->args, e->conv.user, sizeof(e->conv.user));
	if (!e->conv.facts.is_tls)
		conv_exposure_note(&e->conv, e->conv.user, "USER/PASS", false);
	if (!may_login(e))
		return err_up(refuse_plain(e, ret_todo));
	if (e->state == POP3_PLAIN)
		return err_up(open_backend(e, call, ret_todo));
	return err_up(forward(e, call, POP3_IN_USER, ret_todo));
}

static int on_pass(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (!e->conv.facts.is_tls)
		conv_exposure_note(&e->conv, e->conv.user, "USER/PASS", call->args.len > 0);
	if (!may_login(e))
		return err_up(refuse_plain(e, ret_todo));
	if (!e->has_user)
		return err_up(complain(e, "-ERR USER comes first", ret_todo));
	e->has_user = false;
	return err_up(forward(e, call, POP3_IN_PASS, ret_todo));
}

static int on_apop(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	struct slice args = call->args;
	e->has_user = false; /* the name of the record is another now: no PASS for the one before */
	slice_to_text(conv_line_word(&args), e->conv.user, sizeof(e->conv.user));
	if (!e->conv.facts.is_tls)
		conv_exposure_note(&e->conv, e->conv.user, "APOP", false);
	return err_up(complain(e, "-ERR there is no APOP here", ret_todo));
}

/* Notes what the exchange has told so far. */
static void auth_note(struct pop3_edge *e)
{
	/* Empty if the mechanism hides it: never the name of the try before. */
	snprintf(e->conv.user, sizeof(e->conv.user), "%s", e->sasl.user);
	if (!e->conv.facts.is_tls)
		conv_exposure_note(&e->conv, e->sasl.user, e->sasl.mechanism, e->sasl.has_password);
}

/* Reads mechanism and initial response; false: they make no sense. */
static bool auth_read(struct pop3_edge *e, struct slice args)
{
	struct slice mechanism = conv_line_word(&args);
	struct slice response = conv_line_word(&args);
	if (args.len || sasl_exchange_start(&e->sasl, mechanism))
		return false;
	return !response.len || !sasl_exchange_take(&e->sasl, response);
}

static int on_auth(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	e->has_user = false;
	if (!auth_read(e, call->args))
		return err_up(complain(e, "-ERR invalid AUTH", ret_todo));
	auth_note(e);
	if (!may_login(e))
		return err_up(refuse_plain(e, ret_todo));
	if (sasl_mechanism_is_plus(slice_str(e->sasl.mechanism)) && !e->conv.set->plus_is_bound)
		return err_up(complain(e, "-ERR no channel binding here", ret_todo));
	if (e->state == POP3_PLAIN)
		return err_up(open_backend(e, call, ret_todo));
	return err_up(forward(e, call, POP3_IN_AUTH, ret_todo));
}

/* RFC 6856: how the backend speaks; it has no meaning without one. */
static int on_utf8(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (e->state != POP3_READY)
		return err_up(complain(e, "-ERR not now", ret_todo));
	return err_up(forward(e, call, POP3_IN_OTHER, ret_todo));
}

static int on_lang(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (e->state != POP3_READY)
		return err_up(complain(e, "-ERR not now", ret_todo));
	return err_up(forward(e, call, call->args.len ? POP3_IN_OTHER : POP3_IN_LIST, ret_todo));
}

static const struct verb verbs[] = {
	{ "CAPA", on_capa }, { "NOOP", on_noop }, { "QUIT", on_quit }, { "STLS", on_stls },
	{ "USER", on_user }, { "PASS", on_pass }, { "APOP", on_apop }, { "AUTH", on_auth },
	{ "UTF8", on_utf8 }, { "LANG", on_lang },
};

/* A tab may be part of a password; other control bytes have no place in a line. */
static bool is_text(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if ((line.data[i] < ' ' && line.data[i] != '\t') || line.data[i] == 0x7f)
			return false;
	return true;
}

static int run(struct pop3_edge *e, struct slice line, bool has_more, enum conv_todo *ret_todo)
{
	struct call call = { .line = line, .args = line, .has_more = has_more };
	struct slice name = conv_line_word(&call.args);
	if (!is_text(line))
		return err_up(complain(e, "-ERR invalid bytes", ret_todo));
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (slice_equal_nocase(name, slice_str(verbs[i].name)))
			return err_up(verbs[i].run(e, &call, ret_todo));
	return err_up(complain(e, "-ERR unknown command, or not before login", ret_todo));
}

/* What conv_line_take() found instead of a line. */
static int line_fault(struct pop3_edge *e, int fault, enum conv_todo *ret_todo)
{
	*ret_todo = CONV_TODO_READ;
	if (fault == CONV_LINE_TOO_LONG)
		return err_up(pop3_edge_bye(e, CONV_OUTCOME_TOO_LONG, "line too long", ret_todo));
	if (fault == CONV_LINE_BARE) {
		e->conv.bare_newlines++;
		return err_up(
			pop3_edge_bye(e, CONV_OUTCOME_SMUGGLING, "lines end in CRLF", ret_todo));
	}
	return 0;
}

static int feed_line(struct pop3_edge *e, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	struct slice line;
	bool is_auth = slice_starts_nocase(input, "AUTH ");
	size_t max = is_auth ? e->conv.set->auth_line_max : e->conv.set->line_max;
	int r = conv_line_take(input, max, &line, ret_used);
	if (r)
		return err_up(line_fault(e, r, ret_todo));
	if (conv_line_is_foreign(line))
		return err_up(pop3_edge_bye(e, CONV_OUTCOME_BAD_SYNTAX, "this is POP3", ret_todo));
	return err_up(run(e, line, input.len > *ret_used, ret_todo));
}

/* A response that does not decode is not passed on: "*" ends the exchange at the backend too. */
static int feed_response(struct pop3_edge *e, struct slice input, size_t *ret_used,
                         enum conv_todo *ret_todo)
{
	struct slice line;
	int r = conv_line_take(input, e->conv.set->auth_line_max, &line, ret_used);
	if (r)
		return err_up(line_fault(e, r, ret_todo));
	bool is_cancel = slice_equal(line, slice_str("*"));
	if (!is_cancel && sasl_exchange_take(&e->sasl, line)) {
		e->errors++;
		line = slice_str("*");
	}
	auth_note(e);
	return err_up(forward(e, &(struct call){ .line = line }, POP3_IN_AUTH, ret_todo));
}

int pop3_client_feed(struct pop3_edge *e, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	*ret_todo = CONV_TODO_READ;
	switch (e->state) {
	case POP3_PLAIN:
	case POP3_READY:
		return err_up(feed_line(e, input, ret_used, ret_todo));
	case POP3_CHALLENGED:
		return err_up(feed_response(e, input, ret_used, ret_todo));
	case POP3_UPGRADING:
		/* Clear bytes where only TLS may come. */
		return pop3_edge_close(e, CONV_OUTCOME_INJECTED, ret_todo);
	case POP3_CONNECTING:
	case POP3_GREETING:
	case POP3_SEALING:
	case POP3_BACKEND_TLS:
	case POP3_TELLING:
	case POP3_ASKING:
	case POP3_LEARNING:
	case POP3_IN_USER:
	case POP3_IN_PASS:
	case POP3_IN_AUTH:
	case POP3_IN_OTHER:
	case POP3_IN_LIST:
	case POP3_LISTING:
	case POP3_SPLICED:
	case POP3_CLOSED:
	case POP3_STATE_COUNT:
		break;
	}
	return 0; /* the client's turn comes later */
}

int pop3_client_ready(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	pop3_edge_enter(e, POP3_READY);
	*ret_todo = CONV_TODO_READ;
	if (!e->has_greeted) {
		int r = buf_printf(&e->conv.out[CONV_CLIENT], "+OK %s ready\r\n",
		                   e->conv.set->hostname);
		if (r)
			return err_up(r);
		e->has_greeted = true;
	}
	if (!buf_len(&e->pending))
		return 0;
	int r = run(e, buf_slice(&e->pending), false, ret_todo);
	sasl_secret_clear(&e->pending);
	return err_up(r);
}
