/* What `mailseal up` shows. */
#ifndef CMD_UP_PRINT_H
#define CMD_UP_PRINT_H

#include "up/plan.h"

#include <stdio.h>

void up_print_plan(FILE *out, const struct up_plan *plan, bool has_systemd);
void up_print_json(FILE *out, const struct up_plan *plan, bool has_systemd);

/* What becomes, or became, of each file. */
void up_print_returns(FILE *out, const struct up_work *work, const struct up_return *returns);
void up_print_returns_json(FILE *out, const struct up_work *work, const struct up_return *returns,
                           const char *why);

/* Text of a server's files: no control character reaches the terminal. */
void up_print_text(FILE *out, const char *before, struct slice text);

#endif
