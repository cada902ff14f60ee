#include "base/clean.h"
#include "base/err.h"
#include "conv/credential.h"
#include "conv/foreign.h"
#include "conv/line.h"
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

static int refuse_plain(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	return err_up(conv_login_complain(&e->login, "-ERR STLS is required first", ret_todo));
}

/* The line goes to the backend as it came. */
static int forward(struct pop3_edge *e, const struct call *call, enum pop3_want want,
                   enum conv_todo *ret_todo)
{
	struct buf *out = &e->login.conv.out[CONV_BACKEND];
	e->login.backend_replies = 0;
	conv_login_enter(&e->login, CONV_LOGIN_ASKED, want);
	*ret_todo = CONV_TODO_READ;
	int r = sasl_secret_add(out, call->line);
	return r ? err_up(r) : err_up(buf_add_str(out, "\r\n"));
}

static int caps_print(struct pop3_edge *e)
{
	const struct conv *c = &e->login.conv;
	struct buf *out = &e->login.conv.out[CONV_CLIENT];
	if (e->login.state == CONV_LOGIN_READY)
		return err_up(pop3_caps_print(c->seen->text, NULL, c->set->plus_is_bound, out));
	if (conv_credential_is_wanted(&e->login) && c->learnt && c->learnt->text[0])
		return err_up(pop3_caps_print(c->learnt->text, NULL, false, out));
	int r = buf_add_str(out, conv_login_may_upgrade(&e->login) ? "STLS\r\nRESP-CODES\r\n"
	                                                           : "RESP-CODES\r\n");
	if (r || !conv_login_is_allowed(&e->login))
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
	int r = conv_login_say(&e->login, "+OK capability list follows");
	if (!r)
		r = caps_print(e);
	return r ? err_up(r) : err_up(conv_login_say(&e->login, "."));
}

static int on_noop(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	(void)call;
	*ret_todo = CONV_TODO_READ;
	return err_up(conv_login_say(&e->login, "+OK"));
}

static int on_quit(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	(void)call;
	int r = conv_login_say(&e->login, "+OK bye");
	return r ? err_up(r) : err_up(conv_login_quit(&e->login, ret_todo));
}

static int on_stls(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (!conv_login_may_upgrade(&e->login) || call->args.len)
		return err_up(
			conv_login_complain(&e->login, "-ERR STLS is not possible now", ret_todo));
	/* Bytes behind it would be read as if they had come inside TLS (CVE-2011-0411). */
	if (call->has_more)
		return err_up(conv_login_bye(&e->login, CONV_OUTCOME_INJECTED,
		                             "input after STLS is refused", ret_todo));
	int r = conv_login_say(&e->login, "+OK Begin TLS negotiation now");
	if (r)
		return err_up(r);
	conv_login_upgrade(&e->login, ret_todo);
	return 0;
}

/* The backend hears of it together with the password: that is the whole credential. */
static int user_take(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	sasl_secret_clear(&e->user);
	if (conv_credential_name(&e->login, call->args))
		return err_up(conv_login_complain(&e->login, "-ERR invalid name", ret_todo));
	int r = sasl_secret_add(&e->user, call->line);
	if (r)
		return err_up(r);
	e->has_user = true;
	return err_up(conv_login_say(&e->login, "+OK"));
}

static int on_user(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (!call->args.len)
		return err_up(conv_login_complain(&e->login, "-ERR USER takes a name", ret_todo));
	e->has_user = false;
	slice_to_text(call->args, e->login.conv.user, sizeof(e->login.conv.user));
	if (!e->login.conv.facts.is_tls)
		conv_exposure_note(&e->login.conv, e->login.conv.user, "USER/PASS", false);
	if (!conv_login_is_allowed(&e->login))
		return err_up(refuse_plain(e, ret_todo));
	if (conv_credential_is_wanted(&e->login))
		return err_up(user_take(e, call, ret_todo));
	if (e->login.state == CONV_LOGIN_PLAIN)
		return err_up(conv_login_open_for(&e->login, call->line, ret_todo));
	return err_up(forward(e, call, POP3_WANT_USER, ret_todo));
}

/* USER goes first; PASS waits for the answer to it. */
static int replay(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	int r = sasl_secret_add(&e->next, call->line);
	if (!r)
		r = forward(e, &(struct call){ .line = buf_slice(&e->user) }, POP3_WANT_USER,
		            ret_todo);
	sasl_secret_clear(&e->user);
	return err_up(r);
}

static int on_pass(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (!e->login.conv.facts.is_tls)
		conv_exposure_note(&e->login.conv, e->login.conv.user, "USER/PASS",
		                   call->args.len > 0);
	if (!conv_login_is_allowed(&e->login))
		return err_up(refuse_plain(e, ret_todo));
	if (!e->has_user)
		return err_up(conv_login_complain(&e->login, "-ERR USER comes first", ret_todo));
	if (conv_credential_is_wanted(&e->login))
		return err_up(conv_login_open_for(&e->login, call->line, ret_todo));
	if (buf_len(&e->user)) /* kept while the backend was opened */
		return err_up(replay(e, call, ret_todo));
	e->has_user = false;
	return err_up(forward(e, call, POP3_WANT_PASS, ret_todo));
}

