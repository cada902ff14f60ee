/*
 * The record of a session: what it was is worked out once, and goes to the log, to who keeps
 * records (the ledger), and into the worker's sums.
 */
#include "edge/session.h"

#include "base/log.h"
#include "conf/address.h"
#include "tls/hello.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A handshake that did not succeed is no plain session: nothing was said. */
static bool never_in_clear(const struct edge_session *s)
{
	return s->is_implicit || s->client_tls_was_begun;
}

/* TLS with the client, ended here or by the backend. */
static bool is_up(const struct edge_session *s)
{
	return s->client_tls_was_up || (s->passed && s->passed->is_answered);
}

static void count(struct edge_session *s)
{
	struct edge_counters *c = &s->pool->counters;
	const struct tls_facts *t = edge_session_tls(s);
	if (is_up(s)) {
		c->tls++;
		c->legacy += t->is_legacy;
		c->resumed += t->is_resumed;
	} else if (never_in_clear(s)) {
		c->tls_failed++;
	} else {
		c->plain++;
	}
	c->messages += s->conv->messages;
	c->bytes_in += s->client.bytes_in;
	c->bytes_out += s->client.bytes_out;
}

/* Who only asked what is offered, as a scanner or a health check does, was no plain session either:
 * what matters goes to the backend, or is a credential. */
static enum store_seal seal_of(const struct edge_session *s, const struct tls_facts *t)
{
	if (is_up(s))
		return t->is_legacy ? STORE_SEAL_LEGACY : STORE_SEAL_SEALED;
	bool has_crossed =
		(s->backend.bytes_out && !s->conv->is_challenge) || s->credential_has_crossed;
	return !never_in_clear(s) && has_crossed ? STORE_SEAL_PLAIN : STORE_SEAL_NONE;
}

static bool has_backend(const struct edge_session *s)
{
	return io_stream_is_open(&s->backend) && s->address < s->address_end;
}

/* Of the way to it. */
static enum store_seal backend_seal_of(const struct edge_session *s)
{
	if (s->passed)
		return has_backend(s) ? seal_of(s, &s->passed->facts) : STORE_SEAL_NONE;

	const struct conf_backend *b = s->target->conf;
	if (!has_backend(s) || (conf_tls_is_ours(&b->tls) && !s->backend.is_tls_up))
		return STORE_SEAL_NONE;
	if (b->tls.mode == CONF_TLS_TUNNEL)
		return s->tunnel == TUNNEL_SEALED ? STORE_SEAL_SEALED : STORE_SEAL_PLAIN;
	if (b->tls.mode == CONF_TLS_NONE)
		return conf_address_is_local(&b->addresses[s->address]) ? STORE_SEAL_LOCAL
		                                                        : STORE_SEAL_PLAIN;
	if (tls_session_facts(s->backend.tls)->is_legacy)
		return STORE_SEAL_LEGACY;
	return b->tls.verify == TLS_VERIFY_NONE ? STORE_SEAL_SEALED : STORE_SEAL_AUTHENTICATED;
}

/* What seals the way to it, in a word. */
static const char *backend_tls_of(const struct edge_session *s)
{
	const struct conf_backend *b = s->target->conf;
	if (!has_backend(s))
		return "";
	if (s->passed)
		return "passed";
	if (b->tls.mode == CONF_TLS_TUNNEL)
		return s->tunnel == TUNNEL_SEALED ? "tunnel" : "unproven-tunnel";
	return s->backend.is_tls_up ? tls_session_facts(s->backend.tls)->version : "none";
}

