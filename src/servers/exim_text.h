/*
 * Exim's configuration as text: logical lines, macros, .include and .ifdef, made into scopes. What
 * ${...} would expand to when mail comes is not known here: values keep it as it is written.
 *
 *	top                 main options ("hostlist relay_from_hosts" too: the word is of the name)
 *	macro               its settings are the macros, as they are defined at last
 *	transport, router, authenticator NAME
 *	acl NAME            below it one scope for each statement: type "accept", "require", ...;
 *its settings are the conditions, in their order, "!" kept: "encrypted" A boolean option has "true"
 *or "false", however it is written ("no_multi_domain").
 */
#ifndef SERVERS_EXIM_TEXT_H
#define SERVERS_EXIM_TEXT_H

#include "servers/reader.h"

enum { SERVERS_EXIM_CONDITIONS_MAX = 32 }; /* .ifdef inside each other */

/* Which library the binary was built with: it has other options, and macros that say so. */
enum servers_exim_library {
	SERVERS_EXIM_LIBRARY_UNKNOWN,
	SERVERS_EXIM_GNUTLS,
	SERVERS_EXIM_OPENSSL
};

/* Reads file into server's scopes. What is over a limit or not understood is noted with
 * servers_fault(). 0 or a negative. */
[[nodiscard]] int servers_exim_text(struct servers *s, struct servers_server *server,
                                    const struct servers_file *file,
                                    enum servers_exim_library library);

#endif
