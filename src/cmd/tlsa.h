#ifndef CMD_TLSA_H
#define CMD_TLSA_H

/* `mailseal tlsa`: the TLSA records of our keys, and the plan from one key to the next. */
int cmd_tlsa(int argc, char **argv);

#endif
