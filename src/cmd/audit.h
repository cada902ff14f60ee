/* `mailseal audit`: the configuration of the servers installed here against the recommendation. */
#ifndef CMD_AUDIT_H
#define CMD_AUDIT_H

int cmd_audit(int argc, char **argv);

#endif
