/* Between the files of Dovecot's reader. */
#ifndef SERVERS_DOVECOT_INSIDE_H
#define SERVERS_DOVECOT_INSIDE_H

#include "servers/dovecot_conf.h"
#include "servers/servers.h"

/* Far more than anybody writes: a tree of somebody else's cannot keep us busy. */
enum {
	SERVERS_DOVECOT_VALUE_MAX = 64 * 1024, /* bytes */
	SERVERS_DOVECOT_SETTINGS_MAX = 10 * 1000,
	SERVERS_DOVECOT_BLOCKS_MAX = 5000,
};

struct servers_dovecot_reading {
	struct servers *s;
	struct servers_server *server;
	struct servers_scope *scope; /* that is being filled */
	const char *path;            /* of the file; NULL: defaults, or what a program said */
	const char *prefix;          /* of names, in a block that only groups; "" else */
	int depth, nest;             /* of files, of blocks */
	size_t settings_before, scopes_before; /* that others had read */
	unsigned includes;                     /* files read, also those read again */
};

/* Fills the scope from lines of dovecot.conf. 0 or a negative. */
[[nodiscard]] int servers_dovecot_text_read(struct servers_dovecot_reading *r, struct slice text);
/* 0, an outcome of servers_open(), or a negative. */
[[nodiscard]] int servers_dovecot_file_read(struct servers_dovecot_reading *r, const char *path);

/* When all files are read. */
[[nodiscard]] int servers_dovecot_externals_read(struct servers_dovecot_reading *r);
[[nodiscard]] int servers_dovecot_listeners_add(struct servers_dovecot_reading *r);
[[nodiscard]] int servers_dovecot_certificates_add(struct servers_dovecot_reading *r);

#endif
