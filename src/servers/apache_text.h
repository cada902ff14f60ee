/*
 * Apache's configuration as text. Sections are scopes: type without "<", name its argument. What
 * stands in IfModule, IfDefine, IfVersion, IfFile and If is as if it stood around it: IfModule
 * where such a module is loaded, IfDefine where such a name is defined, the others always. A name
 * of a directive that is asked for later has the case of Apache's manual, however it is written.
 */
#ifndef SERVERS_APACHE_TEXT_H
#define SERVERS_APACHE_TEXT_H

#include "servers/reader.h"

enum {
	APACHE_DEPTH_MAX = 32,
	APACHE_LINE_MAX = 64 * 1024,
};

/* Reads file into server's top. root: ServerRoot, as long as the file names none. 0 or a
 * negative; faults are noted. */
[[nodiscard]] int servers_apache_text(struct servers *s, struct servers_server *server,
                                      const struct servers_file *file, const char *root);

#endif
