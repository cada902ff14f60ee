/*
 * Configurations of one setting a line: "name: value" (Cyrus), NAME="value" (Courier), "name value"
 * (ClamAV, Redis, OpenDKIM), with sections "[name]" (stunnel) or words that begin one (HAProxy).
 * Where a name may come again, all are there, in their order.
 */
#ifndef SERVERS_LINES_H
#define SERVERS_LINES_H

#include "servers/reader.h"

struct lines_syntax {
	char assign;             /* between name and value; ' ': blanks */
	const char *comments;    /* what begins a comment, where a line begins */
	bool has_later_comments; /* "#" behind a blank begins one too */
	bool is_shell;           /* quotes, as a shell takes them away; "export" */
	bool has_brackets;       /* "[name]" begins a section of type "section" */
	bool has_empty_names;    /* a setting may have none */
	const char *sections;    /* " global defaults ": such a word begins one of its type */
	const char *include;     /* the name of a setting that names a file; NULL: none */
};

extern const struct lines_syntax lines_cyrus, lines_courier, lines_routes, lines_words, lines_redis,
	lines_stunnel, lines_haproxy;

/* Reads file into scope. 0 or a negative; faults are noted. */
[[nodiscard]] int servers_lines_read(struct servers *s, struct servers_scope *scope,
                                     const struct servers_file *file,
                                     const struct lines_syntax *syntax);

#endif
