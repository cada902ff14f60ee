#include "smtp/edge.h"

#include "base/err.h"
#include "smtp/ehlo.h"
#include "smtp/parts.h"

#include <stdlib.h>

static struct smtp_edge *edge_of(struct conv *c)
{
	return (struct smtp_edge *)c;
}

void smtp_edge_turn(struct smtp_edge *e, enum smtp_edge_state state)
{
	if (e->state != SMTP_EDGE_ENDED)
		e->state = state;
}

/* Who has to move next, and how long that may take (RFC 5321 4.5.3.2). */
void smtp_edge_arm(struct smtp_edge *e)
{
	const struct conv_settings *set = e->conv.set;
	uint32_t ms = set->command_timeout_ms;
	if (e->backend == SMTP_BACKEND_OPENING)
		ms = set->greeting_timeout_ms;
	else if (e->wants.count)
		ms = set->reply_timeout_ms;
	else if (e->state == SMTP_EDGE_DATA || e->state == SMTP_EDGE_CHUNK)
		ms = set->data_timeout_ms;
	conv_move(&e->conv, ms);
}

bool smtp_edge_is_safe(const struct smtp_edge *e)
{
	return e->state == SMTP_EDGE_COMMAND && e->backend != SMTP_BACKEND_OPENING &&
	       !e->wants.count && !e->has_mail && !e->conv.is_in_data;
}

int smtp_edge_say(struct smtp_edge *e, const char *line)
{
	return err_up(buf_printf(&e->conv.out[CONV_CLIENT], "%s\r\n", line));
}

int smtp_edge_end(struct smtp_edge *e, enum conv_outcome outcome, enum conv_todo *ret_todo)
{
	bool is_polite = e->backend == SMTP_BACKEND_READY && !e->wants.count &&
	                 (e->state == SMTP_EDGE_COMMAND);
	smtp_edge_turn(e, SMTP_EDGE_ENDED);
	*ret_todo = conv_end(&e->conv, outcome);
	return is_polite ? err_up(buf_add_str(&e->conv.out[CONV_BACKEND], "QUIT\r\n")) : 0;
}

int smtp_edge_quit(struct smtp_edge *e, enum conv_outcome outcome, const char *line,
                   enum conv_todo *ret_todo)
{
	int r = smtp_edge_say(e, line);
	return r ? err_up(r) : err_up(smtp_edge_end(e, outcome, ret_todo));
}

int smtp_edge_421(struct smtp_edge *e, enum conv_outcome outcome, const char *enhanced,
                  const char *why, enum conv_todo *ret_todo)
{
	int r = buf_printf(&e->conv.out[CONV_CLIENT], "421 %s %s %s\r\n", enhanced,
	                   e->conv.set->hostname, why);
	return r ? err_up(r) : err_up(smtp_edge_end(e, outcome, ret_todo));
}

int smtp_edge_refuse(struct smtp_edge *e, const char *line, enum conv_todo *ret_todo)
{
	if (e->wants.count)
		return SMTP_EDGE_LATER;
	int r = smtp_edge_say(e, line);
	if (r)
		return err_up(r);
	if (++e->errors < e->conv.set->errors_max || !e->conv.set->errors_max)
		return 0;
	return err_up(
		smtp_edge_421(e, CONV_OUTCOME_BAD_SYNTAX, "4.7.0", "too many errors", ret_todo));
}

int smtp_edge_wants_hello(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	return smtp_edge_refuse(
		e, e->conv.set->is_lmtp ? "503 5.5.1 Send LHLO first" : "503 5.5.1 Send EHLO first",
		ret_todo);
}

bool smtp_edge_has_starttls(const struct smtp_edge *e)
{
	/* A backend opened in clear was told so, and a TLS client needs another one. */
	return e->conv.set->offers_starttls && !e->conv.facts.is_tls &&
	       e->backend == SMTP_BACKEND_NONE;
}

/* A dated exception is for users: port 25 has none. */
static bool is_exempt(const struct smtp_edge *e)
{
	return e->conv.set->is_submission && e->conv.facts.may_login_plain;
}

bool smtp_edge_has_auth(const struct smtp_edge *e)
{
	if (!e->conv.set->is_submission && e->conv.set->auth != CONV_AUTH_AFTER_TLS)
		return false;
	return e->conv.facts.is_tls || is_exempt(e);
}

