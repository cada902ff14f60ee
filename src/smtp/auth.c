/* AUTH (RFC 4954): who tries, whether that is allowed here, and how it ended. */
#include "base/err.h"
#include "conv/line.h"
#include "sasl/secret.h"
#include "smtp/parts.h"

/* Empty if the mechanism hides it: never the name of the try before. */
static void user_take(struct smtp_edge *e)
{
	slice_to_text(slice_str(e->auth.user), e->conv.user, sizeof(e->conv.user));
}

void smtp_auth_user_note(struct smtp_edge *e)
{
	if (!e->conv.is_logged_in)
		user_take(e);
}

/* As smtp_backend_send(), for what may hold a password. */
static int send_secret(struct smtp_edge *e, struct slice line)
{
	struct buf *out = &e->conv.out[CONV_BACKEND];
	smtp_auth_user_note(e);
	int r = sasl_secret_add(out, line);
	if (!r)
		r = sasl_secret_add(out, slice_str("\r\n"));
	if (r)
		return err_up(r);
	e->is_held = true;
	smtp_backend_want(e, SMTP_WANT_AUTH);
	return 0;
}

/* Whose it is, as far as it can be read: that it is no base64 is for the backend to say. */
static void note_response(struct smtp_edge *e, struct slice base64)
{
	if (sasl_exchange_take(&e->auth, base64))
		e->auth.has_password = true; /* who knows what it was */
}

/* The client named a mechanism in clear, perhaps with a password behind it. */
static int refuse_in_clear(struct smtp_edge *e, bool is_valid, enum conv_todo *ret_todo)
{
	e->auth_was_refused = is_valid;
	if (is_valid)
		conv_exposure_note(&e->conv, e->auth.user, e->auth.mechanism, e->auth.has_password);
	return smtp_edge_refuse(e, "538 5.7.11 Encryption required for authentication", ret_todo);
}

/* The client may go on as if 538 had not been said: then what it says is a credential. */
void smtp_auth_stray(struct smtp_edge *e, struct slice line)
{
	if (e->auth_was_refused && line.len && slice_find(line, ' ') == line.len) {
		note_response(e, line);
		conv_exposure_note(&e->conv, e->auth.user, e->auth.mechanism, e->auth.has_password);
		return;
	}
	e->auth_was_refused = false;
}

static int begin_check(struct smtp_edge *e, bool is_valid, bool *ret_is_refused,
                       enum conv_todo *ret_todo)
{
	*ret_is_refused = true;
	if (!e->conv.facts.is_tls && !smtp_edge_has_auth(e))
		return refuse_in_clear(e, is_valid, ret_todo);
	if (!smtp_edge_has_auth(e))
		return smtp_edge_refuse(e, "503 5.5.1 Authentication is not available here",
		                        ret_todo);
	if (!buf_len(&e->hello))
		return smtp_edge_wants_hello(e, ret_todo);
	if (!is_valid)
		return smtp_edge_refuse(e, "501 5.5.4 Mechanism needed", ret_todo);
	/* It would bind to a TLS channel that the backend does not see (RFC 5802 6). */
	if (sasl_mechanism_is_plus(slice_str(e->auth.mechanism)) && !e->conv.set->plus_is_bound)
		return smtp_edge_refuse(e, "504 5.5.4 Mechanism not available", ret_todo);
	*ret_is_refused = false;
	return smtp_credential_is_wanted(e) ? 0 : smtp_backend_need(e, ret_todo);
}

int smtp_auth_begin(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *ret_todo)
{
	struct slice rest = c->args;
	struct slice mechanism = conv_line_word(&rest);
	bool is_refused;
	bool is_valid = sasl_exchange_start(&e->auth, mechanism) == 0;
	if (is_valid && rest.len)
		note_response(e, rest);
	int r = begin_check(e, is_valid, &is_refused, ret_todo);
	if (r || is_refused)
		return r;
	/* What an exception lets through in clear is an exposure all the same. */
	if (!e->conv.facts.is_tls)
		conv_exposure_note(&e->conv, e->auth.user, e->auth.mechanism, e->auth.has_password);
	e->auth_is_cancelled = false;
	if (smtp_credential_is_wanted(e))
		return smtp_credential_begin(e, rest, ret_todo);
	return err_up(send_secret(e, c->line));
}

int smtp_auth_response(struct smtp_edge *e, struct slice line, enum conv_todo *ret_todo)
{
	e->auth_is_cancelled = slice_equal(line, slice_str("*"));
	if (!e->auth_is_cancelled)
		note_response(e, line);
	if (!e->conv.facts.is_tls)
		conv_exposure_note(&e->conv, e->auth.user, e->auth.mechanism, e->auth.has_password);
	if (e->is_taking)
		return smtp_credential_response(e, line, ret_todo);
	smtp_edge_turn(e, SMTP_EDGE_COMMAND);
	return err_up(send_secret(e, line));
}

int smtp_auth_failed(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	unsigned most = e->conv.set->login_failures_max;
	if (++e->conv.login_failures < most || !most)
		return 0;
	return err_up(smtp_edge_421(e, CONV_OUTCOME_LOGIN_FAILED, "4.7.0", "too many failed logins",
	                            ret_todo));
}

/* How it ended; the client knows. */
static int ended(struct smtp_edge *e, unsigned class, enum conv_todo *ret_todo)
{
	smtp_credential_forget(e);
	if (class == 2) {
		user_take(e);
		e->conv.is_logged_in = true;
		memset(e->conv.mailbox, 0, sizeof(e->conv.mailbox));
		return 0;
	}
	int r = class == 5 && !e->auth_is_cancelled ? smtp_auth_failed(e, ret_todo) : 0;
	if (r || *ret_todo != CONV_TODO_READ || e->conv.is_logged_in ||
	    e->conv.set->open != CONV_OPEN_AUTH)
		return err_up(r);
	return err_up(smtp_credential_refused(e, ret_todo));
}

/* A wrong password is answered in the words that a user without a server hears: who guesses names
 * learns nothing. */
static int answer(struct smtp_edge *e)
{
	bool is_wrong = e->conv.set->open == CONV_OPEN_AUTH && e->reply.code == 535;
	return is_wrong ? err_up(smtp_edge_say(e, SMTP_LOGIN_WRONG)) : err_up(smtp_backend_pass(e));
}

int smtp_auth_reply(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	unsigned class = e->reply.code / 100;
	if (class == 3 && buf_len(&e->credential))
		return err_up(smtp_credential_send(e));
	/* Before the credential went out nobody can be logged in. */
	if (class == 2 && buf_len(&e->credential))
		return err_up(smtp_backend_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	/* It is about to refuse, and says why to users who have a backend alone. */
	if (class == 3 && e->conv.set->open == CONV_OPEN_AUTH && !e->conv.is_logged_in)
		return err_up(send_secret(e, slice_str(sasl_last_response(e->auth.mechanism))));
	int r = answer(e);
	if (r)
		return err_up(r);
	if (class == 3) {
		smtp_edge_turn(e, SMTP_EDGE_AUTH);
		return 0;
	}
	return err_up(ended(e, class, ret_todo));
}
