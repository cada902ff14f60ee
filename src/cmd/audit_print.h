/* What `mailseal audit` found, for people and for programs. */
#ifndef CMD_AUDIT_PRINT_H
#define CMD_AUDIT_PRINT_H

#include "audit/audit.h"

#include <stdio.h>

/* By software, the worst first. */
void audit_print_text(FILE *out, const struct audit *a, bool has_colour);
/* One object: servers with their findings, faults, sums. */
void audit_print_json(FILE *out, const struct audit *a);
/* What could not be read, a line each. */
void audit_print_faults(FILE *out, const struct audit *a);

#endif