bool smtp_edge_may_require_tls(const struct smtp_edge *e)
{
	return e->conv.facts.is_tls && e->conv.set->backend_is_safe;
}

bool smtp_edge_may_mail(const struct smtp_edge *e)
{
	if (e->conv.facts.is_tls)
		return true;
	if (e->conv.facts.must_have_tls || e->conv.set->is_lmtp)
		return false;
	return !e->conv.set->is_submission || is_exempt(e);
}

int smtp_edge_offer(struct smtp_edge *e, const struct conv_caps *caps)
{
	struct smtp_ehlo_view view = {
		.hostname = e->conv.set->hostname,
		.offers_starttls = smtp_edge_has_starttls(e),
		.offers_auth = smtp_edge_has_auth(e),
		.offers_requiretls = smtp_edge_may_require_tls(e),
		.plus_is_bound = e->conv.set->plus_is_bound,
	};
	return err_up(smtp_ehlo_write(&e->conv.out[CONV_CLIENT], caps, &view));
}

void smtp_edge_forget_mail(struct smtp_edge *e)
{
	e->has_mail = false;
	e->is_binary = e->is_utf8 = e->requires_tls = false;
	e->has_chunk = e->is_spoilt = e->was_accepted = false;
	e->rcpts = e->ends_left = 0;
	e->data = (struct smtp_data){};
	buf_deinit(&e->chunk);
	e->conv.is_in_data = false;
}

static int edge_start(struct conv *c, enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	*ret_todo = CONV_TODO_READ;
	smtp_edge_arm(e);
	return err_up(buf_printf(&c->out[CONV_CLIENT], "220 %s %s\r\n", c->set->hostname,
	                         c->set->is_lmtp ? "LMTP" : "ESMTP"));
}

/* As a client that only says hello, with the edge's own name. */
static int learn(struct conv *c, const char *hello, enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	e->backend = SMTP_BACKEND_OPENING;
	*ret_todo = CONV_TODO_CONNECT;
	smtp_edge_arm(e);
	return err_up(buf_printf(&e->hello, "%s %s", hello, c->set->hostname));
}

static int smtp_learn(struct conv *c, enum conv_todo *ret_todo)
{
	return err_up(learn(c, "EHLO", ret_todo));
}

static int lmtp_learn(struct conv *c, enum conv_todo *ret_todo)
{
	return err_up(learn(c, "LHLO", ret_todo));
}

/* LATER is ours alone: to the worker it is "nothing used". */
static int without_later(int r)
{
	return r == SMTP_EDGE_LATER ? 0 : err_up(r);
}

static int drain_if_safe(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	if (!e->drains || !smtp_edge_is_safe(e) || *ret_todo != CONV_TODO_READ)
		return 0;
	return err_up(
		smtp_edge_421(e, CONV_OUTCOME_DRAINED, "4.3.2", "closing, come again", ret_todo));
}

static int feed_client(struct smtp_edge *e, struct slice input, size_t *ret_used,
                       enum conv_todo *ret_todo)
{
	if (e->backend == SMTP_BACKEND_OPENING || (e->is_held && e->wants.count))
		return 0;
	switch (e->state) {
	case SMTP_EDGE_COMMAND:
	case SMTP_EDGE_AUTH:
		return smtp_client_line(e, input, ret_used, ret_todo);
	case SMTP_EDGE_DATA:
		return smtp_message_text(e, input, ret_used, ret_todo);
	case SMTP_EDGE_CHUNK:
		return smtp_message_chunk(e, input, ret_used, ret_todo);
	case SMTP_EDGE_TLS:
	case SMTP_EDGE_ENDED:
	case SMTP_EDGE_STATE_COUNT:
		break;
	}
	return 0;
}

static int edge_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	*ret_todo = CONV_TODO_READ;
	*ret_used = 0;
	if (e->state == SMTP_EDGE_ENDED) {
		*ret_used = input.len;
		*ret_todo = CONV_TODO_CLOSE;
		return 0;
	}
	if (!input.len)
		return 0;
	int r = side == CONV_CLIENT ? feed_client(e, input, ret_used, ret_todo)
	                            : smtp_backend_feed(e, input, ret_used, ret_todo);
	if (r == SMTP_EDGE_LATER)
		*ret_used = 0;
	r = without_later(r);
	if (!r)
		r = drain_if_safe(e, ret_todo);
	if (*ret_used || *ret_todo != CONV_TODO_READ)
		smtp_edge_arm(e);
	return err_up(r);
}

