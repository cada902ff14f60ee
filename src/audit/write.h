/* How settings of each software are changed. */
#ifndef AUDIT_WRITE_H
#define AUDIT_WRITE_H

#include "audit/ruleset.h"

extern const struct audit_writer audit_write_postfix;
extern const struct audit_writer audit_write_dovecot;

#endif
