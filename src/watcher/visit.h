/*
 * A visit: one session at a public port, as a listener on a mirror of it hears it. It notes what an
 * edge would note of the same session (edge/record.c), as far as it crosses: who came, by which
 * ClientHello, how it was sealed, and each credential in clear. Lines may hold a password: of one,
 * only that it was there stays.
 */
#ifndef WATCHER_VISIT_H
#define WATCHER_VISIT_H

#include "conf/settings.h"
#include "store/record.h"
#include "watch/ear.h"
#include "watch/flow.h"

struct watcher_visit;

/* Both are copied from; recorder has to stay. NULL: no memory, the session is not heard. */
struct watcher_visit *watcher_visit_new(const struct conf_mirror *mirror,
                                        struct store_recorder *recorder,
                                        const struct watch_flow *flow);
struct watch_ear *watcher_visit_ear(struct watcher_visit *v);

/* Its end: the record is told, unless the client said nothing. Frees it. */
void watcher_visit_end(struct watch_ear *ear, const struct watch_flow *flow);

#endif
