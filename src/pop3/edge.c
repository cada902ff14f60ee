#include "pop3/edge.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/login.h"
#include "pop3/inside.h"
#include "sasl/secret.h"

enum wait { WAIT_CLIENT, WAIT_BACKEND, WAIT_NOBODY };

static const enum wait waits[] = {
	[POP3_PLAIN] = WAIT_CLIENT,       [POP3_UPGRADING] = WAIT_CLIENT,
	[POP3_CONNECTING] = WAIT_BACKEND, [POP3_GREETING] = WAIT_BACKEND,
	[POP3_SEALING] = WAIT_BACKEND,    [POP3_BACKEND_TLS] = WAIT_BACKEND,
	[POP3_TELLING] = WAIT_BACKEND,    [POP3_ASKING] = WAIT_BACKEND,
	[POP3_LEARNING] = WAIT_BACKEND,   [POP3_READY] = WAIT_CLIENT,
	[POP3_IN_USER] = WAIT_BACKEND,    [POP3_IN_PASS] = WAIT_BACKEND,
	[POP3_IN_AUTH] = WAIT_BACKEND,    [POP3_IN_OTHER] = WAIT_BACKEND,
	[POP3_IN_LIST] = WAIT_BACKEND,    [POP3_LISTING] = WAIT_BACKEND,
	[POP3_CHALLENGED] = WAIT_CLIENT,  [POP3_SPLICED] = WAIT_NOBODY,
	[POP3_CLOSED] = WAIT_NOBODY,
};
_Static_assert(COUNT_OF(waits) == POP3_STATE_COUNT);

static struct pop3_edge *edge_of(struct conv *c)
{
	return (struct pop3_edge *)c;
}

void pop3_edge_enter(struct pop3_edge *e, enum pop3_state state)
{
	e->state = state;
	switch (waits[state]) {
	case WAIT_CLIENT:
		conv_login_wait(&e->conv, e->started_s, 0);
		break;
	case WAIT_BACKEND:
		conv_login_wait(&e->conv, e->started_s, e->conv.set->greeting_timeout_ms);
		break;
	case WAIT_NOBODY:
		conv_move(&e->conv, 0);
		break;
	}
}

int pop3_edge_close(struct pop3_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	sasl_secret_clear(&e->pending);
	pop3_edge_enter(e, POP3_CLOSED);
	*ret_todo = conv_end(&e->conv, outcome);
	return 0;
}

int pop3_edge_bye(struct pop3_edge *e, enum conv_outcome outcome, const char *text,
                  enum conv_todo *ret_todo)
{
	/* In a handshake no line of ours could be told from the peer's TLS; spliced, the last
	 * bytes may be half a message. */
	bool may_speak = e->state != POP3_UPGRADING && e->state < POP3_SPLICED;
	if (may_speak) {
		int r = buf_printf(&e->conv.out[CONV_CLIENT], "-ERR %s\r\n", text);
		if (r)
			return err_up(r);
	}
	return pop3_edge_close(e, outcome, ret_todo);
}

int pop3_edge_lost(struct pop3_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	return err_up(pop3_edge_bye(
		e, outcome, "[SYS/TEMP] the mail server cannot be reached, try later", ret_todo));
}

static int on_start(struct conv *c, enum conv_todo *ret_todo)
{
	struct pop3_edge *e = edge_of(c);
	e->started_s = c->facts.now_s;
	if (c->facts.is_implicit) {
		pop3_edge_enter(e, POP3_CONNECTING);
		*ret_todo = CONV_TODO_CONNECT;
		return 0;
	}
	int r = buf_printf(&c->out[CONV_CLIENT], "+OK %s ready\r\n", c->set->hostname);
	if (r)
		return err_up(r);
	e->has_greeted = true;
	pop3_edge_enter(e, POP3_PLAIN);
	*ret_todo = CONV_TODO_READ;
	return 0;
}

static int on_learn(struct conv *c, enum conv_todo *ret_todo)
{
	struct pop3_edge *e = edge_of(c);
	e->started_s = c->facts.now_s;
	pop3_edge_enter(e, POP3_CONNECTING);
	*ret_todo = CONV_TODO_CONNECT;
	return 0;
}

static int on_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
                   enum conv_todo *ret_todo)
{
	struct pop3_edge *e = edge_of(c);
	*ret_used = 0;
	*ret_todo = e->state == POP3_CLOSED ? CONV_TODO_CLOSE : CONV_TODO_READ;
	if (e->state >= POP3_SPLICED || input.len == 0)
		return 0;
	if (side == CONV_CLIENT)
		return err_up(pop3_client_feed(e, input, ret_used, ret_todo));
	return err_up(pop3_backend_feed(e, input, ret_used, ret_todo));
}

static int on_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct pop3_edge *e = edge_of(c);
	if (side == CONV_BACKEND)
		return err_up(pop3_backend_sealed(e, ret_todo));
	pop3_edge_enter(e, POP3_CONNECTING);
	*ret_todo = CONV_TODO_CONNECT;
	return 0;
}

static int on_connected(struct conv *c, enum conv_todo *ret_todo)
{
	pop3_edge_enter(edge_of(c), POP3_GREETING);
	*ret_todo = CONV_TODO_READ;
	return 0;
}

static int on_failed(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo)
{
	static const enum conv_outcome outcomes[] = {
		[CONV_FAILURE_CONNECT] = CONV_OUTCOME_BACKEND_DOWN,
		[CONV_FAILURE_TIMEOUT] = CONV_OUTCOME_BACKEND_DOWN,
		[CONV_FAILURE_TLS] = CONV_OUTCOME_BACKEND_UNSEALED,
		[CONV_FAILURE_NOT_PROXY] = CONV_OUTCOME_BACKEND_BLIND,
	};
	return err_up(pop3_edge_lost(edge_of(c), outcomes[why], ret_todo));
}

static int on_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct pop3_edge *e = edge_of(c);
	if (e->state == POP3_SPLICED)
		return pop3_edge_close(e, CONV_OUTCOME_OK, ret_todo);
	if (side == CONV_CLIENT)
		return pop3_edge_close(e, CONV_OUTCOME_CLIENT_GONE, ret_todo);
	return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
}

static int on_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo)
{
	struct pop3_edge *e = edge_of(c);
	switch (why) {
	case CONV_EXPIRY_DRAIN:
		return err_up(pop3_edge_bye(e, CONV_OUTCOME_DRAINED,
		                            "[SYS/TEMP] shutting down, connect again", ret_todo));
	case CONV_EXPIRY_IDLE:
		break;
	}
	/* The record must not blame the client for a backend that is silent. */
	if (waits[e->state] == WAIT_BACKEND)
		return err_up(pop3_edge_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	return err_up(pop3_edge_bye(e, CONV_OUTCOME_TIMEOUT, "idle for too long", ret_todo));
}

static const char *overload_line(void)
{
	return "-ERR [SYS/TEMP] too many connections, try later";
}

static void on_deinit(struct conv *c)
{
	buf_deinit_secret(&edge_of(c)->pending);
}

const struct conv_ops pop3_edge_ops = {
	.protocol = "pop3",
	.size = sizeof(struct pop3_edge),
	.start = on_start,
	.learn = on_learn,
	.feed = on_feed,
	.tls_up = on_tls_up,
	.connected = on_connected,
	.failed = on_failed,
	.eof = on_eof,
	.expire = on_expire,
	.overload_line = overload_line,
	.deinit = on_deinit,
};
