/*
 * How many services were seen in the last day, by verdict, for metrics. Bounded: when there are too
 * many, the one that was seen longest ago gives way. Pure.
 */
#ifndef WATCHER_SERVICES_H
#define WATCHER_SERVICES_H

#include "watch/flow.h"

enum { WATCHER_SERVICES_MAX = 8192, WATCHER_SERVICES_S = 24 * 3600 };

struct watcher_service {
	uint64_t hash; /* of server, port, protocol and verdict; 0: nobody's */
	int64_t last_s;
	enum watch_verdict verdict;
};

/* Starts as {}; seed is random. */
struct watcher_services {
	uint64_t seed;
	struct watcher_service list[WATCHER_SERVICES_MAX];
};

void watcher_services_note(struct watcher_services *s, const struct watch_flow *flow);
void watcher_services_count(const struct watcher_services *s, int64_t now_s,
                            uint64_t ret_counts[WATCH_VERDICT_COUNT]);

#endif
