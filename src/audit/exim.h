/* What the two files of Exim's rules share. */
#ifndef AUDIT_EXIM_H
#define AUDIT_EXIM_H

#include "audit/ruleset.h"

#define MAN "Exim specification, "

/* Fills mend and edit of a finding whose setting, of at->scope, is to become right. 0 or -ENOMEM.
 */
[[nodiscard]] int audit_exim_mend(const struct audit_at *at, struct audit_finding *f);

/* 0 or -ENOMEM. */
[[nodiscard]] int audit_exim_hops(struct audit *a, const struct servers_server *server);

#endif
