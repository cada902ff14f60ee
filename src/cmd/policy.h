/* mailseal policy: how mail to a domain would be sealed, and why. */
#ifndef CMD_POLICY_H
#define CMD_POLICY_H

int cmd_policy(int argc, char **argv);

#endif
