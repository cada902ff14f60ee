/* `mailseal check --explain`: the criteria, without looking at anybody. */
#ifndef CMD_CHECK_EXPLAIN_H
#define CMD_CHECK_EXPLAIN_H

/* id: of a criterion, or "all". The exit status. */
int check_explain(const char *id);

#endif
