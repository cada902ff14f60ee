/*
 * The life of one connection: accepted, greeted or TLS first, talked, spliced, closed. This file
 * does what the conversation asks for and decides nothing about the protocol.
 */
#include "edge/session.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proxyhdr/proxyhdr.h"
#include "tls/hello.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	LINGER_MS = 2000,       /* for the client to read our last words before a reset */
	HALF_CLOSED_MS = 30000, /* one side ended, the other may still have to say something */
	QUIET_MS = 5000,        /* both ways silent: a farewell does no harm (DECISIONS 11) */
	PROXY_HEADER_MS = 5000,
};

static const char *const state_names[] = {
	[EDGE_STATE_PROXY] = "proxy",
	[EDGE_STATE_GREET_DELAY] = "greet-delay",
	[EDGE_STATE_CLIENT_TLS] = "tls",
	[EDGE_STATE_TALK] = "talk",
	[EDGE_STATE_CONNECT] = "connect",
	[EDGE_STATE_ASK] = "ask",
	[EDGE_STATE_BACKEND_TLS] = "backend-tls",
	[EDGE_STATE_SPLICE] = "splice",
	[EDGE_STATE_CLOSING] = "closing",
};
_Static_assert(COUNT_OF(state_names) == EDGE_STATE_COUNT, "every state has its word");

static uint64_t now_ms_of(const struct edge_session *s)
{
	return io_loop_now_ms(s->pool->loop);
}

static void handshake_count(struct edge_session *s, enum edge_state next)
{
	if (next == EDGE_STATE_CLIENT_TLS)
		s->pool->handshakes++;
	if (s->state == EDGE_STATE_CLIENT_TLS)
		s->pool->handshakes--;
}

/* The one place where a session changes state. deadline_ms 0: none. */
void edge_session_enter(struct edge_session *s, enum edge_state state, uint64_t deadline_ms)
{
	log_debug(s->conv->facts.session_id, "state", kv_str("from", state_names[s->state]),
	          kv_str("to", state_names[state]));
	handshake_count(s, state);
	s->state = state;
	if (deadline_ms)
		io_deadline_arm(s->pool->loop, &s->deadline, deadline_ms);
	else
		io_deadline_disarm(&s->deadline);
}

struct conv *edge_session_conv(struct edge_session *s)
{
	s->conv->facts.now_s = time(NULL);
	return s->conv;
}

static void on_end(struct io_later *later)
{
	struct edge_session *s =
		(struct edge_session *)((char *)later - offsetof(struct edge_session, end));
	struct edge_pool *pool = s->pool;
	edge_record_session(s);
	handshake_count(s, EDGE_STATE_CLOSING);
	io_deadline_disarm(&s->deadline);
	io_stream_deinit(&s->client);
	io_stream_deinit(&s->backend);
	if (s->is_counted)
		edge_limits_leave(pool->limits, s->key, now_ms_of(s));
	s->next->prev = s->prev;
	s->prev->next = s->next;
	conv_free(s->conv);
	edge_world_unref(s->world);
	free(s);
	pool->open--;
	if (!pool->open && pool->is_draining && pool->on_empty)
		pool->on_empty(pool->on_empty_owner);
}

/* Frees it after this callback. */
static void session_end(struct edge_session *s, enum conv_outcome outcome)
{
	conv_end(s->conv, outcome);
	io_later_add(s->pool->loop, &s->end);
}

/* Sends what is left, says goodbye to both, and goes when the client has read it. */
static void session_close(struct edge_session *s)
{
	if (s->state == EDGE_STATE_CLOSING)
		return;
	edge_session_enter(s, EDGE_STATE_CLOSING, LINGER_MS);
	if (io_stream_is_open(&s->backend))
		io_stream_end(&s->backend);
	if (!io_stream_is_open(&s->client) || s->client.is_dead) {
		session_end(s, CONV_OUTCOME_CLIENT_GONE);
		return;
	}
	io_stream_end(&s->client);
	io_stream_consume(&s->client, io_stream_input(&s->client).len);
	if (s->client.has_ended && io_stream_is_flushed(&s->client))
		session_end(s, CONV_OUTCOME_OK);
	else
		io_stream_resume(&s->client);
}

