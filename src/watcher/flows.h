/*
 * What becomes of each flow that is seen: at a public port that is mirrored a visit, between our
 * own hosts a record of the internal leg, else a number. Knows no capture and no process.
 */
#ifndef WATCHER_FLOWS_H
#define WATCHER_FLOWS_H

#include "conf/settings.h"
#include "store/record.h"
#include "watch/ear.h"
#include "watch/verdict.h"

struct watcher_flows;

/* recorder has to stay; wire: of the interface. 0 or -ENOMEM. */
[[nodiscard]] int watcher_flows_new(struct watcher_flows **ret_flows,
                                    struct store_recorder *recorder, enum watch_wire wire);
void watcher_flows_free(struct watcher_flows *flows);

/* Other settings, from now on; they have to stay until the next. Before the first flow. 0 or
 * -ENOMEM: then those before stay in force. */
[[nodiscard]] int watcher_flows_configure(struct watcher_flows *flows,
                                          const struct conf_settings *settings);

struct watch_listener *watcher_flows_listener(struct watcher_flows *flows);

struct watcher_flow_counts {
	uint64_t sessions;  /* that were told */
	uint64_t passwords; /* that crossed in clear */
	uint64_t services[WATCH_VERDICT_COUNT];
};
void watcher_flows_count(const struct watcher_flows *flows, int64_t now_s,
                         struct watcher_flow_counts *ret_counts);

#endif
