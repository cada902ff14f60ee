#include "http/edge.h"

#include "acme/challenges.h"
#include "base/clean.h"
#include "base/err.h"
#include "conv/tcp.h"
#include "http/request.h"

#include <stdio.h>

enum {
	WAIT_MS = 30 * 1000,    /* for a whole request; for a whole answer to a challenge */
	ANSWER_MAX = 64 * 1024, /* a key authorization is some 90 bytes */
	HTTPS_PORT = 443,
};

enum http_edge_state {
	HTTP_EDGE_TLS,       /* not looked at */
	HTTP_EDGE_REQUEST,   /* waits for one */
	HTTP_EDGE_OPENING,   /* the backend for ACME is being opened */
	HTTP_EDGE_CHALLENGE, /* it answers */
	HTTP_EDGE_OVER,
};

struct http_edge {
	struct conv conv;
	enum http_edge_state state;
	size_t answered;       /* bytes of the backend */
	struct buf to_backend; /* the request of ours, until the backend is open */
};

static struct http_edge *edge_of(struct conv *c)
{
	return (struct http_edge *)c;
}

/* A session in clear has begun; a backend that is only asked, and all in TLS, is tcp's. */
static bool is_clear(struct conv *c)
{
	return edge_of(c)->state != HTTP_EDGE_TLS;
}

/* What is said in clear, beside the answer to a challenge: a status, and where else to go. */
struct reply {
	const char *status; /* "400 Bad Request" */
	enum conv_outcome outcome;
	const char *fields; /* whole lines, or NULL */
	bool has_no_body;   /* to HEAD */
};

static int reply(struct conv *c, const struct reply *r, enum conv_todo *ret_todo)
{
	const char *words = r->status + 4;
	edge_of(c)->state = HTTP_EDGE_OVER;
	*ret_todo = conv_end(c, r->outcome);
	return err_up(buf_printf(&c->out[CONV_CLIENT],
	                         "HTTP/1.1 %s\r\n%sContent-Type: text/plain\r\n"
	                         "Content-Length: %zu\r\nConnection: close\r\n\r\n%s%s",
	                         r->status, r->fields ? r->fields : "", strlen(words) + 1,
	                         r->has_no_body ? "" : words, r->has_no_body ? "" : "\n"));
}

static int refuse(struct conv *c, const char *status, enum conv_outcome outcome,
                  enum conv_todo *ret_todo)
{
	return reply(c, &(struct reply){ .status = status, .outcome = outcome }, ret_todo);
}

/* Host and target were checked byte by byte (http/request.h): no line can end in them. */
static int redirect(struct conv *c, const struct http_request *request, enum conv_todo *ret_todo)
{
	CLEAN(buf_deinit) struct buf location = {};
	char port[8] = "";
	if (c->set->tls_port && c->set->tls_port != HTTPS_PORT)
		snprintf(port, sizeof(port), ":%u", c->set->tls_port);
	int r = buf_printf(&location, "Location: https://%s%s%.*s\r\n", request->host, port,
	                   (int)request->target.len, (const char *)request->target.data);
	if (!r)
		r = buf_add(&location, slice_of("", 1));
	if (r)
		return err_up(r);
	return reply(c,
	             &(struct reply){ .status = "301 Moved Permanently",
	                              .outcome = CONV_OUTCOME_OK,
	                              .fields = (const char *)buf_slice(&location).data,
	                              .has_no_body = request->method == HTTP_HEAD },
	             ret_todo);
}

/*
 * The backend for ACME is asked by a request of ours, made of token and host alone: nothing else
 * that the client sent, and nothing that it sends behind it, goes there.
 */
static int challenge(struct conv *c, const struct http_request *request, struct slice token,
                     enum conv_todo *ret_todo)
{
	struct http_edge *e = edge_of(c);
	e->state = HTTP_EDGE_OPENING;
	c->is_challenge = true;
	*ret_todo = CONV_TODO_CONNECT;
	return err_up(buf_printf(&e->to_backend,
	                         "GET /.well-known/acme-challenge/%.*s HTTP/1.1\r\n"
	                         "Host: %s\r\nConnection: close\r\n\r\n",
	                         (int)token.len, (const char *)token.data, request->host));
}

/* RFC 8555 8.3: the key authorization, and nothing else. */
static int our_challenge(struct conv *c, const char *authorization, bool has_no_body,
                         enum conv_todo *ret_todo)
{
	edge_of(c)->state = HTTP_EDGE_OVER;
	*ret_todo = conv_end(c, CONV_OUTCOME_OK);
	return err_up(buf_printf(&c->out[CONV_CLIENT],
	                         "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
	                         "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
	                         strlen(authorization), has_no_body ? "" : authorization));
}

static int request_answer(struct conv *c, const struct http_request *request,
                          enum conv_todo *ret_todo)
{
	const struct conv_settings *set = c->set;
	struct slice token = http_challenge_token(request->target);
	if (request->method == HTTP_OTHER)
		return reply(c,
		             &(struct reply){ .status = "405 Method Not Allowed",
		                              .outcome = CONV_OUTCOME_BAD_SYNTAX,
		                              .fields = "Allow: GET, HEAD\r\n" },
		             ret_todo);
	const char *authorization = token.len && set->challenges
	                                    ? acme_challenges_answer(set->challenges, token)
	                                    : NULL;
	if (authorization)
		return our_challenge(c, authorization, request->method == HTTP_HEAD, ret_todo);
	/* Of a name that gets its first certificate now, there is none yet. */
	if (token.len && set->has_challenge_backend && request->method == HTTP_GET)
		return challenge(c, request, token, ret_todo);
	if (set->is_our_host && !set->is_our_host(set->our_hosts, request->host))
		return refuse(c, "400 Bad Request", CONV_OUTCOME_BAD_SYNTAX, ret_todo);
	return redirect(c, request, ret_todo);
}

