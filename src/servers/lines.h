/*
 * Configurations of one setting a line: "name: value" (Cyrus), NAME="value" (Courier), "name value"
 * (ClamAV, Redis, OpenDKIM), with sections "[name]" (stunnel) or words that begin one (HAProxy).
 * Where a name may come again, all are there, in their order.
 */
#ifndef SERVERS_LINES_H
#define SERVERS_LINES_H

#include "servers/reader.h"

struct servers_lines_syntax {
	char assign;             /* between name and value; ' ': blanks */
	const char *comments;    /* what begins a comment, where a line begins */
	bool has_later_comments; /* "#" behind a blank begins one too */
	bool is_shell;           /* quotes, as a shell takes them away; "export" */
	bool has_brackets;       /* "[name]" begins a section of type "section" */
	bool has_empty_names;    /* a setting may have none */
	const char *sections;    /* " global defaults ": such a word begins one of its type */
	const char *include;     /* the name of a setting that names a file; NULL: none */
};

extern const struct servers_lines_syntax servers_lines_cyrus, servers_lines_courier,
	servers_lines_routes, servers_lines_words, servers_lines_redis, servers_lines_stunnel,
	servers_lines_haproxy;

/* Reads file into scope. 0 or a negative; faults are noted. */
[[nodiscard]] int servers_lines_read(struct servers *s, struct servers_scope *scope,
                                     const struct servers_file *file,
                                     const struct servers_lines_syntax *syntax);

#endif
