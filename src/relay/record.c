/* The records of hops and handoffs: a line of the log each. */
#include "relay/inside.h"

#include "base/log.h"
#include "tls/peer.h"

static const struct tls_facts none = { .version = "", .cipher = "", .group = "", .sni = "" };

static const char *seal_of(const struct relay_hop_facts *f)
{
	if (!f->tls)
		return f->is_ready ? "plain" : "none";
	return f->tls->is_legacy             ? "legacy"
	       : f->verdict.is_authenticated ? "authenticated"
	                                     : "sealed";
}

void relay_record_hop(struct relay *r, const struct relay_client *c, struct relay_hop *hop,
                      const char *outcome, const struct relay_hop_failure *failure)
{
	const struct relay_hop_facts *f = relay_hop_facts(hop);
	const struct tls_facts *t = f->tls ? f->tls : &none;
	enum policy_report report = failure ? failure->report : f->verdict.report;
	const char *result = policy_report_name(report);
	log_notice(c ? c->session_id : NULL, "hop ended", kv_str("leg", "outbound"),
	           kv_str("protocol", "smtp"), kv_str("domain", f->domain), kv_str("mx", f->host),
	           kv_str("address", f->address), kv_str("policy", policy_level_name(f->level)),
	           kv_str("seal", seal_of(f)), kv_str("tls", t->version),
	           kv_str("cipher", t->cipher), kv_str("group", t->group),
	           kv_str("workaround", f->is_small && f->tls ? "small-hello" : ""),
	           kv_str("result", result ? result : ""), kv_int("messages", f->messages),
	           kv_str("queue", f->queue_ids), kv_str("outcome", outcome),
	           kv_str("error", failure ? failure->why : ""),
	           kv_int("bytes_in", (int64_t)f->bytes_in),
	           kv_int("bytes_out", (int64_t)f->bytes_out),
	           kv_ms("seconds", io_loop_now_ms(r->loop) - f->began_ms));
}

void relay_record_client(const struct relay_client *c, const char *outcome)
{
	const struct tls_session *tls = c->is_tls ? c->stream.tls : NULL;
	const struct tls_facts *t = tls ? tls_session_facts(tls) : &none;
	log_notice(c->session_id, "handoff ended", kv_str("leg", "internal"),
	           kv_str("protocol", c->is_lmtp ? "lmtp" : "smtp"),
	           kv_str("relay", c->world->name), kv_str("client", c->addr[0] ? c->addr : "unix"),
	           kv_str("peer", tls ? tls_session_peer_names(tls) : ""),
	           kv_str("tls", t->version), kv_str("cipher", t->cipher),
	           kv_str("group", t->group), kv_int("messages", c->messages),
	           kv_str("outcome", outcome), kv_int("bytes_in", (int64_t)c->stream.bytes_in),
	           kv_int("bytes_out", (int64_t)c->stream.bytes_out),
	           kv_ms("seconds", io_loop_now_ms(c->relay->loop) - c->began_ms));
}
