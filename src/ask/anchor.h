/*
 * The root's keys as a file that libunbound keeps up to date (RFC 5011): begun as a copy of what
 * the operator trusts. Another beginning gets another file, so that a changed setting counts.
 */
#ifndef ASK_ANCHOR_H
#define ASK_ANCHOR_H

#include <limits.h>
#include <stdbool.h>

/* What libunbound is given. */
struct anchor {
	char path[PATH_MAX + 32];
	bool is_kept; /* up to date; else it is read as it is */
};

struct anchor_settings {
	const char *folder; /* where it is kept, ours to write */
	const char *seed;   /* a file of DS or DNSKEY records */
	bool has_room;      /* false: the seed is taken, from memory, for a box comes between */
};

/* 0, or a negative, which was logged: the seed cannot be read, the copy not be written. */
[[nodiscard]] int anchor_keep(struct anchor *ret_anchor, const struct anchor_settings *set);

#endif
