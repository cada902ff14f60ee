/* Between the files of Dovecot's rules. */
#ifndef AUDIT_DOVECOT_H
#define AUDIT_DOVECOT_H

#include "audit/ruleset.h"

/* Where it connects to, and what listens for other hosts of the provider. 0 or -ENOMEM. */
[[nodiscard]] int audit_dovecot_hops(struct audit *a, const struct servers_server *server);

/* A word of the list is a network that is not this host alone. */
bool audit_dovecot_is_remote(const char *networks);

#endif
