/*
 * Dovecot as scopes, beside setting.h. 2.3 and 2.4 keep their own names of settings; but what 2.4
 * lets one write in two ways is one here: settings of nameless blocks (ssl_server { cert_file })
 * are those of the scope around (ssl_server_cert_file), and in a block of a name ("passdb sql")
 * their short form stands (driver for passdb_driver). Files that args= or connect= name (SQL, LDAP,
 * dict) are scopes of type "external", their name the path; passwords in them are left out.
 */
#ifndef SERVERS_DOVECOT_H
#define SERVERS_DOVECOT_H

#include "servers/servers.h"

/* It speaks the language of 2.4: dovecot_config_version is there. */
bool servers_dovecot_is_24(const struct servers_server *server);

/* The defaults that matter here, as lines of dovecot.conf. */
const char *servers_dovecot_defaults(bool is_24);

/* protocols has it: "imap", "sieve". */
bool servers_dovecot_has_protocol(const struct servers_server *server, const char *protocol);

#endif
