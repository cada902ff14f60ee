#include "edge/line.h"

#include <string.h>

static bool is_same(const struct edge_limits_key *a, const struct edge_limits_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool edge_line_join(struct edge_line *line, struct edge_line_item *item)
{
	struct edge_line_item **at = &line->first;
	size_t all = 0, his = 0;
	for (; *at; at = &(*at)->next) {
		all++;
		his += is_same(&(*at)->who, &item->who);
	}
	if (all >= EDGE_LINE_MAX || his >= EDGE_LINE_EACH_MAX)
		return false;
	item->next = NULL;
	*at = item;
	return true;
}

void edge_line_jump(struct edge_line *line, struct edge_line_item *item)
{
	item->next = line->first;
	line->first = item;
}

void edge_line_leave(struct edge_line *line, struct edge_line_item *item)
{
	struct edge_line_item **at = &line->first;
	while (*at && *at != item)
		at = &(*at)->next;
	if (*at)
		*at = item->next;
}

static size_t places_of(const struct edge_limits_key *who, const struct edge_limits_key *taken,
                        size_t count)
{
	size_t his = 0;
	for (size_t i = 0; i < count; i++)
		his += is_same(&taken[i], who);
	return his;
}

struct edge_line_item *edge_line_next(const struct edge_line *line,
                                      const struct edge_limits_key *taken, size_t count)
{
	struct edge_line_item *found = NULL;
	size_t fewest = EDGE_LINE_AT_ONCE;
	for (struct edge_line_item *i = line->first; i && fewest; i = i->next) {
		size_t his = places_of(&i->who, taken, count);
		if (his >= fewest)
			continue;
		fewest = his;
		found = i;
	}
	return found;
}
