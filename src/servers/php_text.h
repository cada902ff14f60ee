/*
 * The part of PHP (and of Perl) that configurations are made of: `$config['name'] = literal;` and
 * `$name = literal;`. Literals are strings, numbers, words and arrays of them. An array inside
 * gives names with "/" between: imap_conn_options/ssl/verify_peer; what has no key is numbered.
 * Anything else is passed over: a value that is computed is not known, and its setting is not
 * there.
 */
#ifndef SERVERS_PHP_TEXT_H
#define SERVERS_PHP_TEXT_H

#include "servers/reader.h"

enum { PHP_DEPTH_MAX = 8, PHP_NAME_MAX = 256, PHP_VALUE_MAX = 16 * 1024 };

/* Reads file into scope. array: "config" for $config['name']; NULL: $name itself (Perl). 0 or a
 * negative. */
[[nodiscard]] int servers_php_read(struct servers *s, struct servers_scope *scope,
                                   const struct servers_file *file, const char *array);

#endif
