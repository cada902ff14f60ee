/* Exim's macros: defined one by one, and replaced wherever their names occur. Pure. */
#ifndef SERVERS_EXIM_MACROS_H
#define SERVERS_EXIM_MACROS_H

#include "base/buf.h"

enum {
	EXIM_MACROS_MAX = 1024,
	EXIM_EXPANDED_MAX = 16 << 20, /* bytes, of all lines */
	EXIM_LINE_MAX = 256 * 1024,   /* of one line, expanded */
};

/* Outcomes. */
enum {
	EXIM_MACROS_MANY = 1, /* more than EXIM_MACROS_MAX */
	EXIM_MACROS_LONG,     /* more text than one of the others */
};

struct exim_macro {
	const char *name, *value; /* borrowed */
};

struct exim_macros {
	struct exim_macro all[EXIM_MACROS_MAX];
	size_t count;
	size_t expanded; /* bytes so far */
	struct buf work;
};

void exim_macros_deinit(struct exim_macros *m);

/* Defines it anew, in its old place, if it is known. 0 or EXIM_MACROS_MANY. */
[[nodiscard]] int exim_macros_define(struct exim_macros *m, const char *name, const char *value);

/*
 * Replaces in what stands in line behind `from`, in the order of definition, also in part of words;
 * what came out is looked at again for the macros behind. ret_found: one was there. 0,
 * EXIM_MACROS_LONG or -ENOMEM.
 */
[[nodiscard]] int exim_macros_replace(struct exim_macros *m, struct buf *line, size_t from,
                                      bool *ret_found);

#endif
