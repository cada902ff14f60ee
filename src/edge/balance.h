/* Which address of a backend a session tries first, and which next. Pure. */
#ifndef EDGE_BALANCE_H
#define EDGE_BALANCE_H

#include "conf/settings.h"

struct edge_candidate {
	const char *name; /* what tells it from others, on every node: as the settings have it */
	unsigned open;    /* sessions that are there */
	bool is_down;
	bool was_tried;
};

/*
 * key: CONF_BALANCE_SOURCE and _USER: whose sessions stay together (edge_balance_key() and
 *      _user_key()); CONF_BALANCE_LEAST: any number, which chooses among equals
 *
 * Returns the number of the next to try; count: all were tried. Those that are down come last, in
 * the same order among themselves. When one goes or comes, CONF_BALANCE_SOURCE and _USER move its
 * own clients and no others (rendezvous hashing).
 */
size_t edge_balance_pick(enum conf_balance how, uint64_t key, const struct edge_candidate *list,
                         size_t count);

/* The same on every node and after every start. */
uint64_t edge_balance_key(const void *bytes, size_t len);
uint64_t edge_balance_user_key(const char *user); /* in any case: servers know one mailbox */

#endif
