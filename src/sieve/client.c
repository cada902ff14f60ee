#include "base/clean.h"
#include "base/err.h"
#include "conv/credential.h"
#include "conv/foreign.h"
#include "sieve/caps.h"
#include "sieve/inside.h"

/* No other tag is said again: what a client says is reflected as little as can be (ALPACA). */
enum { TAG_MAX = 64 };

/* One whole command. */
struct call {
	struct slice unit;
	const struct sieve_words *words; /* the first is the verb */
	bool has_more;                   /* the client sent bytes behind it */
};

struct verb {
	const char *name;
	int (*run)(struct sieve_edge *e, const struct call *call, enum conv_todo *ret_todo);
};

static int caps_print(struct sieve_edge *e)
{
	struct conv *c = &e->login.conv;
	bool is_ready = e->login.state == CONV_LOGIN_READY;
	const struct conv_caps *caps = is_ready ? c->seen : c->learnt;
	const struct sieve_caps_view view = {
		.offers_starttls = conv_login_may_upgrade(&e->login),
		.offers_sasl = conv_login_is_allowed(&e->login),
		.keeps_plus = is_ready && c->set->plus_is_bound,
	};
	return err_up(sieve_caps_print(caps ? caps->text : "", &view, &c->out[CONV_CLIENT]));
}

int sieve_client_greet(struct conv_login *l)
{
	int r = caps_print(sieve_edge_of(l));
	return r ? err_up(r)
	         : err_up(buf_printf(&l->conv.out[CONV_CLIENT], "OK \"%s ready\"\r\n",
	                             l->conv.set->hostname));
}

static int on_capability(struct sieve_edge *e, const struct call *call, enum conv_todo *)
{
	int r = caps_print(e);
	return r ? err_up(r) : err_up(conv_login_say(&e->login, "OK \"Capability completed\""));
}

static int on_noop(struct sieve_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	CLEAN(buf_deinit) struct buf tag = {};
	const struct sieve_words *w = call->words;
	if (w->count == 1)
		return err_up(conv_login_say(&e->login, "OK \"Done\""));
	if (w->count > 2 || !conv_token_is_quoted(&w->tokens[1]))
		return err_up(
			conv_login_complain(&e->login, "NO \"NOOP takes a string\"", ret_todo));
	int r = conv_token_value(&w->tokens[1], &tag);
	if (r)
		return err_up(r);
	if (buf_len(&tag) > TAG_MAX || !conv_is_quotable(buf_slice(&tag)))
		return err_up(conv_login_complain(&e->login, "NO \"a tag is short and ASCII\"",
		                                  ret_todo));
	r = buf_add_str(&e->login.conv.out[CONV_CLIENT], "OK (TAG ");
	if (!r)
		r = conv_quoted_add(&e->login.conv.out[CONV_CLIENT], buf_slice(&tag));
	return r ? err_up(r) : err_up(conv_login_say(&e->login, ") \"Done\""));
}

static int on_logout(struct sieve_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	int r = conv_login_say(&e->login, "OK \"Logout completed\"");
	return r ? err_up(r) : err_up(conv_login_quit(&e->login, ret_todo));
}

static int on_starttls(struct sieve_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	if (!conv_login_may_upgrade(&e->login) || call->words->count > 1)
		return err_up(conv_login_complain(&e->login, "NO \"STARTTLS is not possible now\"",
		                                  ret_todo));
	/* Bytes behind it would be read as if they had come inside TLS (CVE-2011-0411). */
	if (call->has_more)
		return err_up(conv_login_bye(&e->login, CONV_OUTCOME_INJECTED,
		                             "input after STARTTLS is refused", ret_todo));
	int r = conv_login_say(&e->login, "OK \"Begin TLS negotiation now\"");
	if (r)
		return err_up(r);
	conv_login_upgrade(&e->login, ret_todo);
	return 0;
}

/* Reads mechanism and initial response, and notes whose they are; false: they make no sense. */
static bool auth_read(struct sieve_edge *e, const struct sieve_words *w)
{
	struct sasl_exchange *sasl = &e->login.sasl;
	if (w->count < 2 || !conv_token_is_string(&w->tokens[1]) ||
	    sasl_exchange_start(sasl, w->tokens[1].text))
		return false;
	bool has_response = w->count > 2 || w->is_bad;
	bool is_valid = w->count <= 3 && !w->is_bad;
	if (has_response && is_valid)
		is_valid = conv_token_is_string(&w->tokens[2]) &&
		           !sasl_exchange_take(sasl, w->tokens[2].text);
	sasl->has_password |= !is_valid; /* who knows what it was */
	conv_login_auth_note(&e->login);
	return is_valid;
}

/* A string, at the end of what goes to the backend: then it is its turn. */
static int string_send(struct sieve_edge *e, struct slice value)
{
	struct buf *out = &e->login.conv.out[CONV_BACKEND];
	int r = sieve_string_add(out, value);
	if (r)
		return err_up(r);
	e->login.backend_replies = 0;
	conv_login_enter(&e->login, CONV_LOGIN_ASKED, SIEVE_WANT_AUTH);
	return err_up(buf_add_str(out, "\r\n"));
}

static int auth_send(struct sieve_edge *e, const struct sieve_words *w)
{
	struct buf *out = &e->login.conv.out[CONV_BACKEND];
	struct slice mechanism = slice_str(e->login.sasl.mechanism);
	int r = buf_add_str(out, "AUTHENTICATE ");
	if (!r && w->count == 2)
		return err_up(string_send(e, mechanism));
	if (!r)
		r = sieve_string_add(out, mechanism);
	if (!r)
		r = buf_add_str(out, " ");
	return r ? err_up(r) : err_up(string_send(e, w->tokens[2].text));
}

