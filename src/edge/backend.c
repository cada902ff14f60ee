/* The way from a session to its backend: addresses in turn, who the client is, TLS. */
#include "edge/balance.h"
#include "edge/session.h"

#include "base/err.h"
#include "base/log.h"
#include "proxyhdr/proxyhdr.h"
#include "tls/client.h"
#include "tls/peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	ASK_SILENCE_MS = 1000, /* a server that greets unasked does so within this */
	BLIND_ASK_AGAIN_MS = 60000,
	EXPIRY_QUIET_MS = 60000,
	DOWN_MS = 5000, /* so long an address that could not be reached comes last */
};

static struct edge_address *address_of(struct edge_session *s)
{
	return &s->target->addresses[s->address];
}

static struct edge_load *load_of(struct edge_session *s)
{
	return address_of(s)->load;
}

void edge_backend_leave(struct edge_session *s)
{
	if (s->is_at_address)
		load_of(s)->open--;
	s->is_at_address = false;
}

static void backend_failed(struct edge_session *s, enum conv_failure why)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	if (!s->ask)
		s->pool->counters.backend_failures++;
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_failed(edge_session_conv(s), why, &todo);
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

/* An ask that fails is repeated: learn.c logs when that is news. */
static void complain(struct edge_session *s, enum log_level level, const char *event,
                     const char *error)
{
	const struct log_field fields[] = {
		kv_str("backend", s->target->conf->name),
		kv_str("address", address_of(s)->text),
		kv_str("error", error),
		{ .key = NULL },
	};
	if (s->ask)
		edge_ask_note(s->ask, error);
	else
		log_write(level, s->conv->facts.session_id, event, fields);
}

static void on_backend_event(struct io_stream *stream, enum io_stream_event event)
{
	edge_session_backend_event(stream->owner, event);
}

/* It cannot be reached, or says nothing. */
static bool is_gone(const struct edge_session *s, size_t address)
{
	const struct edge_address *a = &s->target->addresses[address];
	return (a->is_unwell && !a->is_refusing) ||
	       a->down_until_ms > io_loop_now_ms(s->pool->loop) ||
	       edge_tunnel_state(s, address) == TUNNEL_GONE;
}

static bool is_down(const struct edge_session *s, size_t address)
{
	return s->target->addresses[address].is_unwell || is_gone(s, address);
}

bool edge_backend_is_down(const struct edge_session *s)
{
	size_t at = 0;
	if (s->edge->set.open == CONV_OPEN_AUTH)
		return false; /* the user decides which it is */
	while (at < s->address_end && is_gone(s, at))
		at++;
	return at == s->address_end;
}

static void down_note(struct edge_session *s)
{
	address_of(s)->down_until_ms = io_loop_now_ms(s->pool->loop) + DOWN_MS;
	if (!s->ask)
		load_of(s)->failures++;
}

static int address_connect(struct edge_session *s)
{
	io_stream_deinit(&s->backend);
	s->backend_is_left = s->backend_in_starttls = false;
	s->backend = (struct io_stream){ .fd = -1, .owner = s, .on_event = on_backend_event };
	s->tunnel = edge_tunnel_state(s, s->address);
	int r = edge_source_connect(s);
	if (r || s->ask)
		return err_up(r);
	s->is_at_address = true;
	load_of(s)->open++;
	return 0;
}

/* Whose sessions stay together, or a number of this session alone. */
static uint64_t balance_key(const struct edge_session *s)
{
	const struct conv_facts *f = &s->conv->facts;
	switch (s->target->conf->balance) {
	case CONF_BALANCE_SOURCE:
		return edge_balance_key(&s->key, sizeof(s->key));
	case CONF_BALANCE_USER:
		return edge_balance_user_key(s->conv->mailbox);
	case CONF_BALANCE_ORDER:
	case CONF_BALANCE_LEAST:
		break;
	}
	return edge_balance_key(f->session_id, strlen(f->session_id));
}

/* False: none is left. */
static bool address_next(struct edge_session *s)
{
	const struct edge_backend *b = s->target;
	struct edge_candidate list[CONF_BACKEND_ADDRESSES_MAX];
	for (size_t i = 0; i < s->address_end; i++)
		list[i] = (struct edge_candidate){ .name = b->addresses[i].text,
			                           .open = b->addresses[i].load->open,
			                           .is_down = is_down(s, i),
			                           .was_tried = s->tried >> i & 1 };
	s->address = edge_balance_pick(b->conf->balance, balance_key(s), list, s->address_end);
	if (s->address == s->address_end)
		return false;
	s->tried |= UINT64_C(1) << s->address;
	return true;
}

