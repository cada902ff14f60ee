/* The record of a session: one line of the log, and the worker's sums. */
#include "edge/session.h"

#include "base/log.h"
#include "tls/hello.h"

#include <stdio.h>
#include <string.h>

/* A handshake that did not succeed is no plain session: nothing was said. */
static bool never_in_clear(const struct edge_session *s)
{
	return s->is_implicit || s->client_tls_was_begun;
}

static void count(struct edge_session *s)
{
	struct edge_counters *c = &s->pool->counters;
	const struct tls_facts *t = s->client_tls_was_up ? tls_session_facts(s->client.tls) : NULL;
	if (t) {
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

/*
 * "sealed", "legacy" or "plain": the word every report uses (DESIGN 2); "none" where the
 * handshake failed before anything was said.
 */
static const char *seal_of(const struct edge_session *s, const struct tls_facts *t)
{
	if (!s->client_tls_was_up)
		return never_in_clear(s) ? "none" : "plain";
	return t->is_legacy ? "legacy" : "sealed";
}

static void hello_log(struct edge_session *s)
{
	const struct tls_hello *h = s->client.tls ? tls_session_hello(s->client.tls) : NULL;
	if (!h)
		return;
	edge_hello_note(s);
	log_notice(s->conv->facts.session_id, "handshake refused",
	           kv_str("edge", s->edge->conf->name),
	           kv_str("client", s->conv->facts.client_addr), kv_str("reason", s->tls_error),
	           kv_str("offered", tls_hello_version_name(h->max_version)),
	           kv_str("hello", s->hello), kv_str("sni", h->sni));
}

void edge_record_session(struct edge_session *s)
{
	static const struct tls_facts none = {
		.version = "", .cipher = "", .group = "", .sni = ""
	};
	const struct conv *c = s->conv;
	const struct conv_facts *f = &c->facts;
	const struct tls_facts *t = s->client_tls_was_up ? tls_session_facts(s->client.tls) : &none;
	bool has_backend = io_stream_is_open(&s->backend) && s->address < s->address_end;

	count(s);
	if (s->client_tls_was_begun && !s->client_tls_was_up)
		hello_log(s);
	/* What the backend offers is kept fresh with each session. */
	if (has_backend)
		edge_learn_seen(s);
	log_notice(
		f->session_id, "session ended",
		kv_str("leg", s->edge->conf->protocol == CONF_SMTP ? "inbound" : "user"),
		kv_str("protocol", c->ops->protocol), kv_str("edge", s->edge->conf->name),
		kv_str("client", f->client_addr), kv_int("port", f->client_port),
		kv_str("seal", seal_of(s, t)), kv_str("tls", t->version),
		kv_str("cipher", t->cipher), kv_str("group", t->group),
		kv_bool("resumed", t->is_resumed), kv_str("sni", t->sni), kv_str("hello", s->hello),
		kv_str("backend", has_backend ? s->edge->backend->addresses[s->address].text : ""),
		kv_str("user", c->user), kv_int("login_failures", c->login_failures),
		kv_str("software", c->client_software), kv_int("messages", c->messages),
		kv_int("requiretls", c->requiretls), kv_str("queue", c->queue_ids),
		kv_int("bare_newlines", c->bare_newlines),
		kv_str("outcome", conv_outcome_name(c->outcome)), kv_str("error", s->tls_error),
		kv_int("bytes_in", (int64_t)s->client.bytes_in),
		kv_int("bytes_out", (int64_t)s->client.bytes_out),
		kv_ms("seconds", io_loop_now_ms(s->pool->loop) - s->began_ms));
}

void edge_record_exposure(struct edge_session *s)
{
	struct conv_exposure *e = &s->conv->exposure;
	s->pool->counters.exposures++;
	log_warn(s->conv->facts.session_id, "credential in clear",
	         kv_str("protocol", s->conv->ops->protocol), kv_str("edge", s->edge->conf->name),
	         kv_str("client", s->conv->facts.client_addr), kv_str("user", e->user),
	         kv_str("mechanism", e->mechanism), kv_bool("password_sent", e->password_sent),
	         kv_bool("exception", s->conv->facts.may_login_plain));
	*e = (struct conv_exposure){};
}