static int request_feed(struct conv *c, struct slice input, size_t *ret_used,
                        enum conv_todo *ret_todo)
{
	struct http_request request;
	switch (http_request_parse(input, c->set->line_max, &request, ret_used)) {
	case HTTP_REQUEST_MORE:
		*ret_todo = CONV_TODO_READ;
		return 0;
	case HTTP_REQUEST_TOO_LONG:
		return refuse(c, "431 Request Header Fields Too Large", CONV_OUTCOME_TOO_LONG,
		              ret_todo);
	case HTTP_REQUEST_BAD:
		return refuse(c, "400 Bad Request", CONV_OUTCOME_BAD_SYNTAX, ret_todo);
	default: /* 0 */
		return request_answer(c, &request, ret_todo);
	}
}

/* What the backend says is the answer; it ends with the connection. */
static int answer_feed(struct conv *c, struct slice input, size_t *ret_used,
                       enum conv_todo *ret_todo)
{
	struct http_edge *e = edge_of(c);
	struct slice piece = slice_head(input, ANSWER_MAX - e->answered);
	e->answered += piece.len;
	*ret_used = piece.len;
	*ret_todo = e->answered < ANSWER_MAX ? CONV_TODO_READ
	                                     : conv_end(c, CONV_OUTCOME_BACKEND_BROKEN);
	return err_up(buf_add(&c->out[CONV_CLIENT], piece));
}

static int http_start(struct conv *c, enum conv_todo *ret_todo)
{
	if (c->facts.is_implicit)
		return conv_tcp_ops.start(c, ret_todo);
	edge_of(c)->state = HTTP_EDGE_REQUEST;
	conv_move(c, WAIT_MS);
	*ret_todo = CONV_TODO_READ;
	return 0;
}

static int http_learn(struct conv *c, enum conv_todo *ret_todo)
{
	return conv_tcp_ops.learn(c, ret_todo);
}

static int http_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	return conv_tcp_ops.tls_up(c, side, ret_todo);
}

static int http_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	*ret_used = 0;
	switch (edge_of(c)->state) {
	case HTTP_EDGE_TLS:
		return conv_tcp_ops.feed(c, side, input, ret_used, ret_todo);
	case HTTP_EDGE_REQUEST:
		return request_feed(c, input, ret_used, ret_todo);
	case HTTP_EDGE_CHALLENGE:
		if (side == CONV_BACKEND)
			return answer_feed(c, input, ret_used, ret_todo);
		[[fallthrough]]; /* the client has asked: more of it goes nowhere */
	case HTTP_EDGE_OPENING:
		*ret_used = input.len;
		*ret_todo = CONV_TODO_READ;
		return 0;
	case HTTP_EDGE_OVER:
		break;
	}
	*ret_todo = CONV_TODO_CLOSE;
	return 0;
}

static int http_connected(struct conv *c, enum conv_todo *ret_todo)
{
	struct http_edge *e = edge_of(c);
	if (!is_clear(c))
		return conv_tcp_ops.connected(c, ret_todo);
	e->state = HTTP_EDGE_CHALLENGE;
	conv_move(c, WAIT_MS);
	*ret_todo = CONV_TODO_READ;
	return err_up(buf_add(&c->out[CONV_BACKEND], buf_slice(&e->to_backend)));
}

static int http_failed(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo)
{
	int r = conv_tcp_ops.failed(c, why, ret_todo); /* has the outcome */
	if (r || !is_clear(c))
		return err_up(r);
	return refuse(c, "503 Service Unavailable", CONV_OUTCOME_BACKEND_DOWN, ret_todo);
}

static int http_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	struct http_edge *e = edge_of(c);
	if (e->state != HTTP_EDGE_CHALLENGE)
		return conv_tcp_ops.eof(c, side, ret_todo);
	if (side == CONV_CLIENT) {
		*ret_todo = CONV_TODO_READ; /* it may still read the answer */
		return 0;
	}
	if (!e->answered)
		return refuse(c, "502 Bad Gateway", CONV_OUTCOME_BACKEND_BROKEN, ret_todo);
	*ret_todo = conv_end(c, CONV_OUTCOME_OK);
	return 0;
}

static int http_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo)
{
	struct http_edge *e = edge_of(c);
	if (why == CONV_EXPIRY_DRAIN || !is_clear(c) || e->answered)
		return conv_tcp_ops.expire(c, why, ret_todo);
	return refuse(c,
	              e->state == HTTP_EDGE_REQUEST ? "408 Request Timeout" : "504 Gateway Timeout",
	              CONV_OUTCOME_TIMEOUT, ret_todo);
}

/* With the line end that is added to it, the end of the fields. */
static const char *http_overload_line(void)
{
	return "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n";
}

static void http_deinit(struct conv *c)
{
	buf_deinit(&edge_of(c)->to_backend);
}

const struct conv_ops http_edge_ops = {
	.protocol = "http",
	.size = sizeof(struct http_edge),
	.start = http_start,
	.learn = http_learn,
	.feed = http_feed,
	.tls_up = http_tls_up,
	.connected = http_connected,
	.failed = http_failed,
	.eof = http_eof,
	.expire = http_expire,
	.overload_line = http_overload_line,
	.deinit = http_deinit,
	.ends_by_closing = true,
	.tells_alpn = true,
};
