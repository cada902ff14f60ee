#include "watcher/inside.h"

#include "base/hash.h"
#include "conf/network.h"
#include "watcher/facts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SERVICE_CAP = WATCH_ADDRESS_CAP + 8 };

static bool is_ours(const struct conf_watch *w, const struct watch_address *address)
{
	bool is_v4 = watch_address_is_v4(address);
	return conf_networks_are_ours(w->internal, w->internal_count,
	                              address->bytes + (is_v4 ? 12 : 0), !is_v4);
}

static bool is_ignored(const struct conf_watch *w, const char *protocol)
{
	for (size_t i = 0; i < w->ignored_count; i++)
		if (!strcmp(w->ignored[i], protocol))
			return true;
	return false;
}

bool watcher_inside_is(const struct watcher_inside *in, const struct watch_flow *flow)
{
	const struct conf_watch *w = in->settings;
	return flow->protocol && !is_ignored(w, flow->protocol) && is_ours(w, &flow->client) &&
	       is_ours(w, &flow->server);
}

/* "10.0.0.5:6379"; it is the record's edge. */
static void service_print(const struct watch_flow *f, char ret_text[SERVICE_CAP])
{
	char address[WATCH_ADDRESS_CAP];
	watch_address_print(&f->server, address);
	if (!f->server_port)
		snprintf(ret_text, SERVICE_CAP, "%s", address);
	else
		snprintf(ret_text, SERVICE_CAP,
		         watch_address_is_v4(&f->server) ? "%s:%u" : "[%s]:%u", address,
		         f->server_port);
}

static enum watch_wire wire_of(const struct watcher_inside *in, const struct watch_flow *f)
{
	bool is_passed = f->is_passed && in->settings->wire == CONF_WIRE_AUTO;
	return watch_flow_is_local(f) ? WATCH_LOCAL : watch_wire_of(in->wire, is_passed);
}

/* What was in clear, over which wire. */
static enum store_seal plain_seal(enum watch_wire wire)
{
	switch (wire) {
	case WATCH_LOCAL:
		return STORE_SEAL_LOCAL;
	case WATCH_INSIDE:
		return STORE_SEAL_SEALED;
	case WATCH_NETWORK:
	case WATCH_WIRE_COUNT:
		break;
	}
	return STORE_SEAL_PLAIN;
}

/* NONE: it says nothing of a seal. */
static enum store_seal seal_of(const struct watcher_inside *in, const struct watch_flow *f,
                               const struct watcher_facts *facts)
{
	switch (f->verdict) {
	case WATCH_TUNNEL:
		return STORE_SEAL_SEALED;
	case WATCH_TLS:
	case WATCH_STARTTLS:
		return facts->is_legacy ? STORE_SEAL_LEGACY : STORE_SEAL_SEALED;
	case WATCH_PLAIN:
	case WATCH_NOT_USED:
	case WATCH_PASSWORD:
		return plain_seal(wire_of(in, f));
	case WATCH_NOTHING:
	case WATCH_HIGH_ENTROPY:
	case WATCH_MIDSTREAM:
	case WATCH_UNKNOWN:
	case WATCH_VERDICT_COUNT:
		break;
	}
	return STORE_SEAL_NONE;
}

/* A question of DNS is a flow of its own. */
static bool is_repeated(struct watcher_inside *in, const struct watch_flow *f)
{
	int64_t minute = f->last_s / 60;
	uint64_t hash = hash_bytes(HASH_START, &in->seed, sizeof(in->seed));
	hash = hash_bytes(hash, &f->client, sizeof(f->client));
	hash = hash_bytes(hash, &f->server, sizeof(f->server));
	hash = hash_bytes(hash, &f->server_port, sizeof(f->server_port));
	hash = hash_byte(hash, (uint8_t)f->verdict);
	uint64_t *slot = &in->minutes[hash_place(hash, WATCHER_INSIDE_SLOTS)];
	hash = hash_bytes(hash, &minute, sizeof(minute));
	if (*slot == hash)
		return true;
	*slot = hash;
	return false;
}

/* A connection that was told while it was open is not told again. */
static bool is_wanted(struct watcher_inside *in, const struct watch_flow *f, enum watch_news news)
{
	if (news == WATCH_NEWS_END && f->is_open_told)
		return false;
	return f->transport == WATCH_IP_TCP || !is_repeated(in, f);
}

static void session_tell(struct watcher_inside *in, const struct watch_flow *f,
                         enum watch_news news)
{
	char service[SERVICE_CAP], client[WATCH_ADDRESS_CAP];
	struct watcher_facts facts;
	watcher_facts_make(&facts, &f->tls, STORE_LEG_INTERNAL);
	enum store_seal seal = seal_of(in, f, &facts);
	if (seal == STORE_SEAL_NONE || !is_wanted(in, f, news))
		return;
	service_print(f, service);
	watch_address_print(&f->client, client);
	in->recorder->session(in->recorder,
	                      &(struct store_record){
				      .ended_s = time(NULL),
				      .leg = STORE_LEG_INTERNAL,
				      .seal = seal,
				      .protocol = f->protocol,
				      .edge = service,
				      .address = client,
				      .domain = "",
				      .mx = "",
				      .user = f->talk.user,
				      .software = "",
				      .tls_version = facts.version,
				      .cipher = facts.cipher,
				      .group = facts.group,
				      .has_forward_secrecy = facts.has_forward_secrecy,
				      .policy = "",
				      .result = "",
				      .outcome = news == WATCH_NEWS_OPEN ? "open" : "ok",
				      .error = "",
				      .bytes_in = f->bytes,
				      .backend = "",
			      });
}

/* Who can read a network has it. On this host alone, or in a tunnel, nobody can. */
static void secret_tell(struct watcher_inside *in, const struct watch_flow *f)
{
	char service[SERVICE_CAP], client[WATCH_ADDRESS_CAP];
	if (f->talk.secret < WATCH_SECRET_TOKEN || wire_of(in, f) != WATCH_NETWORK)
		return;
	service_print(f, service);
	watch_address_print(&f->client, client);
	in->recorder->exposure(in->recorder, &(struct store_exposure){
						     .at_s = time(NULL),
						     .protocol = f->protocol,
						     .edge = service,
						     .address = client,
						     .user = f->talk.user,
						     .mechanism = f->talk.mechanism,
						     .password_sent = true,
					     });
}

void watcher_inside_tell(struct watcher_inside *in, const struct watch_flow *flow,
                         enum watch_news news)
{
	if (news == WATCH_NEWS_SECRET)
		secret_tell(in, flow);
	else
		session_tell(in, flow, news);
}