static uint32_t duration_ms_of(const struct edge_session *s)
{
	uint64_t ms = io_loop_now_ms(s->pool->loop) - s->began_ms;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* LMTP is how our own hosts hand mail on. */
static enum store_leg leg_of(const struct edge_session *s)
{
	enum conf_protocol protocol = s->edge->conf->protocol;
	return protocol == CONF_SMTP   ? STORE_LEG_INBOUND
	       : protocol == CONF_LMTP ? STORE_LEG_INTERNAL
	                               : STORE_LEG_USER;
}

static struct store_record record_of(const struct edge_session *s, const struct tls_facts *t)
{
	const struct conv *c = s->conv;
	return (struct store_record){
		.ended_s = time(NULL),
		.leg = leg_of(s),
		.seal = seal_of(s, t),
		.protocol = conf_protocol_name(s->edge->conf->protocol),
		.edge = s->edge->conf->name,
		.address = c->facts.client_addr,
		.domain = "",
		.mx = "",
		.user = c->user,
		.is_logged_in = c->is_logged_in,
		.software = c->client_software,
		.tls_version = t->version,
		.cipher = t->cipher,
		.group = t->group,
		.is_resumed = t->is_resumed,
		.has_forward_secrecy = t->has_forward_secrecy,
		.hello = s->hello,
		.hello_max = s->hello_max,
		.sni = s->sni,
		.policy = "",
		.result = "",
		.outcome = conv_outcome_name(c->outcome),
		.error = s->tls_error ?: "",
		.bytes_in = s->client.bytes_in,
		.bytes_out = s->client.bytes_out,
		.duration_ms = duration_ms_of(s),
		.messages = c->messages,
		.login_failures = c->login_failures,
		.backend_seal = backend_seal_of(s),
		.backend = s->target->conf->name,
	};
}

static void hello_log(struct edge_session *s)
{
	const struct tls_hello *h = s->client.tls ? tls_session_hello(s->client.tls) : NULL;
	char name[EDGE_HELLO_NAME_CAP];
	if (!h)
		return;
	edge_hello_note(s);
	log_notice(
		s->conv->facts.session_id, "handshake refused", kv_str("edge", s->edge->conf->name),
		kv_str("client", s->conv->facts.client_addr), kv_str("reason", s->tls_error ?: ""),
		kv_str("offered", tls_hello_version_name(h->max_version)),
		kv_str("hello", edge_hello_name(s->hello, name)), kv_str("sni", h->sni));
}

static void session_log(const struct edge_session *s, const struct store_record *r)
{
	const struct conv *c = s->conv;
	const struct tls_facts *tls = edge_session_tls(s);
	char hello[EDGE_HELLO_NAME_CAP];
	log_notice(c->facts.session_id, "session ended", kv_str("leg", store_leg_name(r->leg)),
	           kv_str("protocol", r->protocol), kv_str("edge", r->edge),
	           kv_str("client", r->address), kv_int("port", c->facts.client_port),
	           kv_str("seal", store_seal_name(r->seal)), kv_str("tls", r->tls_version),
	           kv_str("cipher", r->cipher), kv_str("group", r->group),
	           kv_bool("resumed", r->is_resumed), kv_str("sni", tls ? tls->sni : ""),
	           kv_str("alpn", tls ? tls->alpn : ""), kv_bool("passed", s->passed != NULL),
	           kv_str("hello", edge_hello_name(r->hello, hello)),
	           kv_str("backend", has_backend(s) ? s->target->addresses[s->address].text : ""),
	           kv_str("backend_tls", backend_tls_of(s)), kv_str("user", r->user),
	           kv_int("login_failures", r->login_failures), kv_str("software", r->software),
	           kv_int("messages", r->messages), kv_int("requiretls", c->requiretls),
	           kv_str("queue", c->queue_ids), kv_int("bare_newlines", c->bare_newlines),
	           kv_str("outcome", r->outcome), kv_str("error", r->error),
	           kv_int("bytes_in", (int64_t)r->bytes_in),
	           kv_int("bytes_out", (int64_t)r->bytes_out), kv_ms("seconds", r->duration_ms));
}

/* Witness, which had no time to show that it is. Nobody from outside has an address of ours. */
static bool is_turned_away_here(const struct edge_session *s)
{
	const struct conv_facts *f = &s->conv->facts;
	return !s->client.bytes_in && !never_in_clear(s) &&
	       s->conv->outcome == CONV_OUTCOME_BACKEND_DOWN &&
	       !strcmp(f->client_addr, f->local_addr);
}

/* Came and went, as a health check does: it is in the log alone. */
static bool is_silent(const struct edge_session *s)
{
	if (s->is_implicit && !s->client_tls_was_up && !s->passed)
		return s->left_in_handshake && !s->hello;
	return is_turned_away_here(s) ||
	       (!s->client.bytes_in && s->conv->outcome == CONV_OUTCOME_CLIENT_GONE);
}

void edge_record_session(struct edge_session *s)
{
	static const struct tls_facts none = {
		.version = "", .cipher = "", .group = "", .sni = "", .alpn = ""
	};
	const struct tls_facts *t = edge_session_tls(s) ?: &none;
	struct store_recorder *recorder = s->pool->recorder;

	if (edge_session_is_visit(s)) {
		s->pool->counters.sessions--;
		return;
	}
	if (is_turned_away_here(s))
		s->pool->counters.sessions--;
	else
		count(s);
	if (s->client_tls_was_begun && !s->client_tls_was_up)
		hello_log(s);
	/* What the backend offers is kept fresh with each session. */
	if (has_backend(s))
		edge_learn_seen(s);
	const struct store_record r = record_of(s, t);
	session_log(s, &r);
	if (recorder && !is_silent(s))
		recorder->session(recorder, &r);
}

void edge_record_exposure(struct edge_session *s)
{
	struct conv_exposure *e = &s->conv->exposure;
	const struct conv_facts *f = &s->conv->facts;
	struct store_recorder *recorder = s->pool->recorder;
	const struct store_exposure exposure = {
		.at_s = time(NULL),
		.protocol = conf_protocol_name(s->edge->conf->protocol),
		.edge = s->edge->conf->name,
		.address = f->client_addr,
		.user = e->user,
		.mechanism = e->mechanism,
		.password_sent = e->password_sent,
		.is_excepted = f->may_login_plain,
	};
	s->pool->counters.exposures++;
	s->credential_has_crossed = true;
	log_warn(f->session_id, "credential in clear", kv_str("protocol", exposure.protocol),
	         kv_str("edge", exposure.edge), kv_str("client", exposure.address),
	         kv_str("user", exposure.user), kv_str("mechanism", exposure.mechanism),
	         kv_bool("password_sent", exposure.password_sent),
	         kv_bool("exception", exposure.is_excepted));
	if (recorder)
		recorder->exposure(recorder, &exposure);
	*e = (struct conv_exposure){};
}
