/*
 * A flow between two of our own hosts, as a record of the leg "internal". What nobody can judge is
 * none: a record says sealed or plain. Of datagrams that follow each other the first of a minute
 * counts.
 */
#ifndef WATCHER_INSIDE_H
#define WATCHER_INSIDE_H

#include "conf/settings.h"
#include "store/record.h"
#include "watch/ear.h"
#include "watch/flow.h"

enum { WATCHER_INSIDE_SLOTS = 8192 };

/* Starts as {}; seed is random, settings and recorder have to stay. */
struct watcher_inside {
	const struct conf_watch *settings;
	struct store_recorder *recorder;
	enum watch_wire wire; /* of the interface */
	uint64_t seed;
	uint64_t minutes[WATCHER_INSIDE_SLOTS]; /* of exchanges of datagrams: hashes */
};

/* Between two networks of ours, and not ignored? */
bool watcher_inside_is(const struct watcher_inside *in, const struct watch_flow *flow);

/* What is to be told of it goes to the recorder. */
void watcher_inside_tell(struct watcher_inside *in, const struct watch_flow *flow,
                         enum watch_news news);

#endif