/* A blind one is asked again after a while. */
static bool is_blind(struct edge_session *s)
{
	const struct edge_address *a = address_of(s);
	return a->state == EDGE_ADDRESS_BLIND && !s->ask &&
	       io_loop_now_ms(s->pool->loop) - a->asked_at_ms < BLIND_ASK_AGAIN_MS;
}

/* Starts the connection to the next address that can be tried. */
static void connect_next(struct edge_session *s, enum conv_failure why)
{
	edge_backend_leave(s);
	while (address_next(s)) {
		if (is_blind(s)) {
			why = CONV_FAILURE_NOT_PROXY;
			continue;
		}
		if (edge_tunnel_state(s, s->address) == TUNNEL_GONE) {
			complain(s, LOG_LEVEL_WARN, "backend cannot be reached",
			         "its tunnel is gone, see ctl status");
			continue;
		}
		if (address_of(s)->state == EDGE_ADDRESS_BLIND && !s->ask)
			address_of(s)->state = EDGE_ADDRESS_NEW;
		int r = address_connect(s);
		if (!r) {
			edge_session_enter(s, EDGE_STATE_CONNECT,
			                   s->target->conf->connect_timeout_ms);
			return;
		}
		down_note(s);
		complain(s, LOG_LEVEL_WARN, "backend cannot be reached", strerror(-r));
	}
	backend_failed(s, why);
}

void edge_backend_open(struct edge_session *s)
{
	connect_next(s, CONV_FAILURE_CONNECT);
}

static void address_failed(struct edge_session *s, const char *error, enum conv_failure why)
{
	complain(s, LOG_LEVEL_WARN, "backend cannot be used", error);
	if (why != CONV_FAILURE_NOT_PROXY)
		down_note(s);
	connect_next(s, why);
}

static int header_write(struct edge_session *s)
{
	const struct conv_facts *f = &s->conv->facts;
	bool is_known = s->edge && s->edge->conf->needs_client_certificate && f->is_tls;
	struct proxyhdr_facts facts = {
		.is_local = s->ask != NULL,
		.client_addr = f->client_addr,
		.client_port = f->client_port,
		.local_addr = f->local_addr,
		.local_port = f->local_port,
		.has_tls = f->is_tls,
		.tls_version = f->tls_version,
		.tls_cipher = f->tls_cipher,
		.client_cn = is_known ? tls_session_peer_names(s->client.tls) : NULL,
		.unique_id = f->session_id,
		.alpn = s->edge->ops->tells_alpn ? f->tls_alpn : NULL,
	};
	struct buf header = {};
	int r = proxyhdr_build(&header, &facts);
	if (!r)
		r = io_stream_write(&s->backend, buf_slice(&header));
	buf_deinit(&header);
	return err_up(r);
}

static void backend_is_up(struct edge_session *s)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_connected(edge_session_conv(s), &todo);
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

static void backend_tls_start(struct edge_session *s)
{
	struct tls_session *tls = NULL;
	if (io_stream_has_input(&s->backend)) {
		backend_failed(s, CONV_FAILURE_TLS); /* bytes behind the server's go-ahead */
		return;
	}
	int r = tls_session_connect(&tls, s->target->tls, &s->backend); /* for keys */
	if (r) {
		backend_failed(s, CONV_FAILURE_TLS);
		return;
	}
	edge_session_enter(s, EDGE_STATE_BACKEND_TLS, s->edge->conf->limits.handshake_timeout_ms);
	io_stream_start_tls(&s->backend, tls);
}

/* The connection stands and the server may be told who the client is. */
static void introduce(struct edge_session *s)
{
	const struct conf_backend *conf = s->target->conf;
	if (conf->client_info == CONV_INFO_PROXY && header_write(s)) {
		backend_failed(s, CONV_FAILURE_CONNECT);
		return;
	}
	if (conf->tls.mode == CONF_TLS_IMPLICIT)
		backend_tls_start(s);
	else
		backend_is_up(s);
}

void edge_backend_asked(struct edge_session *s)
{
	address_of(s)->state = EDGE_ADDRESS_USABLE;
	introduce(s);
}

