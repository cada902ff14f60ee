/*
 * Postfix as scopes, beside setting.h: each service of master.cf also has settings that say what
 * stands there, "master/command" ("smtpd"), "master/chroot" ("y"), "master/args" (without the -o);
 * each map has "map/type" ("ldap", "mysql", "pgsql"), and its passwords are left out. The texts of
 * tables that transport_maps and the TLS policy maps name are scopes of type "table": patterns are
 * names, results values.
 */
#ifndef SERVERS_POSTFIX_H
#define SERVERS_POSTFIX_H

/*
 * The defaults that matter here of a version, as `postconf -d` writes them; version NULL: as of the
 * newest that is known. For where the program is not there to tell.
 */
const char *servers_postfix_defaults(const char *version);

#endif
