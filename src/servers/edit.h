/* Changes of a configuration file, line by line, and how a patch shows them. Pure. */
#ifndef SERVERS_EDIT_H
#define SERVERS_EDIT_H

#include "base/buf.h"

struct servers_edit {
	const char *path;
	unsigned line;  /* the first that is replaced, from 1; 0: lines are added at the end */
	unsigned lines; /* replaced; 0: text is put before `line` */
	const char
		*text; /* what stands there instead: whole lines, each with its end; "": nothing */
};

/*
 * A unified patch ("--- a/etc/postfix/main.cf"), three lines of context, for `patch -p1`; nothing
 * where there are no edits. Lines that hold a secret are none of the context (secret.h). Edits of one file, in any order; of those that touch the same lines the
 * first holds, those of a line behind the end are added there. path: with or without a leading "/".
 * 0 or -ENOMEM.
 */
[[nodiscard]] int servers_edit_patch(struct buf *out, const char *path, struct slice text,
                                     const struct servers_edit *edits, size_t count);

#endif
