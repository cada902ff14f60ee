#include "conv/login.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/credential.h"
#include "conv/line.h"
#include "sasl/secret.h"

#include <stdio.h>

enum {
	BACKEND_REPLY_MAX = 65536,
	BACKEND_REPLIES_MAX = 500, /* for one command before login */
};

enum wait { WAIT_CLIENT, WAIT_BACKEND, WAIT_NOBODY };

static const enum wait waits[] = {
	[CONV_LOGIN_PLAIN] = WAIT_CLIENT,       [CONV_LOGIN_UPGRADING] = WAIT_CLIENT,
	[CONV_LOGIN_CONNECTING] = WAIT_BACKEND, [CONV_LOGIN_OPENING] = WAIT_BACKEND,
	[CONV_LOGIN_SEALING] = WAIT_BACKEND,    [CONV_LOGIN_BACKEND_TLS] = WAIT_BACKEND,
	[CONV_LOGIN_READY] = WAIT_CLIENT,       [CONV_LOGIN_ASKED] = WAIT_BACKEND,
	[CONV_LOGIN_CHALLENGED] = WAIT_CLIENT,  [CONV_LOGIN_SPLICED] = WAIT_NOBODY,
	[CONV_LOGIN_CLOSED] = WAIT_NOBODY,
};
_Static_assert(COUNT_OF(waits) == CONV_LOGIN_STATE_COUNT, "every state waits for somebody");

static struct conv_login *login_of(struct conv *c)
{
	return (struct conv_login *)c;
}

static const struct conv_login_shape *shape_of(const struct conv_login *l)
{
	return l->conv.ops->login;
}

static bool opens_by_credential(const struct conv_login *l)
{
	return l->conv.set->open == CONV_OPEN_AUTH;
}

/*
 * Arms the deadline for one more step, but never past login_timeout_ms after the session's start:
 * neither dripping bytes nor many small commands buy more time.
 *
 * step_ms: for this step alone; 0: whatever is left
 */
static void arm(struct conv_login *l, uint32_t step_ms)
{
	uint32_t left_ms = l->conv.set->login_timeout_ms;
	if (left_ms) {
		/* Of whole seconds all but the last are sure to have passed: never early. */
		int64_t gone_s = l->conv.facts.now_s - l->started_s - 1;
		if (gone_s > left_ms / 1000)
			left_ms = 1;
		else if (gone_s > 0)
			left_ms -= (uint32_t)gone_s * 1000;
		if (!left_ms)
			left_ms = 1;
	}
	if (!left_ms || (step_ms && step_ms < left_ms))
		left_ms = step_ms;
	conv_move(&l->conv, left_ms);
}

void conv_login_enter(struct conv_login *l, enum conv_login_state state, unsigned want)
{
	l->state = state;
	l->want = want;
	switch (waits[state]) {
	case WAIT_CLIENT:
		arm(l, 0);
		break;
	case WAIT_BACKEND:
		arm(l, l->conv.set->greeting_timeout_ms);
		break;
	case WAIT_NOBODY:
		conv_move(&l->conv, 0);
		break;
	}
}

static void drop(struct conv_login *l)
{
	sasl_secret_clear(&l->pending);
	sasl_secret_clear(&l->login_name);
	if (shape_of(l)->drop)
		shape_of(l)->drop(l);
}

int conv_login_close(struct conv_login *l, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	drop(l);
	conv_login_enter(l, CONV_LOGIN_CLOSED, CONV_LOGIN_WANT_NOTHING);
	*ret_todo = conv_end(&l->conv, outcome);
	return 0;
}

static int farewell(struct conv_login *l, enum conv_outcome outcome, const char *before,
                    const char *text, enum conv_todo *ret_todo)
{
	/* In a handshake no line of ours could be told from the peer's TLS; spliced, the last
	 * bytes may be half a literal, or half a message. */
	bool may_speak = l->state != CONV_LOGIN_UPGRADING && l->state < CONV_LOGIN_SPLICED;
	if (may_speak) {
		int r = buf_printf(&l->conv.out[CONV_CLIENT], "%s%s%s\r\n", before, text,
		                   shape_of(l)->bye_end);
		if (r)
			return err_up(r);
	}
	return conv_login_close(l, outcome, ret_todo);
}

int conv_login_bye(struct conv_login *l, enum conv_outcome outcome, const char *text,
                   enum conv_todo *ret_todo)
{
	return err_up(farewell(l, outcome, shape_of(l)->bye, text, ret_todo));
}