static int on_apop(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	struct slice args = call->args;
	e->has_user = false; /* the name of the record is another now: no PASS for the one before */
	slice_to_text(conv_line_word(&args), e->login.conv.user, sizeof(e->login.conv.user));
	if (!e->login.conv.facts.is_tls)
		conv_exposure_note(&e->login.conv, e->login.conv.user, "APOP", false);
	return err_up(conv_login_complain(&e->login, "-ERR there is no APOP here", ret_todo));
}

/* Reads mechanism and initial response; false: they make no sense. */
static bool auth_read(struct pop3_edge *e, struct slice args, struct slice *ret_response)
{
	struct slice mechanism = conv_line_word(&args);
	struct slice response = conv_line_word(&args);
	*ret_response = response;
	if (args.len || sasl_exchange_start(&e->login.sasl, mechanism))
		return false;
	return !response.len || !sasl_exchange_take(&e->login.sasl, response);
}

/* A command has 255 bytes (RFC 2449 4), a response has more. */
static int auth_replay(struct pop3_edge *e, struct slice response, enum conv_todo *ret_todo)
{
	char line[sizeof("AUTH ") + SASL_MECHANISM_MAX];
	int len = snprintf(line, sizeof(line), "AUTH %s", e->login.sasl.mechanism);
	int r = sasl_secret_add(&e->next, response);
	return r ? err_up(r)
	         : err_up(forward(e, &(struct call){ .line = slice_of(line, (size_t)len) },
	                          POP3_WANT_AUTH, ret_todo));
}

static int on_auth(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	struct slice response;
	e->has_user = false;
	if (!auth_read(e, call->args, &response))
		return err_up(conv_login_complain(&e->login, "-ERR invalid AUTH", ret_todo));
	conv_login_auth_note(&e->login);
	if (!conv_login_is_allowed(&e->login))
		return err_up(refuse_plain(e, ret_todo));
	if (conv_credential_is_wanted(&e->login))
		return err_up(conv_credential_begin(&e->login, response.len ? &response : NULL,
		                                    ret_todo));
	if (conv_login_is_unbound(&e->login))
		return err_up(
			conv_login_complain(&e->login, "-ERR no channel binding here", ret_todo));
	if (e->login.state == CONV_LOGIN_PLAIN)
		return err_up(conv_login_open_for(&e->login, call->line, ret_todo));
	if (e->login.conv.set->open == CONV_OPEN_AUTH && response.len)
		return err_up(auth_replay(e, response, ret_todo));
	return err_up(forward(e, call, POP3_WANT_AUTH, ret_todo));
}

/* RFC 6856: how the backend speaks; it has no meaning without one. */
static int on_utf8(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (e->login.state != CONV_LOGIN_READY)
		return err_up(conv_login_complain(&e->login, "-ERR not now", ret_todo));
	return err_up(forward(e, call, POP3_WANT_OTHER, ret_todo));
}

static int on_lang(struct pop3_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (e->login.state != CONV_LOGIN_READY)
		return err_up(conv_login_complain(&e->login, "-ERR not now", ret_todo));
	return err_up(
		forward(e, call, call->args.len ? POP3_WANT_OTHER : POP3_WANT_LIST, ret_todo));
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
		return err_up(conv_login_complain(&e->login, "-ERR invalid bytes", ret_todo));
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (slice_equal_nocase(name, slice_str(verbs[i].name)))
			return err_up(verbs[i].run(e, &call, ret_todo));
	return err_up(conv_login_complain(&e->login, "-ERR unknown command, or not before login",
	                                  ret_todo));
}

static int feed_line(struct pop3_edge *e, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	struct slice line;
	bool is_auth = slice_starts_nocase(input, "AUTH ");
	size_t max = is_auth ? e->login.conv.set->auth_line_max : e->login.conv.set->line_max;
	int r = conv_line_take(input, max, &line, ret_used);
	if (r)
		return err_up(conv_login_line_fault(&e->login, r, ret_todo));
	if (conv_line_is_foreign(line))
		return err_up(conv_login_foreign(&e->login, ret_todo));
	return err_up(run(e, line, input.len > *ret_used, ret_todo));
}

/* A response that does not decode is not passed on: "*" ends the exchange at the backend too. */
static int feed_response(struct pop3_edge *e, struct slice input, size_t *ret_used,
                         enum conv_todo *ret_todo)
{
	struct slice line;
	int r = conv_line_take(input, e->login.conv.set->auth_line_max, &line, ret_used);
	if (r)
		return err_up(conv_login_line_fault(&e->login, r, ret_todo));
	if (e->login.is_taking)
		return err_up(conv_credential_response(&e->login, line, ret_todo));
	line = conv_login_response(&e->login, line);
	return err_up(forward(e, &(struct call){ .line = line }, POP3_WANT_AUTH, ret_todo));
}

int pop3_client_feed(struct conv_login *l, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	if (l->state == CONV_LOGIN_CHALLENGED)
		return err_up(feed_response(pop3_edge_of(l), input, ret_used, ret_todo));
	return err_up(feed_line(pop3_edge_of(l), input, ret_used, ret_todo));
}

int pop3_client_run(struct conv_login *l, struct slice line, enum conv_todo *ret_todo)
{
	return err_up(run(pop3_edge_of(l), line, false, ret_todo));
}
