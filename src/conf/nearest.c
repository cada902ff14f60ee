#include "conf/nearest.h"

#include <stddef.h>
#include <string.h>

unsigned conf_edit_distance(const char *a, const char *b)
{
	enum { LEN_MAX = 64 };
	unsigned rows[3][LEN_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	if (a_len > LEN_MAX || b_len > LEN_MAX)
		return LEN_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3];
		const unsigned *before = rows[(i + 1) % 3]; /* two above */
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_len % 3][b_len];
}

void conf_nearest_try(struct conf_nearest *n, const char *candidate)
{
	unsigned distance = conf_edit_distance(n->text, candidate);
	size_t len = strlen(n->text);
	unsigned max = len < 4 ? 1 : len < 8 ? 2 : (unsigned)(len / 3);
	if (distance <= max && (!n->best || distance < n->distance)) {
		n->best = candidate;
		n->distance = distance;
	}
}
