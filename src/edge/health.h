/* Whether an address of a backend is well, from the looks at it. Pure. */
#ifndef EDGE_HEALTH_H
#define EDGE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum edge_health_state { EDGE_HEALTH_UNKNOWN, EDGE_HEALTH_UP, EDGE_HEALTH_DOWN };

enum { EDGE_HEALTH_FAILURES = 2 }; /* in a row: it is down. One answer: it is up */

struct edge_health {
	enum edge_health_state state;
	unsigned failures; /* in a row */
};

void edge_health_note(struct edge_health *h, bool is_well);

/* How long until the next look: after a failure soon, then later and later, up to interval_ms. */
uint32_t edge_health_wait_ms(const struct edge_health *h, uint32_t interval_ms);

#endif