static int edge_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	int r = 0;
	*ret_todo = CONV_TODO_READ;
	if (side == CONV_BACKEND) {
		r = smtp_backend_tls_up(e);
	} else {
		/* RFC 3207 4.2: nothing learnt in clear is kept. */
		buf_deinit(&e->hello);
		c->client_software[0] = '\0';
		smtp_edge_turn(e, SMTP_EDGE_COMMAND);
	}
	smtp_edge_arm(e);
	return r ? err_up(r) : err_up(drain_if_safe(e, ret_todo));
}

static int edge_connected(struct conv *c, enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	*ret_todo = CONV_TODO_READ;
	smtp_backend_want(e, SMTP_WANT_GREETING);
	smtp_edge_arm(e);
	return 0;
}

static int edge_failed(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	*ret_todo = CONV_TODO_READ;
	switch (why) {
	case CONV_FAILURE_TLS:
		return err_up(smtp_edge_quit(e, CONV_OUTCOME_BACKEND_UNSEALED,
		                             "451 4.7.5 No secure way to the mail server",
		                             ret_todo));
	case CONV_FAILURE_NOT_PROXY:
		return err_up(smtp_edge_421(e, CONV_OUTCOME_BACKEND_BLIND, "4.3.2",
		                            "service not available", ret_todo));
	case CONV_FAILURE_HOMELESS:
		return err_up(smtp_credential_homeless(e, ret_todo));
	case CONV_FAILURE_LOOKUP:
		return err_up(without_later(smtp_credential_later(e, ret_todo)));
	case CONV_FAILURE_CONNECT:
	case CONV_FAILURE_TIMEOUT:
		break;
	}
	return err_up(smtp_edge_421(e, CONV_OUTCOME_BACKEND_DOWN, "4.3.2", "service not available",
	                            ret_todo));
}

static int edge_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	*ret_todo = CONV_TODO_READ;
	if (e->state == SMTP_EDGE_ENDED) {
		*ret_todo = CONV_TODO_CLOSE;
		return 0;
	}
	if (side == CONV_CLIENT)
		return err_up(smtp_edge_end(e, CONV_OUTCOME_CLIENT_GONE, ret_todo));
	if (e->backend == SMTP_BACKEND_GONE)
		return 0;
	return err_up(smtp_backend_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
}

static int edge_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo)
{
	struct smtp_edge *e = edge_of(c);
	*ret_todo = CONV_TODO_READ;
	if (e->state == SMTP_EDGE_ENDED) {
		*ret_todo = CONV_TODO_CLOSE;
		return 0;
	}
	if (why == CONV_EXPIRY_DRAIN) {
		e->drains = true;
		return err_up(drain_if_safe(e, ret_todo));
	}
	if (e->backend == SMTP_BACKEND_OPENING)
		return edge_failed(c, CONV_FAILURE_TIMEOUT, ret_todo);
	return err_up(smtp_edge_421(e, CONV_OUTCOME_TIMEOUT, "4.4.2", "timeout", ret_todo));
}

static const char *edge_overload_line(void)
{
	return "421 4.3.2 Too many connections, try again later";
}

static void edge_deinit(struct conv *c)
{
	struct smtp_edge *e = edge_of(c);
	smtp_reply_deinit(&e->reply);
	smtp_credential_forget(e);
	buf_deinit(&e->hello);
	buf_deinit(&e->chunk);
	buf_deinit(&e->late);
}

#define EDGE_OPS(name, how_to_learn)                                                               \
	{                                                                                          \
		.protocol = (name), .size = sizeof(struct smtp_edge), .start = edge_start,         \
		.learn = (how_to_learn), .feed = edge_feed, .tls_up = edge_tls_up,                 \
		.connected = edge_connected, .failed = edge_failed, .eof = edge_eof,               \
		.expire = edge_expire, .overload_line = edge_overload_line, .deinit = edge_deinit, \
		.greets_for_backend = true,                                                        \
	}

const struct conv_ops smtp_edge_ops = EDGE_OPS("smtp", smtp_learn);
const struct conv_ops submission_edge_ops = EDGE_OPS("submission", smtp_learn);
const struct conv_ops lmtp_edge_ops = EDGE_OPS("lmtp", lmtp_learn);
