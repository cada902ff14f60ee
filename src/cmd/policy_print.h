/* What mailseal policy prints. */
#ifndef CMD_POLICY_PRINT_H
#define CMD_POLICY_PRINT_H

#include "ask/sts.h"
#include "ask/way.h"
#include "cmd/policy_told.h"

#include <stdio.h>

struct policy_answer {
	const struct policy_way *way;
	const struct policy_sts_facts *sts;
	const struct policy_decision *decisions; /* one of each host of the way */
	const struct policy_told *told;
};

void policy_print_text(FILE *out, const struct policy_answer *a);
void policy_print_json(FILE *out, const struct policy_answer *a);

#endif
