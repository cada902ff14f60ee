/*
 * Who waits for one of a few places, in a line that no address fills: next is, of those whose
 * address has fewest places now, who came first. Pure; the items are the caller's.
 */
#ifndef EDGE_LINE_H
#define EDGE_LINE_H

#include "edge/limits.h"

#include <stdbool.h>

enum {
	EDGE_LINE_MAX = 1000,     /* who wait */
	EDGE_LINE_EACH_MAX = 100, /* of these, of one address */
	EDGE_LINE_AT_ONCE = 2,    /* places that one address may have */
};

struct edge_line_item {
	struct edge_line_item *next;
	struct edge_limits_key who;
};

/* All zero is fine, and empty. */
struct edge_line {
	struct edge_line_item *first;
};

/* Behind all others; item->who is set. False: the line is full, or has too many of him already. */
[[nodiscard]] bool edge_line_join(struct edge_line *line, struct edge_line_item *item);
/* In front of all others, whatever the limits. */
void edge_line_jump(struct edge_line *line, struct edge_line_item *item);
/* Nothing, where it is not in the line. */
void edge_line_leave(struct edge_line *line, struct edge_line_item *item);

/*
 * Whose turn is next; he stays in the line. NULL: nobody's, for all who wait have as many places as
 * they may.
 *
 * taken: who have the places that are taken
 */
struct edge_line_item *edge_line_next(const struct edge_line *line,
                                      const struct edge_limits_key *taken, size_t count);

#endif
