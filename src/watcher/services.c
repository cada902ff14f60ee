#include "watcher/services.h"

#include "base/hash.h"

enum { PLACES = 8 }; /* that are looked at for one */

static uint64_t hash_of(const struct watcher_services *s, const struct watch_flow *f)
{
	uint64_t hash = hash_bytes(HASH_START, &s->seed, sizeof(s->seed));
	hash = hash_bytes(hash, &f->server, sizeof(f->server));
	hash = hash_bytes(hash, &f->server_port, sizeof(f->server_port));
	hash = hash_name(hash, f->protocol);
	hash = hash_byte(hash, (uint8_t)f->verdict);
	return hash ? hash : 1;
}

void watcher_services_note(struct watcher_services *s, const struct watch_flow *flow)
{
	uint64_t hash = hash_of(s, flow);
	size_t first = hash_place(hash, WATCHER_SERVICES_MAX);
	struct watcher_service *oldest = NULL;
	for (size_t i = 0; i < PLACES; i++) {
		struct watcher_service *at = &s->list[(first + i) % WATCHER_SERVICES_MAX];
		if (at->hash == hash) {
			at->last_s = flow->last_s;
			return;
		}
		if (!oldest || at->last_s < oldest->last_s)
			oldest = at;
	}
	*oldest = (struct watcher_service){ hash, flow->last_s, flow->verdict };
}

void watcher_services_count(const struct watcher_services *s, int64_t now_s,
                            uint64_t ret_counts[WATCH_VERDICT_COUNT])
{
	memset(ret_counts, 0, WATCH_VERDICT_COUNT * sizeof(*ret_counts));
	for (size_t i = 0; i < WATCHER_SERVICES_MAX; i++)
		if (s->list[i].hash && now_s - s->list[i].last_s <= WATCHER_SERVICES_S)
			ret_counts[s->list[i].verdict]++;
}
