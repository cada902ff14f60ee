/*
 * Configurations of words in blocks: "listen 443 ssl;" and "server { ... }" (nginx), "name = value"
 * and "frontend = { ... }" (hitch, rspamd). A block is a scope: its type is the first word, its
 * name the others. A statement is a setting: words with one blank between, quotes taken away.
 */
#ifndef SERVERS_BLOCKS_H
#define SERVERS_BLOCKS_H

#include "servers/reader.h"

enum {
	SERVERS_BLOCKS_DEPTH_MAX = 32, /* blocks inside each other */
	SERVERS_BLOCKS_VALUE_MAX = 64 * 1024,
};

struct servers_blocks_syntax {
	const char *include; /* "include"; NULL: there are none */
	const char *folder;  /* what names in includes are relative to: "/etc/nginx" */
	bool ends_with_line; /* a statement does, beside ";" */
	bool is_dump;        /* what patterns name is among the files that are there already */
	bool has_assignment; /* "=" and ":" between name and value */
	bool is_json; /* ":" between name and value, "," behind it; the outermost block has no type;
	               * what stands in "[" and "]" comes out as anything */
};

extern const struct servers_blocks_syntax servers_blocks_nginx, servers_blocks_hitch,
	servers_blocks_rspamd, servers_blocks_json;

/* Reads file into scope. What is over a limit or not understood is noted with servers_fault().
 * 0 or a negative. */
[[nodiscard]] int servers_blocks_read(struct servers *s, struct servers_scope *scope,
                                      const struct servers_file *file,
                                      const struct servers_blocks_syntax *syntax);

#endif