static int refuse_plain(struct sieve_edge *e, enum conv_todo *ret_todo)
{
	e->auth_was_refused = true;
	return err_up(conv_login_complain(&e->login, "NO (ENCRYPT-NEEDED) \"no login without TLS\"",
	                                  ret_todo));
}

static int on_authenticate(struct sieve_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	bool is_valid = auth_read(e, call->words);
	if (!conv_login_is_allowed(&e->login))
		return err_up(refuse_plain(e, ret_todo));
	if (!is_valid)
		return err_up(
			conv_login_complain(&e->login, "NO \"invalid AUTHENTICATE\"", ret_todo));
	if (conv_credential_is_wanted(&e->login))
		return err_up(conv_credential_begin(
			&e->login, call->words->count > 2 ? &call->words->tokens[2].text : NULL,
			ret_todo));
	if (conv_login_is_unbound(&e->login))
		return err_up(
			conv_login_complain(&e->login, "NO \"no channel binding here\"", ret_todo));
	if (e->login.state == CONV_LOGIN_PLAIN)
		return err_up(conv_login_open_for(&e->login, call->unit, ret_todo));
	return err_up(auth_send(e, call->words));
}

static const struct verb verbs[] = {
	{ "AUTHENTICATE", on_authenticate },
	{ "CAPABILITY", on_capability },
	{ "LOGOUT", on_logout },
	{ "NOOP", on_noop },
	{ "STARTTLS", on_starttls },
};

static const struct verb *verb_find(const struct sieve_words *w)
{
	for (size_t i = 0; i < COUNT_OF(verbs) && w->count; i++)
		if (conv_token_is_atom(&w->tokens[0], verbs[i].name))
			return &verbs[i];
	return NULL;
}

/* The client may go on as if it had not been refused: then a string is a credential. */
static void stray_note(struct sieve_edge *e, const struct sieve_words *w)
{
	if (!w->count || !conv_token_is_quoted(&w->tokens[0]))
		return;
	if (sasl_exchange_take(&e->login.sasl, w->tokens[0].text))
		e->login.sasl.has_password = true;
	conv_login_auth_note(&e->login);
}

static int run(struct sieve_edge *e, struct slice unit, bool has_more, enum conv_todo *ret_todo)
{
	struct sieve_words words;
	sieve_words_read(unit, &words);
	const struct call call = { .unit = unit, .words = &words, .has_more = has_more };
	const struct verb *verb = verb_find(&words);
	if (e->auth_was_refused && !verb)
		stray_note(e, &words);
	else
		e->auth_was_refused = false;
	if (!verb)
		return err_up(conv_login_complain(
			&e->login, "NO \"unknown command, or not before login\"", ret_todo));
	if (words.is_bad && verb->run != on_authenticate)
		return err_up(conv_login_complain(&e->login, "NO \"invalid arguments\"", ret_todo));
	return err_up(verb->run(e, &call, ret_todo));
}

/* What came instead of a command or response. */
static int unit_fault(struct sieve_edge *e, int fault, enum conv_todo *ret_todo)
{
	if (fault == SIEVE_UNIT_WAITS)
		return err_up(conv_login_bye(&e->login, CONV_OUTCOME_BAD_SYNTAX,
		                             "a literal is announced with a plus", ret_todo));
	return err_up(conv_login_line_fault(&e->login, fault, ret_todo));
}

static int feed_command(struct sieve_edge *e, struct slice input, size_t *ret_used,
                        enum conv_todo *ret_todo)
{
	const struct conv_settings *set = e->login.conv.set;
	struct slice unit;
	bool is_auth = slice_starts_nocase(input, "AUTHENTICATE ");
	int r = sieve_client_unit_take(input, is_auth ? set->auth_line_max : set->line_max, &unit,
	                               ret_used);
	if (r)
		return err_up(unit_fault(e, r, ret_todo));
	if (conv_line_is_foreign(slice_head(unit, slice_find(unit, '\r'))))
		return err_up(conv_login_foreign(&e->login, ret_todo));
	return err_up(run(e, unit, input.len > *ret_used, ret_todo));
}

/* What is no string ends the exchange, as "*" does. */
static int feed_response(struct sieve_edge *e, struct slice input, size_t *ret_used,
                         enum conv_todo *ret_todo)
{
	struct slice unit;
	struct sieve_words words;
	int r = sieve_client_unit_take(input, e->login.conv.set->auth_line_max, &unit, ret_used);
	if (r)
		return err_up(unit_fault(e, r, ret_todo));
	sieve_words_read(unit, &words);
	bool is_string =
		!words.is_bad && words.count == 1 && conv_token_is_quoted(&words.tokens[0]);
	struct slice response = is_string ? words.tokens[0].text : slice_str("*");
	if (e->login.is_taking)
		return err_up(conv_credential_response(&e->login, response, ret_todo));
	return err_up(string_send(e, conv_login_response(&e->login, response)));
}

int sieve_client_feed(struct conv_login *l, struct slice input, size_t *ret_used,
                      enum conv_todo *ret_todo)
{
	if (l->state == CONV_LOGIN_CHALLENGED)
		return err_up(feed_response(sieve_edge_of(l), input, ret_used, ret_todo));
	return err_up(feed_command(sieve_edge_of(l), input, ret_used, ret_todo));
}

int sieve_client_run(struct conv_login *l, struct slice unit, enum conv_todo *ret_todo)
{
	return err_up(run(sieve_edge_of(l), unit, false, ret_todo));
}
