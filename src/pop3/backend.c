#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"
#include "pop3/caps.h"
#include "pop3/inside.h"

enum {
	BACKEND_LINE_MAX = 65536,
	BACKEND_LINES_MAX = 500, /* for one command before login */
};

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

/* It said what no server says here. */
static int broken(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
}

static int pass(struct pop3_edge *e, const struct reply *reply)
{
	int r = buf_add(&e->conv.out[CONV_CLIENT], reply->line);
	return r ? err_up(r) : err_up(buf_add_str(&e->conv.out[CONV_CLIENT], "\r\n"));
}

/* A command of the edge's own. */
static int command_send(struct pop3_edge *e, const char *command, enum pop3_state state)
{
	pop3_edge_enter(e, state);
	return err_up(buf_printf(&e->conv.out[CONV_BACKEND], "%s\r\n", command));
}

/* Says who the client is; no RFC has it, it is Dovecot's, who offers it in the greeting. */
static int tell(struct pop3_edge *e)
{
	const struct conv_facts *facts = &e->conv.facts;
	pop3_edge_enter(e, POP3_TELLING);
	return err_up(buf_printf(&e->conv.out[CONV_BACKEND],
	                         "XCLIENT ADDR=%s PORT=%u SESSION=%s\r\n", facts->client_addr,
	                         facts->client_port, facts->session_id));
}

/* Its TLS, if any is wanted, is up. */
static int introduce(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	*ret_todo = CONV_TODO_READ;
	if (e->conv.set->client_info != CONV_INFO_XCLIENT || e->conv.is_learning)
		return err_up(command_send(e, "CAPA", POP3_ASKING));
	if (!e->has_xclient)
		return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
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
	bool is_clear = e->conv.set->backend_starttls;
	if (reply->kind == REPLY_ERR && is_clear) /* before TLS it may be anybody's */
		return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_REFUSED, ret_todo));
	if (reply->kind == REPLY_ERR) {
		int r = pass(e, reply);
		return r ? err_up(r) : pop3_edge_close(e, CONV_OUTCOME_BACKEND_REFUSED, ret_todo);
	}
	if (reply->kind != REPLY_OK)
		return broken(e, ret_todo);
	e->has_xclient = line_has(reply->line, "[XCLIENT]");
	if (is_clear)
		return err_up(command_send(e, "STLS", POP3_SEALING));
	return err_up(introduce(e, ret_todo));
}

static int on_seal(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind != REPLY_OK)
		return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	pop3_edge_enter(e, POP3_BACKEND_TLS);
	*ret_todo = CONV_TODO_BACKEND_TLS;
	return 0;
}

int pop3_backend_sealed(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	return err_up(introduce(e, ret_todo));
}

static int on_told(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind == REPLY_OK)
		return err_up(command_send(e, "CAPA", POP3_ASKING));
	if (reply->kind == REPLY_ERR)
		return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
	return broken(e, ret_todo);
}

/* Its capabilities are known: the client may speak; without one, that is all. */
static int learnt(struct pop3_edge *e, enum conv_todo *ret_todo)
{
	if (!e->conv.is_learning)
		return err_up(pop3_client_ready(e, ret_todo));
	int r = buf_add_str(&e->conv.out[CONV_BACKEND], "QUIT\r\n");
	return r ? err_up(r) : pop3_edge_close(e, CONV_OUTCOME_OK, ret_todo);
}

static int on_capa(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind == REPLY_OK) {
		pop3_edge_enter(e, POP3_LEARNING);
		return 0;
	}
	if (reply->kind != REPLY_ERR)
		return broken(e, ret_todo);
	/* A server older than RFC 2449. */
	pop3_caps_keep(slice_str("USER"), e->conv.seen->text, sizeof(e->conv.seen->text));
	return err_up(learnt(e, ret_todo));
}

