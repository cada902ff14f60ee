/* mailseal check --sender: bad MX hosts, and what a sender does there. */
#ifndef CMD_CHECK_SENDER_H
#define CMD_CHECK_SENDER_H

/* argv[0] is "--sender". The exit status. */
int cmd_check_sender(int argc, char **argv);

#endif
