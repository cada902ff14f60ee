/*
 * The records of hops and handoffs: what each was is worked out once, and goes to the log and to
 * who keeps records (the ledger).
 */
#include "relay/inside.h"

#include "base/log.h"
#include "conf/address.h"
#include "store/record.h"
#include "tls/peer.h"

#include <time.h>

static const struct tls_facts none = { .version = "", .cipher = "", .group = "", .sni = "" };

static uint32_t duration_ms_of(const struct relay *r, uint64_t began_ms)
{
	uint64_t ms = io_loop_now_ms(r->loop) - began_ms;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static void tell(const struct relay *r, const struct store_record *record)
{
	if (r->recorder)
		r->recorder->session(r->recorder, record);
}

/* What both have in common. */
static struct store_record record_begin(const struct tls_facts *t)
{
	return (struct store_record){
		.ended_s = time(NULL),
		.domain = "",
		.mx = "",
		.user = "",
		.software = "",
		.tls_version = t->version,
		.cipher = t->cipher,
		.group = t->group,
		.is_resumed = t->is_resumed,
		.has_forward_secrecy = t->has_forward_secrecy,
		.policy = "",
		.result = "",
		.error = "",
		.backend = "",
	};
}

/* In clear is only what the operator wrote down so, and for this host nothing else may be. */
static bool is_local(const struct relay_hop_facts *f)
{
	return f->level == POLICY_PLAIN && conf_host_is_local(f->address);
}

static enum store_seal hop_seal_of(const struct relay_hop_facts *f)
{
	if (f->tls && f->tls->is_legacy)
		return STORE_SEAL_LEGACY;
	if (f->tls)
		return f->verdict.is_authenticated ? STORE_SEAL_AUTHENTICATED : STORE_SEAL_SEALED;
	if (!f->is_ready)
		return STORE_SEAL_NONE;
	return is_local(f) ? STORE_SEAL_LOCAL : STORE_SEAL_PLAIN;
}

static struct store_record hop_record_of(const struct relay_hop_facts *f,
                                         const struct relay_hop_record *how)
{
	const struct relay_hop_failure *failure = how->failure;
	const char *result = policy_report_name(failure ? failure->report : f->report);
	struct store_record r = record_begin(f->tls ? f->tls : &none);
	r.leg = STORE_LEG_OUTBOUND;
	r.seal = hop_seal_of(f);
	r.protocol = "smtp";
	r.edge = how->world->name;
	r.address = f->address;
	r.domain = f->domain;
	r.mx = f->host;
	r.policy = policy_level_name(f->level);
	r.result = result ? result : "";
	r.outcome = how->outcome;
	r.error = failure ? failure->why : "";
	r.bytes_in = f->bytes_in;
	r.bytes_out = f->bytes_out;
	r.duration_ms = duration_ms_of(how->relay, f->began_ms);
	r.messages = f->messages;
	r.sealed_before = f->memory.sessions;
	r.was_trusted = f->memory.was_trusted;
	r.is_trusted = f->verdict.is_trusted;
	return r;
}

void relay_record_hop(struct relay_hop *hop, const struct relay_hop_record *how)
{
	const struct relay_hop_facts *f = relay_hop_facts(hop);
	const struct store_record r = hop_record_of(f, how);
	log_notice(how->session_id, "hop ended", kv_str("leg", store_leg_name(r.leg)),
	           kv_str("protocol", r.protocol), kv_str("domain", r.domain), kv_str("mx", r.mx),
	           kv_str("address", r.address), kv_str("policy", r.policy),
	           kv_str("seal", store_seal_name(r.seal)), kv_str("tls", r.tls_version),
	           kv_str("cipher", r.cipher), kv_str("group", r.group),
	           kv_str("workaround", f->is_small && f->tls ? "small-hello" : ""),
	           kv_str("result", r.result), kv_int("messages", r.messages),
	           kv_str("queue", f->queue_ids), kv_str("outcome", r.outcome),
	           kv_str("error", r.error), kv_int("bytes_in", (int64_t)r.bytes_in),
	           kv_int("bytes_out", (int64_t)r.bytes_out), kv_ms("seconds", r.duration_ms));
	tell(how->relay, &r);
}

static enum store_seal handoff_seal_of(const struct relay_client *c)
{
	if (!c->is_tls)
		return STORE_SEAL_LOCAL; /* its listeners are on this host */
	return c->stream.is_tls_up ? STORE_SEAL_AUTHENTICATED : STORE_SEAL_NONE;
}

static struct store_record handoff_record_of(const struct relay_client *c, const char *outcome)
{
	const struct tls_session *tls = c->is_tls ? c->stream.tls : NULL;
	struct store_record r = record_begin(tls ? tls_session_facts(tls) : &none);
	r.leg = STORE_LEG_INTERNAL;
	r.seal = handoff_seal_of(c);
	r.protocol = c->is_lmtp ? "lmtp" : "smtp";
	r.edge = c->world->name;
	r.address = c->addr;
	r.outcome = outcome;
	r.bytes_in = c->stream.bytes_in;
	r.bytes_out = c->stream.bytes_out;
	r.duration_ms = duration_ms_of(c->relay, c->began_ms);
	r.messages = c->messages;
	return r;
}

void relay_record_client(const struct relay_client *c, const char *outcome)
{
	const struct tls_session *tls = c->is_tls ? c->stream.tls : NULL;
	const struct store_record r = handoff_record_of(c, outcome);
	log_notice(c->session_id, "handoff ended", kv_str("leg", store_leg_name(r.leg)),
	           kv_str("protocol", r.protocol), kv_str("relay", r.edge),
	           kv_str("client", r.address[0] ? r.address : "unix"),
	           kv_str("peer", tls ? tls_session_peer_names(tls) : ""),
	           kv_str("seal", store_seal_name(r.seal)), kv_str("tls", r.tls_version),
	           kv_str("cipher", r.cipher), kv_str("group", r.group),
	           kv_int("messages", r.messages), kv_str("outcome", r.outcome),
	           kv_int("bytes_in", (int64_t)r.bytes_in),
	           kv_int("bytes_out", (int64_t)r.bytes_out), kv_ms("seconds", r.duration_ms));
	tell(c->relay, &r);
}
