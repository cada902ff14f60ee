#include "watcher/flows.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "watcher/inside.h"
#include "watcher/mirrors.h"
#include "watcher/services.h"
#include "watcher/visit.h"

#include <errno.h>
#include <sys/random.h>

enum { LOGGED_SLOTS = 4096 }; /* credentials whose line stands in the log */

struct watcher_flows {
	struct watch_listener listener; /* first: the callbacks get back to us by it */
	struct store_recorder recorder; /* of those below: it counts, and hands on */
	struct store_recorder *to;
	enum watch_wire found; /* of the interface, as the kernel says */
	struct watcher_mirrors mirrors;
	struct watcher_inside inside;
	struct watcher_services services;
	uint64_t seed;
	uint64_t logged[LOGGED_SLOTS];
	uint64_t sessions, passwords;
};

/* --- what is told --- */

static struct watcher_flows *flows_of(struct store_recorder *r)
{
	return (struct watcher_flows *)((char *)r - offsetof(struct watcher_flows, recorder));
}

static void on_session(struct store_recorder *r, const struct store_record *record)
{
	struct watcher_flows *flows = flows_of(r);
	flows->sessions++;
	flows->to->session(flows->to, record);
}

static void on_hello(struct store_recorder *r, const struct store_hello *hello)
{
	struct watcher_flows *flows = flows_of(r);
	flows->to->hello(flows->to, hello);
}

static bool is_logged(struct watcher_flows *flows, const struct store_exposure *e)
{
	const char *const texts[] = { e->protocol, e->edge, e->address, e->user, e->mechanism };
	uint64_t hash = hash_bytes(HASH_START, &flows->seed, sizeof(flows->seed));
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		hash = hash_byte(hash_name(hash, texts[i]), 0);
	hash = hash_byte(hash, e->password_sent);
	uint64_t *slot = &flows->logged[hash_place(hash, LOGGED_SLOTS)];
	if (*slot == hash)
		return true;
	*slot = hash;
	return false;
}

/* The log has each once: who comes every minute with a password would fill it. */
static void on_exposure(struct store_recorder *r, const struct store_exposure *e)
{
	struct watcher_flows *flows = flows_of(r);
	flows->passwords += e->password_sent;
	if (!is_logged(flows, e))
		log_warn(NULL, "credential in clear", kv_str("protocol", e->protocol),
		         kv_str("server", e->edge), kv_str("client", e->address),
		         kv_str("user", e->user), kv_str("mechanism", e->mechanism),
		         kv_bool("password_sent", e->password_sent));
	flows->to->exposure(flows->to, e);
}

/* --- flows --- */

/* NULL: its server is no public port of ours. */
static const struct conf_mirror *mirror_of(const struct watcher_flows *flows,
                                           const struct watch_flow *f)
{
	return f->transport == WATCH_IP_TCP
	               ? watcher_mirrors_find(&flows->mirrors, &f->server, f->server_port)
	               : NULL;
}

static struct watch_ear *on_begin(struct watch_listener *l, const struct watch_flow *f)
{
	struct watcher_flows *flows = (struct watcher_flows *)l;
	const struct conf_mirror *mirror = mirror_of(flows, f);
	struct watcher_visit *visit =
		mirror ? watcher_visit_new(mirror, &flows->recorder, f) : NULL;
	return visit ? watcher_visit_ear(visit) : NULL;
}

static void on_news(struct watch_listener *l, const struct watch_flow *f, enum watch_news news)
{
	struct watcher_flows *flows = (struct watcher_flows *)l;
	if (news != WATCH_NEWS_SECRET && f->protocol)
		watcher_services_note(&flows->services, f);
	if (f->talk.ear && news == WATCH_NEWS_END)
		watcher_visit_end(f->talk.ear, f);
	else if (!f->talk.ear && watcher_inside_is(&flows->inside, f) && !mirror_of(flows, f))
		watcher_inside_tell(&flows->inside, f, news);
}

/* --- */

static enum watch_wire wire_of(const struct watcher_flows *flows, enum conf_wire wire)
{
	switch (wire) {
	case CONF_WIRE_NETWORK:
		return WATCH_NETWORK;
	case CONF_WIRE_LOCAL:
		return WATCH_LOCAL;
	case CONF_WIRE_INSIDE_TUNNEL:
		return WATCH_INSIDE;
	case CONF_WIRE_AUTO:
		break;
	}
	return flows->found;
}

int watcher_flows_configure(struct watcher_flows *flows, const struct conf_settings *settings)
{
	struct watcher_mirrors mirrors;
	int r = watcher_mirrors_make(&mirrors, settings);
	if (r)
		return err_up(r);
	watcher_mirrors_deinit(&flows->mirrors);
	flows->mirrors = mirrors;
	flows->inside.settings = &settings->watch;
	flows->inside.wire = wire_of(flows, settings->watch.wire);
	return 0;
}

int watcher_flows_new(struct watcher_flows **ret_flows, struct store_recorder *recorder,
                      enum watch_wire wire)
{
	struct watcher_flows *flows = calloc(1, sizeof(*flows));
	if (!flows)
		return err_raise(-ENOMEM);
	flows->listener = (struct watch_listener){ .begin = on_begin, .tell = on_news };
	flows->recorder = (struct store_recorder){ .session = on_session,
		                                   .hello = on_hello,
		                                   .exposure = on_exposure };
	flows->to = recorder;
	flows->found = wire;
	flows->inside.recorder = &flows->recorder;
	if (getrandom(&flows->seed, sizeof(flows->seed), 0) != sizeof(flows->seed)) {
		free(flows);
		return err_raise(-EIO);
	}
	flows->inside.seed = flows->services.seed = flows->seed;
	*ret_flows = flows;
	return 0;
}

void watcher_flows_free(struct watcher_flows *flows)
{
	if (!flows)
		return;
	watcher_mirrors_deinit(&flows->mirrors);
	free(flows);
}

struct watch_listener *watcher_flows_listener(struct watcher_flows *flows)
{
	return &flows->listener;
}

void watcher_flows_count(const struct watcher_flows *flows, int64_t now_s,
                         struct watcher_flow_counts *ret_counts)
{
	ret_counts->sessions = flows->sessions;
	ret_counts->passwords = flows->passwords;
	watcher_services_count(&flows->services, now_s, ret_counts->services);
}
