/* Exim's macros: defined one by one, and replaced wherever their names occur. Pure. */
#ifndef SERVERS_EXIM_MACROS_H
#define SERVERS_EXIM_MACROS_H

#include "base/buf.h"

enum {
	SERVERS_EXIM_MACROS_MAX = 1024,
	SERVERS_EXIM_EXPANDED_MAX = 16 << 20, /* bytes, of all lines */
	SERVERS_EXIM_LINE_MAX = 256 * 1024,   /* of one line, expanded */
};

/* Outcomes. */
enum {
	SERVERS_EXIM_MACROS_MANY = 1, /* more than SERVERS_EXIM_MACROS_MAX */
	SERVERS_EXIM_MACROS_LONG,     /* more text than one of the others */
};

struct servers_exim_macro {
	const char *name, *value; /* borrowed */
};

struct servers_exim_macros {
	struct servers_exim_macro all[SERVERS_EXIM_MACROS_MAX];
	size_t count;
	size_t expanded; /* bytes so far */
	struct buf work;
};

void servers_exim_macros_deinit(struct servers_exim_macros *m);

/* Defines it anew, in its old place, if it is known. 0 or SERVERS_EXIM_MACROS_MANY. */
[[nodiscard]] int servers_exim_macros_define(struct servers_exim_macros *m, const char *name,
                                             const char *value);

/*
 * Replaces in what stands in line behind `from`, in the order of definition, also in part of words;
 * what came out is looked at again for the macros behind. ret_found: one was there. 0,
 * SERVERS_EXIM_MACROS_LONG or -ENOMEM.
 */
[[nodiscard]] int servers_exim_macros_replace(struct servers_exim_macros *m, struct buf *line,
                                              size_t from, bool *ret_found);

#endif
