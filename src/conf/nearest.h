/* What was meant by a name that is not there. Pure. */
#ifndef CONF_NEAREST_H
#define CONF_NEAREST_H

/* The candidate that is most like text, or NULL when none is near. For "did you mean". */
struct conf_nearest {
	const char *text;
	const char *best;
	unsigned distance;
};

void conf_nearest_try(struct conf_nearest *n, const char *candidate);

/* Insertions, deletions, changes and swaps of neighbours to get from a to b. */
unsigned conf_edit_distance(const char *a, const char *b);

#endif
