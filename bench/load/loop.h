/*
 * The one thread's work: what connections have to do when their sockets are ready, as the mode has
 * it.
 */
#ifndef LOAD_LOOP_H
#define LOAD_LOOP_H

#include "load/connection.h"

struct loop_work {
	/* The dialogue is through; something may have come since. Done or failed: it is closed. */
	enum progress (*go_on)(struct connection *c);
	/* It is closed, and may be opened again here. May be NULL. */
	void (*closed)(struct connection *c);
};

/* One connection, as far as it goes now. May be closed already. */
void loop_drive(struct connection *c);

/* All that are ready, or become so within the time. */
void loop_poll(struct load *l, uint64_t wait_ns);

/* Opens --concurrency connections and waits until all are up; 0, or -1 (an error, counted). */
int loop_open_all(struct load *l);

/* Opens so many beside the loop, lets each have its dialogue and closes it; none lasts longer than
 * the limit. */
int loop_talk_once(struct load *l, int count, uint64_t limit_ns);

/* Every connection of --concurrency, once: what began to wait for a stage that has come. */
void loop_drive_all(struct load *l);

#endif
