/*
 * Children that hold connections, as one process may not have descriptors enough. Each tells the
 * parent when its own are up, holds them until it is told to stop, and tells how many are still
 * there.
 */
#ifndef LOAD_FLEET_H
#define LOAD_FLEET_H

#include "load/load.h"

struct fleet {
	int tell[2], stop[2]; /* pipes: words of the children, a byte for each to stop */
	int count;
};

/* -N connections in all; 0, or -1 (said why). */
int fleet_start(struct fleet *f, struct load *l);

/* Waits for a word of each: after the start, and after the stop. Returns how many connections are
 * up; their errors are those of l then. */
uint64_t fleet_hear(const struct fleet *f, struct load *l);

void fleet_stop(const struct fleet *f);

#endif