static void note_line_end(struct edge_session *s, struct slice sent)
{
	if (sent.len)
		s->is_last_crlf = sent.data[sent.len - 1] == '\n';
}

static int out_send(struct edge_session *s)
{
	struct buf *to_client = &s->conv->out[CONV_CLIENT];
	struct buf *to_backend = &s->conv->out[CONV_BACKEND];
	int r = 0;
	if (buf_len(to_client)) {
		note_line_end(s, buf_slice(to_client));
		r = io_stream_write(&s->client, buf_slice(to_client));
		buf_deinit_secret(to_client);
	}
	if (!r && buf_len(to_backend)) {
		if (io_stream_is_open(&s->backend))
			r = io_stream_write(&s->backend, buf_slice(to_backend));
		buf_deinit_secret(to_backend);
	}
	return err_up(r);
}

static void deadline_follow(struct edge_session *s)
{
	struct conv *c = s->conv;
	if (c->progress == s->armed_progress && c->deadline_ms == s->armed_deadline_ms &&
	    (io_deadline_is_armed(&s->deadline) || !c->deadline_ms))
		return;
	s->armed_progress = c->progress;
	s->armed_deadline_ms = c->deadline_ms;
	if (c->deadline_ms)
		io_deadline_arm(s->pool->loop, &s->deadline, c->deadline_ms);
	else
		io_deadline_disarm(&s->deadline);
}

