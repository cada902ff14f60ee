#include "base/clean.h"
#include "base/err.h"
#include "conv/credential.h"
#include "conv/line.h"
#include "pop3/caps.h"
#include "pop3/inside.h"
#include "sasl/secret.h"

enum reply_kind { REPLY_OK, REPLY_ERR, REPLY_CONTINUE, REPLY_OTHER };

struct reply {
	enum reply_kind kind;
	struct slice line;
};

typedef int on_reply(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo);

static enum reply_kind kind_of(struct slice line)
{
	struct slice word = conv_line_word(&line);
	if (slice_equal(word, slice_str("+OK")))
		return REPLY_OK;
	if (slice_equal(word, slice_str("-ERR")))
		return REPLY_ERR;
	return slice_equal(word, slice_str("+")) ? REPLY_CONTINUE : REPLY_OTHER;
}

static int pass(struct pop3_edge *e, const struct reply *reply)
{
	int r = buf_add(&e->login.conv.out[CONV_CLIENT], reply->line);
	return r ? err_up(r) : err_up(buf_add_str(&e->login.conv.out[CONV_CLIENT], "\r\n"));
}

/* A command of the edge's own. */
static int command_send(struct pop3_edge *e, const char *command, enum pop3_want want)
{
	conv_login_enter(&e->login,
	                 want == POP3_WANT_STLS ? CONV_LOGIN_SEALING : CONV_LOGIN_OPENING, want);
	return err_up(buf_printf(&e->login.conv.out[CONV_BACKEND], "%s\r\n", command));
}

/* Says who the client is; no RFC has it, it is Dovecot's, who offers it in the greeting. */
static int tell(struct pop3_edge *e)
{
	const struct conv_facts *facts = &e->login.conv.facts;
	conv_login_enter(&e->login, CONV_LOGIN_OPENING, POP3_WANT_XCLIENT);
	return err_up(buf_printf(&e->login.conv.out[CONV_BACKEND],
	                         "XCLIENT ADDR=%s PORT=%u SESSION=%s\r\n", facts->client_addr,
	                         facts->client_port, facts->session_id));
}

/* Its TLS, if any is wanted, is up. */
static int introduce(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	*ret_todo = CONV_TODO_READ;
	if (e->login.conv.set->client_info != CONV_INFO_XCLIENT || e->login.conv.is_learning)
		return err_up(command_send(e, "CAPA", POP3_WANT_CAPA));
	if (!e->has_xclient)
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
	return err_up(tell(e));
}

static bool line_has(struct slice line, const char *text)
{
	for (; line.len; line = slice_skip(line, 1))
		if (slice_starts_nocase(line, text))
			return true;
	return false;
}

static int on_greeting(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	bool is_clear = conv_login_is_clear(&e->login);
	if (reply->kind == REPLY_ERR && is_clear) /* before TLS it may be anybody's */
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_REFUSED, ret_todo));
	if (reply->kind == REPLY_ERR) {
		int r = pass(e, reply);
		return r ? err_up(r)
		         : conv_login_close(&e->login, CONV_OUTCOME_BACKEND_REFUSED, ret_todo);
	}
	if (reply->kind != REPLY_OK)
		return err_up(conv_login_broken(&e->login, ret_todo));
	e->has_xclient = line_has(reply->line, "[XCLIENT]");
	if (is_clear)
		return err_up(command_send(e, "STLS", POP3_WANT_STLS));
	return err_up(introduce(e, ret_todo));
}

static int on_seal(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	return err_up(conv_login_seal(&e->login, reply->kind == REPLY_OK, ret_todo));
}

int pop3_backend_sealed(struct conv_login *l, enum conv_todo *ret_todo)
{
	return err_up(introduce(pop3_edge_of(l), ret_todo));
}

static int on_told(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind == REPLY_OK)
		return err_up(command_send(e, "CAPA", POP3_WANT_CAPA));
	if (reply->kind == REPLY_ERR)
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
	return err_up(conv_login_broken(&e->login, ret_todo));
}

/* Its capabilities are known: the client may speak; without one, that is all. */
static int learnt(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	if (!e->login.conv.is_learning)
		return err_up(conv_login_ready(&e->login, ret_todo));
	return err_up(conv_login_quit(&e->login, ret_todo));
}

static int on_capa(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind == REPLY_OK) {
		conv_login_enter(&e->login, CONV_LOGIN_OPENING, POP3_WANT_CAPA_LINES);
		return 0;
	}
	if (reply->kind != REPLY_ERR)
		return err_up(conv_login_broken(&e->login, ret_todo));
	/* A server older than RFC 2449. */
	pop3_caps_keep(slice_str("USER"), e->login.conv.seen->text,
	               sizeof(e->login.conv.seen->text));
	return err_up(learnt(e, ret_todo));
}