static void greeted_unasked(struct edge_session *s)
{
	struct edge_address *a = address_of(s);
	bool is_news = a->state != EDGE_ADDRESS_BLIND;
	a->state = EDGE_ADDRESS_BLIND;
	a->asked_at_ms = io_loop_now_ms(s->pool->loop);
	if (is_news)
		log_error(NULL, "backend expects no PROXY header and is not used",
		          kv_str("backend", s->target->conf->name), kv_str("address", a->text),
		          kv_str("mend", "Postfix: smtpd_upstream_proxy_protocol = haproxy on this "
		                         "listener; Dovecot: haproxy = yes in its inet_listener; "
		                         "nginx: proxy_protocol in its listen"));
	address_failed(s, "it greets before it was told who the client is", CONV_FAILURE_NOT_PROXY);
}

static void on_connected(struct edge_session *s)
{
	address_of(s)->down_until_ms = 0;
	if (s->ask)
		edge_ask_connected(s->ask);
	else
		load_of(s)->sessions++;
	/* An ask is in no hurry: it listens each time, for a server may have changed. */
	bool is_listening = s->ask && edge_backend_is_listened_to(s->target);
	if (is_listening || address_of(s)->state == EDGE_ADDRESS_NEW)
		edge_session_enter(s, EDGE_STATE_ASK, ASK_SILENCE_MS);
	else
		introduce(s);
}

/* Bytes or an end while the backend's connection is being made. */
static void backend_event_early(struct edge_session *s, enum io_stream_event event)
{
	if (event == IO_STREAM_CONNECTED)
		on_connected(s);
	else if (event == IO_STREAM_DATA && s->state == EDGE_STATE_ASK)
		greeted_unasked(s);
	else if (event == IO_STREAM_ERROR)
		address_failed(s, strerror(s->backend.error), CONV_FAILURE_CONNECT);
	else if (event == IO_STREAM_EOF)
		address_failed(s, "it closed the connection", CONV_FAILURE_CONNECT);
}

/* One of our own hosts has not renewed: once a minute and address is enough. */
static void expiry_say(struct edge_session *s)
{
	struct edge_address *a = address_of(s);
	int64_t ago_s = tls_session_expired_s(s->backend.tls);
	uint64_t now_ms = io_loop_now_ms(s->pool->loop);
	if (!ago_s || now_ms < a->expiry_quiet_until_ms)
		return;
	a->expiry_quiet_until_ms = now_ms + EXPIRY_QUIET_MS;
	log_error(NULL, "certificate of one of our hosts has expired and is accepted for now",
	          kv_str("backend", s->target->conf->name), kv_str("address", a->text),
	          kv_int("expired_s", ago_s),
	          kv_int("grace_s", (int64_t)s->world->settings->pki.grace_s),
	          kv_str("mend", "renew it: mailseal pki renew NAME on the CA's host"));
}

static void backend_event_tls(struct edge_session *s, enum io_stream_event event)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	if (event == IO_STREAM_DATA)
		return;
	if (event != IO_STREAM_TLS_UP) {
		complain(s, LOG_LEVEL_ERROR, "backend's TLS failed",
		         event == IO_STREAM_TLS_FAILED ? tls_session_error(s->backend.tls)
		                                       : "it closed the connection");
		down_note(s);
		backend_failed(s, CONV_FAILURE_TLS);
		return;
	}
	expiry_say(s);
	if (!s->backend_in_starttls) {
		backend_is_up(s);
		return;
	}
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_tls_up(edge_session_conv(s), CONV_BACKEND, &todo);
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

void edge_backend_lost(struct edge_session *s)
{
	if (s->state == EDGE_STATE_CONNECT || s->state == EDGE_STATE_ASK) {
		address_failed(s, "its tunnel is gone", CONV_FAILURE_CONNECT);
		return;
	}
	io_stream_abort(&s->backend);
	if (s->state == EDGE_STATE_HELD)
		edge_session_end(s, CONV_OUTCOME_BACKEND_BROKEN);
	else
		edge_session_backend_event(s, IO_STREAM_ERROR);
}

void edge_backend_event(struct edge_session *s, enum io_stream_event event)
{
	if (s->state == EDGE_STATE_BACKEND_TLS)
		backend_event_tls(s, event);
	else
		backend_event_early(s, event);
}

void edge_backend_starttls(struct edge_session *s)
{
	s->backend_in_starttls = true;
	backend_tls_start(s);
}

void edge_backend_late(struct edge_session *s)
{
	if (s->state == EDGE_STATE_BACKEND_TLS) {
		down_note(s);
		backend_failed(s, CONV_FAILURE_TIMEOUT);
		return;
	}
	address_failed(s, "no answer in time", CONV_FAILURE_TIMEOUT);
}
