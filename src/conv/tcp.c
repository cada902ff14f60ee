#include "conv/tcp.h"

static int tcp_start(struct conv *c, enum conv_todo *ret_todo)
{
	bool is_sealed = c->facts.is_tls || c->facts.is_passed;
	*ret_todo = is_sealed ? CONV_TODO_CONNECT : conv_end(c, CONV_OUTCOME_BAD_SYNTAX);
	return 0;
}

/* There is nothing to learn but that the server is there. */
static int tcp_learn(struct conv *c, enum conv_todo *ret_todo)
{
	(void)c;
	*ret_todo = CONV_TODO_CONNECT;
	return 0;
}

static int tcp_connected(struct conv *c, enum conv_todo *ret_todo)
{
	*ret_todo = c->is_learning ? conv_end(c, CONV_OUTCOME_OK) : CONV_TODO_SPLICE;
	return 0;
}

static int tcp_failed(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo)
{
	*ret_todo = conv_end(c, why == CONV_FAILURE_TLS         ? CONV_OUTCOME_BACKEND_UNSEALED
	                        : why == CONV_FAILURE_NOT_PROXY ? CONV_OUTCOME_BACKEND_BLIND
	                                                        : CONV_OUTCOME_BACKEND_DOWN);
	return 0;
}

/* Before the splice nobody has a word: input waits. */
static int tcp_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
                    enum conv_todo *ret_todo)
{
	(void)c;
	(void)side;
	(void)input;
	*ret_used = 0;
	*ret_todo = CONV_TODO_READ;
	return 0;
}

/* There is no STARTTLS, on neither side. */
static int tcp_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	(void)side;
	*ret_todo = conv_end(c, CONV_OUTCOME_BAD_SYNTAX);
	return 0;
}

static int tcp_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	*ret_todo = conv_end(c, side == CONV_CLIENT ? CONV_OUTCOME_CLIENT_GONE
	                                            : CONV_OUTCOME_BACKEND_BROKEN);
	return 0;
}

static int tcp_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo)
{
	*ret_todo =
		conv_end(c, why == CONV_EXPIRY_DRAIN ? CONV_OUTCOME_DRAINED : CONV_OUTCOME_TIMEOUT);
	return 0;
}

/* Nothing may be said in clear. */
static const char *tcp_overload_line(void)
{
	return "";
}

const struct conv_ops conv_tcp_ops = {
	.protocol = "tcp",
	.size = sizeof(struct conv),
	.start = tcp_start,
	.learn = tcp_learn,
	.feed = tcp_feed,
	.tls_up = tcp_tls_up,
	.connected = tcp_connected,
	.failed = tcp_failed,
	.eof = tcp_eof,
	.expire = tcp_expire,
	.overload_line = tcp_overload_line,
	.ends_by_closing = true,
	.tells_alpn = true,
};
