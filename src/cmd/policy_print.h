/* What mailseal policy prints. */
#ifndef CMD_POLICY_PRINT_H
#define CMD_POLICY_PRINT_H

#include "resolver/sts.h"
#include "resolver/way.h"

#include <stdio.h>

/* decisions: one of each host of the way. */
void policy_print_text(FILE *out, const struct policy_way *way, const struct policy_sts_facts *sts,
                       const struct policy_decision *decisions);
void policy_print_json(FILE *out, const struct policy_way *way, const struct policy_sts_facts *sts,
                       const struct policy_decision *decisions);

#endif