static void client_tls_start(struct edge_session *s)
{
	struct tls_session *tls = NULL;
	if (s->edge->tls == NULL || io_stream_has_input(&s->client)) {
		conv_end(s->conv, CONV_OUTCOME_INJECTED);
		session_close(s);
		return;
	}
	if (tls_session_accept(&tls, s->edge->tls, s)) {
		session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	edge_session_enter(s, EDGE_STATE_CLIENT_TLS, s->edge->conf->limits.handshake_timeout_ms);
	io_stream_start_tls(&s->client, tls);
}

static bool splice_to(struct edge_session *s, struct io_stream *from, struct io_stream *to)
{
	struct slice input = io_stream_input(from);
	if (!input.len)
		return true;
	s->moved_ms = now_ms_of(s);
	if (to == &s->client)
		note_line_end(s, input);
	if (io_stream_write(to, input)) {
		session_end(s, CONV_OUTCOME_OVERLOAD);
		return false;
	}
	io_stream_consume(from, input.len);
	if (io_stream_is_full(to)) {
		io_stream_want_room(to);
		io_stream_pause(from);
	}
	return true;
}

static void splice_begin(struct edge_session *s)
{
	edge_session_enter(s, EDGE_STATE_SPLICE, s->edge->conf->limits.idle_timeout_ms);
	if (s->is_counted) {
		edge_limits_leave(s->pool->limits, s->key, now_ms_of(s));
		s->is_counted = false;
	}
	if (splice_to(s, &s->client, &s->backend))
		splice_to(s, &s->backend, &s->client);
}

/* Does what the conversation asked for. r: what the call to it returned. */
void edge_session_act(struct edge_session *s, int r, enum conv_todo todo)
{
	if (!r)
		r = out_send(s);
	if (s->conv->exposure.has_happened)
		edge_record_exposure(s);
	if (r) {
		log_error(s->conv->facts.session_id, "session given up", kv_int("errno", -r),
		          kv_str("where", err_origin()));
		session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	switch (todo) {
	case CONV_TODO_READ:
		deadline_follow(s);
		break;
	case CONV_TODO_CLIENT_TLS:
		client_tls_start(s);
		break;
	case CONV_TODO_CONNECT:
		edge_backend_open(s);
		break;
	case CONV_TODO_BACKEND_TLS:
		edge_backend_starttls(s);
		break;
	case CONV_TODO_SPLICE:
		splice_begin(s);
		break;
	case CONV_TODO_CLOSE:
		session_close(s);
		break;
	}
}

/* Feeds one side what it has; true if the conversation took any of it. */
static bool feed_side(struct edge_session *s, enum conv_side side)
{
	struct io_stream *from = side == CONV_CLIENT ? &s->client : &s->backend;
	struct io_stream *to = side == CONV_CLIENT ? &s->backend : &s->client;
	bool moved = false;
	while (s->state == EDGE_STATE_TALK && !s->end.is_queued) {
		struct slice input = io_stream_input(from);
		if (!input.len)
			break;
		if (io_stream_is_open(to) && io_stream_is_full(to)) {
			io_stream_want_room(to);
			io_stream_pause(from);
			break;
		}
		size_t used = 0;
		enum conv_todo todo = CONV_TODO_CLOSE;
		int r = conv_feed(edge_session_conv(s), side, input, &used, &todo);
		io_stream_consume(from, used);
		if (used)
			s->moved_ms = now_ms_of(s);
		edge_session_act(s, r, todo);
		if (!used)
			break;
		moved = true;
	}
	return moved;
}

void edge_session_pump(struct edge_session *s)
{
	bool moved = true;
	while (moved && s->state == EDGE_STATE_TALK && !s->end.is_queued) {
		moved = io_stream_is_open(&s->backend) && feed_side(s, CONV_BACKEND);
		moved |= feed_side(s, CONV_CLIENT);
	}
}

static void facts_take_tls(struct edge_session *s)
{
	const struct tls_facts *t = tls_session_facts(s->client.tls);
	struct conv_facts *f = &s->conv->facts;
	f->is_tls = true;
	snprintf(f->tls_version, sizeof(f->tls_version), "%s", t->version);
	snprintf(f->tls_cipher, sizeof(f->tls_cipher), "%s", t->cipher);
	snprintf(f->tls_group, sizeof(f->tls_group), "%s", t->group);
	s->client_tls_was_up = true;
}

static void talk_begin(struct edge_session *s)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_start(edge_session_conv(s), &todo);
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

static void client_tls_event(struct edge_session *s, enum io_stream_event event)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	if (event == IO_STREAM_DATA || event == IO_STREAM_ROOM)
		return;
	if (event != IO_STREAM_TLS_UP) {
		snprintf(s->tls_error, sizeof(s->tls_error), "%s",
		         event == IO_STREAM_TLS_FAILED ? tls_session_error(s->client.tls)
		                                       : "the client left in mid-handshake");
		session_end(s, CONV_OUTCOME_TLS_FAILED);
		return;
	}
	facts_take_tls(s);
	if (s->is_implicit) {
		talk_begin(s);
		return;
	}
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_tls_up(edge_session_conv(s), CONV_CLIENT, &todo);
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

static void side_ended(struct edge_session *s, enum conv_side side)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	int r = conv_eof(edge_session_conv(s), side, &todo);
	edge_session_act(s, r, todo);
	if (s->state == EDGE_STATE_TALK && !s->end.is_queued)
		edge_session_pump(s);
}

/* One side of a spliced session ended: the other hears of it, and may finish what it says. */
static void splice_ended(struct edge_session *s, struct io_stream *from, struct io_stream *to)
{
	if (!splice_to(s, from, to))
		return;
	if (from == &s->backend || to->has_ended || from->is_dead || to->is_dead) {
		conv_end(s->conv, CONV_OUTCOME_OK);
		session_close(s);
		return;
	}
	io_stream_end(to);
	io_deadline_arm(s->pool->loop, &s->deadline, HALF_CLOSED_MS);
}

static void splice_event(struct edge_session *s, struct io_stream *from, struct io_stream *to,
                         enum io_stream_event event)
{
	switch (event) {
	case IO_STREAM_DATA:
		if (s->edge->conf->limits.idle_timeout_ms && !s->client.has_ended)
			io_deadline_arm(s->pool->loop, &s->deadline,
			                s->edge->conf->limits.idle_timeout_ms);
		splice_to(s, from, to);
		break;
	case IO_STREAM_ROOM:
		io_stream_resume(to);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		splice_ended(s, from, to);
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

static void talk_event(struct edge_session *s, enum conv_side side, enum io_stream_event event)
{
	struct io_stream *other = side == CONV_CLIENT ? &s->backend : &s->client;
	switch (event) {
	case IO_STREAM_DATA:
		edge_session_pump(s);
		break;
	case IO_STREAM_ROOM:
		if (io_stream_is_open(other))
			io_stream_resume(other);
		edge_session_pump(s);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		edge_session_pump(s);
		if (s->state == EDGE_STATE_TALK && !s->end.is_queued)
			side_ended(s, side);
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

static void pregreeted(struct edge_session *s)
{
	static const char farewell[] = "554 5.5.1 Protocol error: spoke before the greeting\r\n";
	conv_end(s->conv, CONV_OUTCOME_PREGREET);
	if (io_stream_write(&s->client, slice_str(farewell)))
		log_debug(s->conv->facts.session_id, "farewell not sent");
	session_close(s);
}

static void greet(struct edge_session *s);

static void proxy_header_read(struct edge_session *s)
{
	struct proxyhdr_result header;
	size_t used = 0;
	struct conv_facts *f = &s->conv->facts;
	int r = proxyhdr_parse(io_stream_input(&s->client), &header, &used);
	if (r == PROXYHDR_MORE)
		return;
	if (r) {
		log_warn(f->session_id, "no PROXY header from an address in proxy_from",
		         kv_str("client", f->client_addr));
		session_end(s, CONV_OUTCOME_BAD_SYNTAX);
		return;
	}
	io_stream_consume(&s->client, used);
	if (header.has_addresses) {
		snprintf(f->client_addr, sizeof(f->client_addr), "%s", header.client_addr);
		snprintf(f->local_addr, sizeof(f->local_addr), "%s", header.local_addr);
		f->client_port = header.client_port;
		f->local_port = header.local_port;
		f->client_is_v6 = strchr(f->client_addr, ':') != NULL;
	}
	if (io_stream_has_input(&s->client) && s->is_implicit) {
		/* The ClientHello came in the same segment: TLS takes it as ciphertext. */
		struct slice rest = io_stream_input(&s->client);
		if (buf_add(&s->client.raw, rest)) {
			session_end(s, CONV_OUTCOME_OVERLOAD);
			return;
		}
		io_stream_consume(&s->client, rest.len);
	}
	greet(s);
}

static void closing_event(struct edge_session *s, bool is_client, enum io_stream_event event)
{
	if (event == IO_STREAM_DATA) {
		struct io_stream *from = is_client ? &s->client : &s->backend;
		io_stream_consume(from, io_stream_input(from).len);
	} else if (is_client && (event == IO_STREAM_EOF || event == IO_STREAM_ERROR)) {
		session_end(s, CONV_OUTCOME_OK);
	}
}

static void client_early_event(struct edge_session *s, enum io_stream_event event)
{
	if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR)
		session_end(s, CONV_OUTCOME_CLIENT_GONE);
	else if (event == IO_STREAM_DATA && s->state == EDGE_STATE_PROXY)
		proxy_header_read(s);
	else if (event == IO_STREAM_DATA)
		pregreeted(s);
}

static void on_client_event(struct io_stream *stream, enum io_stream_event event)
{
	struct edge_session *s = stream->owner;
	if (s->end.is_queued)
		return;
	switch (s->state) {
	case EDGE_STATE_PROXY:
	case EDGE_STATE_GREET_DELAY:
		client_early_event(s, event);
		break;
	case EDGE_STATE_CLIENT_TLS:
		client_tls_event(s, event);
		break;
	case EDGE_STATE_TALK:
		talk_event(s, CONV_CLIENT, event);
		break;
	case EDGE_STATE_CONNECT:
	case EDGE_STATE_ASK:
	case EDGE_STATE_BACKEND_TLS:
		if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR)
			session_end(s, CONV_OUTCOME_CLIENT_GONE);
		break;
	case EDGE_STATE_SPLICE:
		splice_event(s, &s->client, &s->backend, event);
		break;
	case EDGE_STATE_CLOSING:
		closing_event(s, true, event);
		break;
	case EDGE_STATE_COUNT:
		break;
	}
}

/* The backend's side: while it is being opened, backend.c; then here. */
void edge_session_backend_event(struct edge_session *s, enum io_stream_event event)
{
	if (s->end.is_queued)
		return;
	if (s->state == EDGE_STATE_TALK)
		talk_event(s, CONV_BACKEND, event);
	else if (s->state == EDGE_STATE_SPLICE)
		splice_event(s, &s->backend, &s->client, event);
	else if (s->state == EDGE_STATE_CLOSING)
		closing_event(s, false, event);
	else
		edge_backend_event(s, event);
}

static void on_deadline(struct io_deadline *d)
{
	struct edge_session *s =
		(struct edge_session *)((char *)d - offsetof(struct edge_session, deadline));
	enum conv_todo todo = CONV_TODO_CLOSE;
	if (s->end.is_queued)
		return;
	switch (s->state) {
	case EDGE_STATE_GREET_DELAY:
		talk_begin(s);
		break;
	case EDGE_STATE_ASK:
		edge_backend_asked(s);
		break;
	case EDGE_STATE_CONNECT:
	case EDGE_STATE_BACKEND_TLS:
		edge_backend_late(s);
		break;
	case EDGE_STATE_TALK: {
		int r = conv_expire(edge_session_conv(s), CONV_EXPIRY_IDLE, &todo);
		edge_session_act(s, r, todo);
		break;
	}
	case EDGE_STATE_CLIENT_TLS:
		snprintf(s->tls_error, sizeof(s->tls_error), "no handshake in time");
		session_end(s, CONV_OUTCOME_TIMEOUT);
		break;
	case EDGE_STATE_PROXY:
	case EDGE_STATE_CLOSING:
		session_end(s, CONV_OUTCOME_TIMEOUT);
		break;
	case EDGE_STATE_SPLICE:
		conv_end(s->conv, s->client.has_ended ? CONV_OUTCOME_OK : CONV_OUTCOME_TIMEOUT);
		session_close(s);
		break;
	case EDGE_STATE_COUNT:
		break;
	}
}

/* Where a session goes first once it is known who the client is. */
static void greet(struct edge_session *s)
{
	if (s->is_implicit)
		client_tls_start(s);
	else if (s->edge->conf->greet_delay_ms)
		edge_session_enter(s, EDGE_STATE_GREET_DELAY, s->edge->conf->greet_delay_ms);
	else
		talk_begin(s);
}

static void address_text(const struct sockaddr *sa, char *ret_text, size_t cap, uint16_t *ret_port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	bool is_v6 = sa->sa_family == AF_INET6;
	*ret_port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
	if (sa->sa_family == AF_INET || is_v6)
		inet_ntop(sa->sa_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr,
		          ret_text, (socklen_t)cap);
	else
		snprintf(ret_text, cap, "127.0.0.1"); /* a unix socket is this host */
}

static struct edge_limits_key key_of(const struct sockaddr *sa)
{
	struct edge_limits_key key = {};
	if (sa->sa_family == AF_INET6) {
		memcpy(key.bytes, &((const struct sockaddr_in6 *)sa)->sin6_addr, 8);
	} else if (sa->sa_family == AF_INET) {
		key.bytes[10] = key.bytes[11] = 0xff;
		memcpy(key.bytes + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	}
	return key;
}

static bool is_in_networks(const struct sockaddr *sa, const struct conf_network *networks,
                           size_t count)
{
	uint8_t addr[16] = {};
	bool is_v6 = sa->sa_family == AF_INET6;
	if (is_v6)
		memcpy(addr, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	else if (sa->sa_family == AF_INET)
		memcpy(addr, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	for (size_t i = 0; i < count; i++)
		if (conf_network_contains(&networks[i], addr, is_v6))
			return true;
	return false;
}

/* Dated exceptions that cover this client at this edge, today. */
static bool has_exception(const struct edge_world *w, const struct edge *edge,
                          const struct sockaddr *peer, int64_t now_s)
{
	for (size_t i = 0; i < w->settings->exception_count; i++) {
		const struct conf_exception *e = &w->settings->exceptions[i];
		if (e->allow_plain_login && !strcmp(e->edge, edge->conf->name) &&
		    e->until_s > now_s &&
		    (e->any_from || is_in_networks(peer, e->from, e->from_count)))
			return true;
	}
	return false;
}

static void facts_fill(struct edge_session *s, const struct sockaddr *peer)
{
	struct conv_facts *f = &s->conv->facts;
	struct sockaddr_storage local = {};
	socklen_t len = sizeof(local);
	uint64_t id = 0;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uintptr_t)s ^ now_ms_of(s);
	snprintf(f->session_id, sizeof(f->session_id), "%016llx", (unsigned long long)id);
	getsockname(s->client.fd, (struct sockaddr *)&local, &len);
	address_text(peer, f->client_addr, sizeof(f->client_addr), &f->client_port);
	address_text((struct sockaddr *)&local, f->local_addr, sizeof(f->local_addr),
	             &f->local_port);
	f->client_is_v6 = peer->sa_family == AF_INET6;
	f->is_implicit = s->is_implicit;
	f->now_s = time(NULL);
	f->may_login_plain = has_exception(s->world, s->edge, peer, f->now_s);
	f->must_have_tls = is_in_networks(peer, s->edge->conf->require_tls_from,
	                                  s->edge->conf->require_tls_from_count);
}

/* Over a limit: one line in clear where that is possible, and gone. */
static void turn_away(struct edge_pool *pool, struct edge *edge, bool is_implicit, int fd,
                      const struct sockaddr *peer, const char *why)
{
	char text[64];
	char addr[48];
	uint16_t port;
	address_text(peer, addr, sizeof(addr), &port);
	pool->counters.refused++;
	log_notice(NULL, "connection refused", kv_str("edge", edge->conf->name),
	           kv_str("client", addr), kv_str("reason", why));
	if (!is_implicit) {
		snprintf(text, sizeof(text), "%s\r\n", edge->ops->overload_line());
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	close(fd);
}

/* NULL: come in. Else the reason of the log. */
static const char *limit_hit(struct edge_pool *pool, const struct edge *edge,
                             const struct sockaddr *peer, struct edge_limits_key key,
                             bool *ret_is_counted)
{
	const struct conf_limits *l = &edge->conf->limits;
	*ret_is_counted = false;
	if (pool->is_draining)
		return "draining";
	if (l->max_sessions && pool->open >= l->max_sessions)
		return "max_sessions";
	if (l->max_handshakes && pool->handshakes >= l->max_handshakes)
		return "max_handshakes";
	if (is_in_networks(peer, l->exempt, l->exempt_count))
		return NULL;
	switch (edge_limits_enter(pool->limits, key, l->connections_per_address,
	                          l->handshakes_per_second, io_loop_now_ms(pool->loop))) {
	case 0:
		*ret_is_counted = true;
		return NULL;
	case EDGE_LIMITS_CONNECTIONS:
		return "connections_per_address";
	case EDGE_LIMITS_RATE:
		return "handshakes_per_second";
	default:
		return "memory";
	}
}

static int session_new(struct edge_session **ret_s, struct edge_pool *pool,
                       struct edge_world *world, struct edge *edge)
{
	CLEAN(freep) struct edge_session *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	int r = conv_new(&s->conv, edge->ops, &edge->set, &edge->learnt);
	if (r)
		return err_up(r);
	s->pool = pool;
	s->world = edge_world_ref(world);
	s->edge = edge;
	s->deadline.fn = on_deadline;
	s->end.fn = on_end;
	s->client = (struct io_stream){ .fd = -1, .owner = s, .on_event = on_client_event };
	s->backend = (struct io_stream){ .fd = -1, .owner = s };
	s->next = &pool->sessions;
	s->prev = pool->sessions.prev;
	s->prev->next = s;
	pool->sessions.prev = s;
	pool->open++;
	s->began_ms = s->moved_ms = io_loop_now_ms(pool->loop);
	*ret_s = TAKE(s);
	return 0;
}

void edge_session_start(struct edge_pool *pool, struct edge_world *world, struct edge *edge,
                        bool is_implicit, int fd, const struct sockaddr *peer)
{
	struct edge_limits_key key = key_of(peer);
	bool is_counted;
	const char *why = limit_hit(pool, edge, peer, key, &is_counted);
	if (why) {
		turn_away(pool, edge, is_implicit, fd, peer, why);
		return;
	}
	struct edge_session *s = NULL;
	if (session_new(&s, pool, world, edge)) {
		if (is_counted)
			edge_limits_leave(pool->limits, key, io_loop_now_ms(pool->loop));
		turn_away(pool, edge, is_implicit, fd, peer, "memory");
		return;
	}
	s->key = key;
	s->is_counted = is_counted;
	s->is_implicit = is_implicit;
	pool->counters.sessions++;
	if (io_stream_open(&s->client, pool->loop, fd)) {
		close(fd);
		session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	facts_fill(s, peer);
	if (is_in_networks(peer, edge->conf->proxy_from, edge->conf->proxy_from_count))
		edge_session_enter(s, EDGE_STATE_PROXY, PROXY_HEADER_MS);
	else
		greet(s);
}

void edge_session_signed(void *owner, struct slice sig)
{
	struct edge_session *s = owner;
	if (s->end.is_queued || !s->client.tls)
		return;
	tls_session_signed(s->client.tls, sig);
	io_stream_signed(&s->client);
}

static bool is_quiet(const struct edge_session *s)
{
	return now_ms_of(s) - s->moved_ms >= QUIET_MS && s->is_last_crlf;
}

/* Ends one session politely, at the next point where that is safe. */
static void session_drain(struct edge_session *s)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	switch (s->state) {
	case EDGE_STATE_TALK: {
		int r = conv_expire(edge_session_conv(s), CONV_EXPIRY_DRAIN, &todo);
		edge_session_act(s, r, todo);
		break;
	}
	case EDGE_STATE_SPLICE:
		if (is_quiet(s) && s->edge->conf->protocol == CONF_IMAP &&
		    io_stream_write(&s->client, slice_str("* BYE Server shutting down\r\n")))
			log_debug(s->conv->facts.session_id, "farewell not sent");
		conv_end(s->conv, CONV_OUTCOME_DRAINED);
		session_close(s);
		break;
	case EDGE_STATE_PROXY:
	case EDGE_STATE_GREET_DELAY:
	case EDGE_STATE_CLIENT_TLS:
	case EDGE_STATE_CONNECT:
	case EDGE_STATE_ASK:
	case EDGE_STATE_BACKEND_TLS:
	case EDGE_STATE_CLOSING:
	case EDGE_STATE_COUNT:
		break; /* on its way; met again at the next tick */
	}
}

static void on_drain_tick(struct io_deadline *d)
{
	struct edge_pool *pool =
		(struct edge_pool *)((char *)d - offsetof(struct edge_pool, drain_tick));
	uint64_t now_ms = io_loop_now_ms(pool->loop);
	bool is_late = now_ms >= pool->drain_until_ms;
	unsigned most = pool->drain_per_second * IO_WHEEL_TICK_MS * 2 / 1000 + 1;
	struct edge_session *s = pool->sessions.next;
	while (s != &pool->sessions) {
		struct edge_session *next = s->next;
		if (is_late && s->state != EDGE_STATE_TALK && s->state != EDGE_STATE_SPLICE) {
			session_end(s, CONV_OUTCOME_DRAINED);
		} else if (is_late || (most && !s->conv->is_in_data && is_quiet(s))) {
			session_drain(s);
			most -= most != 0;
		}
		s = next;
	}
	io_deadline_arm(pool->loop, &pool->drain_tick, IO_WHEEL_TICK_MS * 2);
}

void edge_pool_drain(struct edge_pool *pool, unsigned per_second, uint32_t deadline_ms,
                     void (*on_empty)(void *owner), void *owner)
{
	pool->is_draining = true;
	pool->drain_per_second = per_second;
	pool->drain_until_ms = io_loop_now_ms(pool->loop) + deadline_ms;
	pool->on_empty = on_empty;
	pool->on_empty_owner = owner;
	if (!pool->open)
		on_empty(owner);
	else
		io_deadline_arm(pool->loop, &pool->drain_tick, IO_WHEEL_TICK_MS);
}

int edge_pool_new(struct edge_pool **ret_pool, struct io_loop *loop)
{
	CLEAN(freep) struct edge_pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		return err_raise(-ENOMEM);
	int r = edge_limits_new(&pool->limits);
	if (r)
		return err_up(r);
	pool->loop = loop;
	pool->sessions.next = pool->sessions.prev = &pool->sessions;
	pool->drain_tick.fn = on_drain_tick;
	*ret_pool = TAKE(pool);
	return 0;
}

void edge_pool_free(struct edge_pool *pool)
{
	if (!pool)
		return;
	while (pool->sessions.next != &pool->sessions) {
		struct edge_session *s = pool->sessions.next;
		conv_end(s->conv, CONV_OUTCOME_DRAINED);
		io_later_remove(pool->loop, &s->end);
		on_end(&s->end);
	}
	io_deadline_disarm(&pool->drain_tick);
	edge_limits_free(pool->limits);
	free(pool);
}

const struct edge_counters *edge_pool_counters(const struct edge_pool *pool)
{
	return &pool->counters;
}

size_t edge_pool_open(const struct edge_pool *pool)
{
	return pool->open;
}
