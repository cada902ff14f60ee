/* What a connection of a link was: worked out once, for the log and for who keeps records. */
#include "link/inside.h"

#include "base/log.h"
#include "store/record.h"
#include "tls/peer.h"
#include "tls/session.h"

#include <time.h>

static const char *protocol_name(const struct link_end *end)
{
	return end->protocol == CONF_LINK_SYSLOG ? "syslog" : "tcp";
}

static uint32_t duration_ms_of(const struct link_record *how)
{
	uint64_t ms = io_loop_now_ms(how->pool->loop) - how->began_ms;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static struct store_record record_of(const struct link_record *how)
{
	static const struct tls_facts none = { .version = "", .cipher = "", .group = "" };
	const struct tls_facts *t = how->tls ? tls_session_facts(how->tls) : &none;
	bool is_far = how->end->is_far;
	return (struct store_record){
		.ended_s = time(NULL),
		.leg = STORE_LEG_INTERNAL,
		.seal = how->tls ? STORE_SEAL_AUTHENTICATED : STORE_SEAL_NONE,
		.protocol = protocol_name(how->end),
		.edge = how->end->name,
		.address = how->address,
		.domain = "",
		.mx = "",
		.user = "",
		.software = "",
		.tls_version = t->version,
		.cipher = t->cipher,
		.group = t->group,
		.has_forward_secrecy = t->has_forward_secrecy,
		.policy = "",
		.result = "",
		.outcome = how->outcome,
		.error = how->error,
		.bytes_in = how->bytes_in,
		.bytes_out = how->bytes_out,
		.duration_ms = duration_ms_of(how),
		.messages = (uint32_t)how->datagrams,
		.backend_seal = is_far && how->target[0] ? STORE_SEAL_LOCAL : STORE_SEAL_NONE,
		.backend = is_far ? how->target : "",
	};
}

/* Who a near end has met is known to be one of these, or it would have met nobody. */
static const char *peer_of(const struct link_record *how)
{
	if (!how->tls)
		return "";
	return how->end->is_far ? tls_session_peer_names(how->tls) : how->end->peers;
}

void link_record(const struct link_record *how)
{
	const struct store_record r = record_of(how);
	struct store_recorder *recorder = how->pool->recorder;
	log_notice(how->session_id, "link ended", kv_str("leg", store_leg_name(r.leg)),
	           kv_str("protocol", r.protocol), kv_str("link", r.edge),
	           kv_str("client", r.address[0] ? r.address : "unix"), kv_str("to", how->target),
	           kv_str("peer", peer_of(how)), kv_str("seal", store_seal_name(r.seal)),
	           kv_str("tls", r.tls_version), kv_str("cipher", r.cipher),
	           kv_str("group", r.group), kv_int("datagrams", r.messages),
	           kv_str("outcome", r.outcome), kv_str("error", r.error),
	           kv_str("ended_by", how->ended_by ? how->ended_by : ""),
	           kv_int("bytes_in", (int64_t)r.bytes_in),
	           kv_int("bytes_out", (int64_t)r.bytes_out), kv_ms("seconds", r.duration_ms));
	if (recorder)
		recorder->session(recorder, &r);
}
