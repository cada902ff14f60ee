/* What audits of web servers have in common. */
#ifndef AUDIT_WEB_H
#define AUDIT_WEB_H

#include "audit/ruleset.h"

/* The value of a header's line: its name is in it, and max-age is a year or more (RFC 6797 6.1). */
bool audit_is_hsts(const char *value);

/* It has a listener for HTTP in TLS. */
bool audit_web_serves_tls(const struct servers_server *server);

/* For findings that are made by hand and mended as those of rows are. */
extern const struct audit_row audit_web_row;

#endif