static int on_capa_line(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (slice_equal(reply->line, slice_str(".")))
		return err_up(learnt(e, ret_todo));
	pop3_caps_keep(reply->line, e->login.conv.seen->text, sizeof(e->login.conv.seen->text));
	return 0;
}

/* Unasked: it says why it is about to close. */
static int on_unasked(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind != REPLY_ERR)
		return err_up(conv_login_broken(&e->login, ret_todo));
	int r = pass(e, reply);
	return r ? err_up(r) : conv_login_close(&e->login, CONV_OUTCOME_BACKEND_REFUSED, ret_todo);
}

static int on_other(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind != REPLY_OK && reply->kind != REPLY_ERR)
		return err_up(conv_login_broken(&e->login, ret_todo));
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	if (e->login.want == POP3_WANT_LIST && reply->kind == REPLY_OK) {
		conv_login_enter(&e->login, CONV_LOGIN_ASKED, POP3_WANT_LIST_LINES);
		return 0;
	}
	return err_up(conv_login_ready(&e->login, ret_todo));
}

static int on_list_line(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	bool is_last = slice_equal(reply->line, slice_str("."));
	return is_last ? err_up(conv_login_ready(&e->login, ret_todo)) : 0;
}

static int on_logged_in(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	return conv_login_succeeded(&e->login, ret_todo);
}

static int login_failed(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	struct slice text = reply->line;
	conv_line_word(&text);
	struct slice code = conv_line_word(&text);
	bool has_reason =
		code.len && code.data[0] == '[' && !slice_equal_nocase(code, slice_str("[AUTH]"));
	bool says_wrong = conv_credential_says_wrong(&e->login, has_reason);
	int r = says_wrong ? conv_credential_wrong(&e->login) : pass(e, reply);
	return r ? err_up(r) : err_up(conv_login_failed(&e->login, ret_todo));
}

/* The rest of a credential that the edge took. */
static int next_send(struct pop3_edge *e, enum pop3_want want)
{
	struct buf *out = &e->login.conv.out[CONV_BACKEND];
	int r = sasl_secret_add(out, buf_slice(&e->next));
	if (!r)
		r = sasl_secret_add(out, slice_str("\r\n"));
	sasl_secret_clear(&e->next);
	conv_login_enter(&e->login, CONV_LOGIN_ASKED, want);
	return err_up(r);
}

/* The answer to USER. */
static int on_user(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind == REPLY_ERR)
		return err_up(login_failed(e, reply, ret_todo));
	if (reply->kind == REPLY_OK && buf_len(&e->next))
		return err_up(next_send(e, POP3_WANT_PASS));
	e->has_user = reply->kind == REPLY_OK;
	return err_up(on_other(e, reply, ret_todo));
}

/* The answer to PASS or AUTH. */
static int on_login(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	bool has_more = buf_len(&e->next);
	const char *last = conv_credential_last_response(&e->login);
	/* Before the client's response nobody can be logged in. */
	if (reply->kind == REPLY_OK && e->login.state != CONV_LOGIN_CHALLENGED && !has_more)
		return err_up(on_logged_in(e, reply, ret_todo));
	if (reply->kind == REPLY_CONTINUE && e->login.want == POP3_WANT_AUTH &&
	    e->login.state == CONV_LOGIN_ASKED) {
		if (has_more)
			return err_up(next_send(e, POP3_WANT_AUTH));
		if (last)
			return err_up(buf_printf(&e->login.conv.out[CONV_BACKEND], "%s\r\n", last));
		conv_login_enter(&e->login, CONV_LOGIN_CHALLENGED, POP3_WANT_AUTH);
		return err_up(pass(e, reply));
	}
	if (reply->kind != REPLY_ERR)
		return err_up(conv_login_broken(&e->login, ret_todo));
	return err_up(login_failed(e, reply, ret_todo));
}

/* Who takes which reply. */
static on_reply *const handlers[POP3_WANT_COUNT] = {
	[CONV_LOGIN_WANT_NOTHING] = on_unasked,
	[CONV_LOGIN_WANT_GREETING] = on_greeting,
	[POP3_WANT_STLS] = on_seal,
	[POP3_WANT_XCLIENT] = on_told,
	[POP3_WANT_CAPA] = on_capa,
	[POP3_WANT_CAPA_LINES] = on_capa_line,
	[POP3_WANT_USER] = on_user,
	[POP3_WANT_PASS] = on_login,
	[POP3_WANT_AUTH] = on_login,
	[POP3_WANT_OTHER] = on_other,
	[POP3_WANT_LIST] = on_other,
	[POP3_WANT_LIST_LINES] = on_list_line,
};

int pop3_backend_reply(struct conv_login *l, struct slice line, enum conv_todo *ret_todo)
{
	const struct reply reply = { .kind = kind_of(line), .line = line };
	return err_up(handlers[l->want](pop3_edge_of(l), &reply, ret_todo));
}
