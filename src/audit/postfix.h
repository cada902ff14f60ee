/* Between the files of Postfix' rules. */
#ifndef AUDIT_POSTFIX_H
#define AUDIT_POSTFIX_H

#include "audit/ruleset.h"

/* Where it connects to within the provider. 0 or -ENOMEM. */
[[nodiscard]] int audit_postfix_hops(struct audit *a, const struct servers_server *server);

/* A level that never goes out in clear. */
bool audit_postfix_is_sealed(const char *level);
/* In force for a client ("smtp", "lmtp"), the old settings counted: "none" where there is none. */
const char *audit_postfix_client_level(const struct servers_scope *scope, const char *client);

#endif