static int on_capa_line(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (slice_equal(reply->line, slice_str(".")))
		return err_up(learnt(e, ret_todo));
	pop3_caps_keep(reply->line, e->conv.seen->text, sizeof(e->conv.seen->text));
	return 0;
}

/* Unasked: it says why it is about to close. */
static int on_unasked(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind != REPLY_ERR)
		return broken(e, ret_todo);
	int r = pass(e, reply);
	return r ? err_up(r) : pop3_edge_close(e, CONV_OUTCOME_BACKEND_REFUSED, ret_todo);
}

static int on_other(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind != REPLY_OK && reply->kind != REPLY_ERR)
		return broken(e, ret_todo);
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	if (e->state == POP3_IN_LIST && reply->kind == REPLY_OK) {
		pop3_edge_enter(e, POP3_LISTING);
		return 0;
	}
	return err_up(pop3_client_ready(e, ret_todo));
}

static int on_list_line(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	bool is_last = slice_equal(reply->line, slice_str("."));
	return is_last ? err_up(pop3_client_ready(e, ret_todo)) : 0;
}

static int on_logged_in(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	e->conv.is_logged_in = true;
	pop3_edge_enter(e, POP3_SPLICED);
	*ret_todo = CONV_TODO_SPLICE;
	return 0;
}

static int login_failed(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	if (++e->conv.login_failures >= e->conv.set->login_failures_max)
		return pop3_edge_close(e, CONV_OUTCOME_LOGIN_FAILED, ret_todo);
	return err_up(pop3_client_ready(e, ret_todo));
}

/* The answer to USER. */
static int on_user(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind == REPLY_ERR)
		return err_up(login_failed(e, reply, ret_todo));
	e->has_user = reply->kind == REPLY_OK;
	return err_up(on_other(e, reply, ret_todo));
}

/* The answer to PASS or AUTH. */
static int on_login(struct pop3_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	/* Before the client's response nobody can be logged in. */
	if (reply->kind == REPLY_OK && e->state != POP3_CHALLENGED)
		return err_up(on_logged_in(e, reply, ret_todo));
	if (reply->kind == REPLY_CONTINUE && e->state == POP3_IN_AUTH) {
		pop3_edge_enter(e, POP3_CHALLENGED);
		return err_up(pass(e, reply));
	}
	if (reply->kind != REPLY_ERR)
		return broken(e, ret_todo);
	return err_up(login_failed(e, reply, ret_todo));
}

/* Who takes a line of the backend in which state. */
static on_reply *const handlers[POP3_STATE_COUNT] = {
	[POP3_GREETING] = on_greeting,  [POP3_SEALING] = on_seal,
	[POP3_TELLING] = on_told,       [POP3_ASKING] = on_capa,
	[POP3_LEARNING] = on_capa_line, [POP3_READY] = on_unasked,
	[POP3_IN_USER] = on_user,       [POP3_IN_PASS] = on_login,
	[POP3_IN_AUTH] = on_login,      [POP3_IN_OTHER] = on_other,
	[POP3_IN_LIST] = on_other,      [POP3_LISTING] = on_list_line,
	[POP3_CHALLENGED] = on_login,
};

int pop3_backend_feed(struct pop3_edge *e, struct slice input, size_t *ret_used,
                      enum conv_todo *ret_todo)
{
	struct slice line;
	*ret_todo = CONV_TODO_READ;
	if (e->state == POP3_BACKEND_TLS)
		return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	if (!handlers[e->state])
		return broken(e, ret_todo);
	int r = conv_line_take(input, BACKEND_LINE_MAX, &line, ret_used);
	if (r == CONV_LINE_MORE)
		return 0;
	if (r || ++e->backend_lines > BACKEND_LINES_MAX)
		return broken(e, ret_todo);
	/* Bytes behind the +OK to STLS would be read as if they had come inside TLS. */
	if (e->state == POP3_SEALING && input.len > *ret_used)
		return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	struct reply reply = { .kind = kind_of(line), .line = line };
	return err_up(handlers[e->state](e, &reply, ret_todo));
}
