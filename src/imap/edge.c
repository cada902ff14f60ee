#include "imap/edge.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/login.h"
#include "imap/inside.h"
#include "sasl/secret.h"

enum wait { WAIT_CLIENT, WAIT_BACKEND, WAIT_NOBODY };

static const enum wait waits[] = {
	[IMAP_PLAIN] = WAIT_CLIENT,         [IMAP_UPGRADING] = WAIT_CLIENT,
	[IMAP_CONNECTING] = WAIT_BACKEND,   [IMAP_GREETING] = WAIT_BACKEND,
	[IMAP_ASKING_CLEAR] = WAIT_BACKEND, [IMAP_SEALING] = WAIT_BACKEND,
	[IMAP_BACKEND_TLS] = WAIT_BACKEND,  [IMAP_ASKING] = WAIT_BACKEND,
	[IMAP_TELLING] = WAIT_BACKEND,      [IMAP_READY] = WAIT_CLIENT,
	[IMAP_IN_ID] = WAIT_BACKEND,        [IMAP_IN_LOGIN] = WAIT_BACKEND,
	[IMAP_IN_AUTH] = WAIT_BACKEND,      [IMAP_CHALLENGED] = WAIT_CLIENT,
	[IMAP_SPLICED] = WAIT_NOBODY,       [IMAP_CLOSED] = WAIT_NOBODY,
};
_Static_assert(COUNT_OF(waits) == IMAP_STATE_COUNT);

static struct imap_edge *edge_of(struct conv *c)
{
	return (struct imap_edge *)c;
}

void imap_edge_enter(struct imap_edge *e, enum imap_state state)
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

void imap_edge_command_drop(struct imap_edge *e)
{
	sasl_secret_clear(&e->text);
	e->line_total = e->literal_total = e->literal_left = 0;
	e->is_pending = false;
}

int imap_edge_close(struct imap_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	imap_edge_command_drop(e);
	imap_pieces_deinit(&e->pieces);
	imap_edge_enter(e, IMAP_CLOSED);
	*ret_todo = conv_end(&e->conv, outcome);
	return 0;
}

int imap_edge_bye(struct imap_edge *e, enum conv_outcome outcome, const char *text,
                  enum conv_todo *ret_todo)
{
	/* In a handshake no line of ours could be told from the peer's TLS; spliced, the last
	 * bytes may be half a literal. */
	bool may_speak = e->state != IMAP_UPGRADING && e->state < IMAP_SPLICED;
	if (may_speak) {
		int r = buf_printf(&e->conv.out[CONV_CLIENT], "* BYE %s\r\n", text);
		if (r)
			return err_up(r);
	}
	return imap_edge_close(e, outcome, ret_todo);
}

int imap_edge_lost(struct imap_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	return err_up(imap_edge_bye(e, outcome,
	                            "[UNAVAILABLE] the mail server cannot be reached, try later",
	                            ret_todo));
}

static int on_start(struct conv *c, enum conv_todo *ret_todo)
{
	struct imap_edge *e = edge_of(c);
	e->started_s = c->facts.now_s;
	if (c->facts.is_implicit) {
		imap_edge_enter(e, IMAP_CONNECTING);
		*ret_todo = CONV_TODO_CONNECT;
		return 0;
	}
	char caps[CONV_CAPS_MAX];
	imap_client_caps(e, caps, sizeof(caps));
	int r = buf_printf(&c->out[CONV_CLIENT], "* OK [CAPABILITY %s] %s ready\r\n", caps,
	                   c->set->hostname);
	if (r)
		return err_up(r);
	e->has_greeted = true;
	imap_edge_enter(e, IMAP_PLAIN);
	*ret_todo = CONV_TODO_READ;
	return 0;
}

static int on_learn(struct conv *c, enum conv_todo *ret_todo)
{
	struct imap_edge *e = edge_of(c);
	e->started_s = c->facts.now_s;
	imap_edge_enter(e, IMAP_CONNECTING);
	*ret_todo = CONV_TODO_CONNECT;
	return 0;
}

static int on_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
                   enum conv_todo *ret_todo)
{
	struct imap_edge *e = edge_of(c);
	*ret_used = 0;
	*ret_todo = e->state == IMAP_CLOSED ? CONV_TODO_CLOSE : CONV_TODO_READ;
	if (e->state >= IMAP_SPLICED || input.len == 0)
		return 0;
	if (side == CONV_CLIENT)
		return err_up(imap_client_feed(e, input, ret_used, ret_todo));
	return err_up(imap_backend_feed(e, input, ret_used, ret_todo));
}

static int on_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct imap_edge *e = edge_of(c);
	if (side == CONV_BACKEND)
		return err_up(imap_backend_sealed(e, ret_todo));
	imap_edge_enter(e, IMAP_CONNECTING);
	*ret_todo = CONV_TODO_CONNECT;
	return 0;
}

static int on_connected(struct conv *c, enum conv_todo *ret_todo)
{
	imap_edge_enter(edge_of(c), IMAP_GREETING);
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
	return err_up(imap_edge_lost(edge_of(c), outcomes[why], ret_todo));
}

static int on_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct imap_edge *e = edge_of(c);
	if (e->state == IMAP_SPLICED)
		return imap_edge_close(e, CONV_OUTCOME_OK, ret_todo);
	if (side == CONV_CLIENT)
		return imap_edge_close(e, CONV_OUTCOME_CLIENT_GONE, ret_todo);
	return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
}

static int on_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo)
{
	struct imap_edge *e = edge_of(c);
	switch (why) {
	case CONV_EXPIRY_DRAIN:
		return err_up(imap_edge_bye(e, CONV_OUTCOME_DRAINED,
		                            "[UNAVAILABLE] shutting down, connect again",
		                            ret_todo));
	case CONV_EXPIRY_IDLE:
		break;
	}
	/* The record must not blame the client for a backend that is silent. */
	if (waits[e->state] == WAIT_BACKEND)
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
	return err_up(imap_edge_bye(e, CONV_OUTCOME_TIMEOUT, "idle for too long", ret_todo));
}

static const char *overload_line(void)
{
	return "* BYE [UNAVAILABLE] too many connections, try later";
}

static void on_deinit(struct conv *c)
{
	struct imap_edge *e = edge_of(c);
	buf_deinit_secret(&e->text);
	imap_pieces_deinit(&e->pieces);
}

const struct conv_ops imap_edge_ops = {
	.protocol = "imap",
	.size = sizeof(struct imap_edge),
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
	.caps_are_words = true,
};
