/*
 * The lines of main.cf and master.cf (postconf(5), master(5)): a line that begins with a blank
 * continues the one before it, comments may stand between. Pure.
 */
#ifndef SERVERS_POSTFIX_CF_H
#define SERVERS_POSTFIX_CF_H

#include "base/buf.h"

struct servers_postfix_cf {
	struct slice text; /* what is not read yet; borrowed */
	unsigned line;     /* its first line, from 1. Start with 1 */
};

struct servers_postfix_cf_line {
	struct slice text; /* as it stands, with line ends and comments between */
	unsigned line;     /* its first */
	unsigned lines;    /* up to its last continuation */
};

/* False: there is none any more. What stands before the first line that begins without a blank is
 * passed over. */
bool servers_postfix_cf_next(struct servers_postfix_cf *cf,
                             struct servers_postfix_cf_line *ret_line);

/*
 * "name = value" of main.cf and of map files. value: continuations joined by one space each,
 * appended to ret_value. False: it is no such line (no "="), or there is no memory for it.
 */
bool servers_postfix_cf_setting(const struct servers_postfix_cf_line *line, struct slice *ret_name,
                                struct buf *ret_value);

/* A word of a line of master.cf; what stands in braces is one, without them. */
struct servers_postfix_cf_word {
	struct slice text; /* may hold line ends if in braces */
	unsigned line;
	unsigned lines;
};

/* The next word; rest is what is left (start: the line). False: no more. */
bool servers_postfix_cf_word_next(struct servers_postfix_cf_line *rest,
                                  struct servers_postfix_cf_word *ret_word);

/* $name, ${name}, ${name?text}, ${name:text}, ${{a} == {b} ? {c} : {d}} as postconf(5) has them. */
struct servers_postfix_cf_names {
	/* The value of a name as it is written; NULL: it has none. */
	const char *(*look)(void *owner, struct slice name);
	void *owner;
};

enum { SERVERS_POSTFIX_CF_VALUE_MAX = 64 * 1024 }; /* bytes; what is longer is cut */

/* Appends. 0 or -ENOMEM. */
[[nodiscard]] int servers_postfix_cf_expand(struct buf *out, struct slice value,
                                            const struct servers_postfix_cf_names *names);

#endif