int conv_login_lost(struct conv_login *l, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	return err_up(farewell(l, outcome, shape_of(l)->bye_later,
	                       "the mail server cannot be reached, try later", ret_todo));
}

int conv_login_broken(struct conv_login *l, enum conv_todo *ret_todo)
{
	return err_up(conv_login_lost(l, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
}

int conv_login_quit(struct conv_login *l, enum conv_todo *ret_todo)
{
	bool is_polite = l->state == CONV_LOGIN_READY || l->conv.is_learning;
	int r = is_polite ? buf_add_str(&l->conv.out[CONV_BACKEND], shape_of(l)->quit) : 0;
	return r ? err_up(r) : conv_login_close(l, CONV_OUTCOME_OK, ret_todo);
}

int conv_login_line_fault(struct conv_login *l, int fault, enum conv_todo *ret_todo)
{
	*ret_todo = CONV_TODO_READ;
	if (fault == CONV_LINE_TOO_LONG)
		return err_up(conv_login_bye(l, CONV_OUTCOME_TOO_LONG, "line too long", ret_todo));
	if (fault == CONV_LINE_BARE) {
		l->conv.bare_newlines++;
		return err_up(
			conv_login_bye(l, CONV_OUTCOME_SMUGGLING, "lines end in CRLF", ret_todo));
	}
	return 0;
}

int conv_login_foreign(struct conv_login *l, enum conv_todo *ret_todo)
{
	return err_up(conv_login_bye(l, CONV_OUTCOME_BAD_SYNTAX, shape_of(l)->foreign, ret_todo));
}

int conv_login_say(struct conv_login *l, const char *line)
{
	return err_up(buf_printf(&l->conv.out[CONV_CLIENT], "%s\r\n", line));
}

int conv_login_complain(struct conv_login *l, const char *line, enum conv_todo *ret_todo)
{
	int r = conv_login_say(l, line);
	return r ? err_up(r) : err_up(conv_login_erred(l, ret_todo));
}

int conv_login_erred(struct conv_login *l, enum conv_todo *ret_todo)
{
	*ret_todo = CONV_TODO_READ;
	if (++l->errors < l->conv.set->errors_max)
		return 0;
	return err_up(conv_login_bye(l, CONV_OUTCOME_BAD_SYNTAX, "too many errors", ret_todo));
}

bool conv_login_is_allowed(const struct conv_login *l)
{
	return l->conv.facts.is_tls || l->conv.facts.may_login_plain;
}

bool conv_login_may_upgrade(const struct conv_login *l)
{
	return l->state == CONV_LOGIN_PLAIN && !l->conv.facts.is_tls &&
	       l->conv.set->offers_starttls;
}

void conv_login_upgrade(struct conv_login *l, enum conv_todo *ret_todo)
{
	conv_login_enter(l, CONV_LOGIN_UPGRADING, CONV_LOGIN_WANT_NOTHING);
	*ret_todo = CONV_TODO_CLIENT_TLS;
}

static void open_backend(struct conv_login *l, enum conv_todo *ret_todo)
{
	conv_login_enter(l, CONV_LOGIN_CONNECTING, CONV_LOGIN_WANT_NOTHING);
	*ret_todo = CONV_TODO_CONNECT;
}

int conv_login_open_for(struct conv_login *l, struct slice command, enum conv_todo *ret_todo)
{
	int r = sasl_secret_add(&l->pending, command);
	if (r)
		return err_up(r);
	open_backend(l, ret_todo);
	return 0;
}

int conv_login_ready(struct conv_login *l, enum conv_todo *ret_todo)
{
	conv_login_enter(l, CONV_LOGIN_READY, CONV_LOGIN_WANT_NOTHING);
	l->conv.is_seen_whole = true;
	*ret_todo = CONV_TODO_READ;
	if (!l->has_greeted) {
		int r = shape_of(l)->greet(l);
		if (r)
			return err_up(r);
		l->has_greeted = true;
	}
	if (!buf_len(&l->pending))
		return 0;
	int r = shape_of(l)->run(l, buf_slice(&l->pending), ret_todo);
	sasl_secret_clear(&l->pending);
	/* Nothing was sent: whoever comes next may be at home elsewhere. */
	if (!r && opens_by_credential(l) && l->state == CONV_LOGIN_READY)
		return err_up(conv_credential_refused(l, ret_todo));
	return err_up(r);
}

bool conv_login_is_clear(const struct conv_login *l)
{
	return l->conv.set->backend_starttls && !l->backend_is_tls;
}

int conv_login_seal(struct conv_login *l, bool is_agreed, enum conv_todo *ret_todo)
{
	if (!is_agreed)
		return err_up(conv_login_lost(l, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	conv_login_enter(l, CONV_LOGIN_BACKEND_TLS, CONV_LOGIN_WANT_NOTHING);
	*ret_todo = CONV_TODO_BACKEND_TLS;
	return 0;
}

int conv_login_succeeded(struct conv_login *l, enum conv_todo *ret_todo)
{
	l->conv.is_logged_in = true;
	memset(l->conv.mailbox, 0, sizeof(l->conv.mailbox));
	conv_login_enter(l, CONV_LOGIN_SPLICED, CONV_LOGIN_WANT_NOTHING);
	*ret_todo = CONV_TODO_SPLICE;
	return 0;
}

int conv_login_failed(struct conv_login *l, enum conv_todo *ret_todo)
{
	if (++l->conv.login_failures >= l->conv.set->login_failures_max)
		return err_up(conv_login_bye(l, CONV_OUTCOME_LOGIN_FAILED, "too many failed logins",
		                             ret_todo));
	if (opens_by_credential(l))
		return err_up(conv_credential_refused(l, ret_todo));
	return err_up(conv_login_ready(l, ret_todo));
}

void conv_login_user_note(struct conv_login *l, const char *user)
{
	snprintf(l->conv.user, sizeof(l->conv.user), "%s", user);
}

void conv_login_auth_note(struct conv_login *l)
{
	conv_login_user_note(l, l->sasl.user);
	if (!l->conv.facts.is_tls)
		conv_exposure_note(&l->conv, l->sasl.user, l->sasl.mechanism, l->sasl.has_password);
}

bool conv_login_is_unbound(const struct conv_login *l)
{
	return sasl_mechanism_is_plus(slice_str(l->sasl.mechanism)) && !l->conv.set->plus_is_bound;
}

struct slice conv_login_response(struct conv_login *l, struct slice base64)
{
	bool is_cancel = slice_equal(base64, slice_str("*"));
	if (!is_cancel && sasl_exchange_take(&l->sasl, base64)) {
		l->errors++;
		base64 = slice_str("*");
	}
	conv_login_auth_note(l);
	return base64;
}

/* The client may speak; nobody else is there. */
static int begin(struct conv_login *l, enum conv_todo *ret_todo)
{
	conv_login_enter(l, CONV_LOGIN_PLAIN, CONV_LOGIN_WANT_NOTHING);
	*ret_todo = CONV_TODO_READ;
	if (l->has_greeted)
		return 0;
	l->has_greeted = true;
	return err_up(shape_of(l)->greet(l));
}

int conv_login_start(struct conv *c, enum conv_todo *ret_todo)
{
	struct conv_login *l = login_of(c);
	l->started_s = c->facts.now_s;
	if (!c->facts.is_implicit || opens_by_credential(l))
		return err_up(begin(l, ret_todo));
	open_backend(l, ret_todo);
	return 0;
}

int conv_login_learn(struct conv *c, enum conv_todo *ret_todo)
{
	struct conv_login *l = login_of(c);
	l->started_s = c->facts.now_s;
	open_backend(l, ret_todo);
	return 0;
}

static int feed_client(struct conv_login *l, struct slice input, size_t *ret_used,
                       enum conv_todo *ret_todo)
{
	switch (l->state) {
	case CONV_LOGIN_PLAIN:
	case CONV_LOGIN_READY:
	case CONV_LOGIN_CHALLENGED:
		return err_up(shape_of(l)->client(l, input, ret_used, ret_todo));
	case CONV_LOGIN_UPGRADING:
		/* Clear bytes where only TLS may come. */
		return conv_login_close(l, CONV_OUTCOME_INJECTED, ret_todo);
	case CONV_LOGIN_CONNECTING:
	case CONV_LOGIN_OPENING:
	case CONV_LOGIN_SEALING:
	case CONV_LOGIN_BACKEND_TLS:
	case CONV_LOGIN_ASKED:
	case CONV_LOGIN_SPLICED:
	case CONV_LOGIN_CLOSED:
	case CONV_LOGIN_STATE_COUNT:
		break;
	}
	return 0; /* the client's turn comes later */
}

static int feed_backend(struct conv_login *l, struct slice input, size_t *ret_used,
                        enum conv_todo *ret_todo)
{
	struct slice reply;
	if (l->state == CONV_LOGIN_BACKEND_TLS)
		return err_up(conv_login_lost(l, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	/* There is none, nor one when the edge itself asks for a credential. */
	if (l->state < CONV_LOGIN_OPENING || l->is_taking)
		return err_up(conv_login_broken(l, ret_todo));
	int r = shape_of(l)->reply_take(input, BACKEND_REPLY_MAX, &reply, ret_used);
	if (r == CONV_LINE_MORE)
		return 0;
	if (r || ++l->backend_replies > BACKEND_REPLIES_MAX)
		return err_up(conv_login_broken(l, ret_todo));
	/* Bytes behind the answer to STARTTLS would be read as if they had come inside TLS. */
	if (l->state == CONV_LOGIN_SEALING && input.len > *ret_used)
		return err_up(conv_login_lost(l, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	return err_up(shape_of(l)->reply(l, reply, ret_todo));
}

int conv_login_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
                    enum conv_todo *ret_todo)
{
	struct conv_login *l = login_of(c);
	*ret_used = 0;
	*ret_todo = l->state == CONV_LOGIN_CLOSED ? CONV_TODO_CLOSE : CONV_TODO_READ;
	if (l->state >= CONV_LOGIN_SPLICED || input.len == 0)
		return 0;
	if (side == CONV_CLIENT)
		return err_up(feed_client(l, input, ret_used, ret_todo));
	return err_up(feed_backend(l, input, ret_used, ret_todo));
}

int conv_login_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct conv_login *l = login_of(c);
	*ret_todo = CONV_TODO_READ;
	if (side == CONV_BACKEND) {
		l->backend_is_tls = true;
		return err_up(shape_of(l)->sealed(l, ret_todo));
	}
	if (shape_of(l)->greets_again)
		l->has_greeted = false;
	if (opens_by_credential(l))
		return err_up(begin(l, ret_todo));
	open_backend(l, ret_todo);
	return 0;
}

int conv_login_connected(struct conv *c, enum conv_todo *ret_todo)
{
	conv_login_enter(login_of(c), CONV_LOGIN_OPENING, CONV_LOGIN_WANT_GREETING);
	*ret_todo = CONV_TODO_READ;
	return 0;
}

int conv_login_fail(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo)
{
	static const enum conv_outcome outcomes[] = {
		[CONV_FAILURE_CONNECT] = CONV_OUTCOME_BACKEND_DOWN,
		[CONV_FAILURE_TIMEOUT] = CONV_OUTCOME_BACKEND_DOWN,
		[CONV_FAILURE_TLS] = CONV_OUTCOME_BACKEND_UNSEALED,
		[CONV_FAILURE_NOT_PROXY] = CONV_OUTCOME_BACKEND_BLIND,
		[CONV_FAILURE_LOOKUP] = CONV_OUTCOME_BACKEND_DOWN,
	};
	struct conv_login *l = login_of(c);
	if (why == CONV_FAILURE_HOMELESS)
		return err_up(conv_credential_homeless(l, ret_todo));
	if (why == CONV_FAILURE_LOOKUP && opens_by_credential(l))
		return err_up(conv_credential_later(l, ret_todo));
	return err_up(conv_login_lost(l, outcomes[why], ret_todo));
}

int conv_login_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct conv_login *l = login_of(c);
	if (l->state == CONV_LOGIN_SPLICED)
		return conv_login_close(l, CONV_OUTCOME_OK, ret_todo);
	if (side == CONV_CLIENT)
		return conv_login_close(l, CONV_OUTCOME_CLIENT_GONE, ret_todo);
	return err_up(conv_login_broken(l, ret_todo));
}

int conv_login_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo)
{
	struct conv_login *l = login_of(c);
	switch (why) {
	case CONV_EXPIRY_DRAIN:
		return err_up(farewell(l, CONV_OUTCOME_DRAINED, shape_of(l)->bye_later,
		                       "shutting down, connect again", ret_todo));
	case CONV_EXPIRY_IDLE:
		break;
	}
	/* The record must not blame the client for a backend that is silent. */
	if (waits[l->state] == WAIT_BACKEND)
		return err_up(conv_login_broken(l, ret_todo));
	return err_up(conv_login_bye(l, CONV_OUTCOME_TIMEOUT, "idle for too long", ret_todo));
}

void conv_login_deinit(struct conv *c)
{
	drop(login_of(c));
}
