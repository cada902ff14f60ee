#ifndef CMD_REPORT_USER_H
#define CMD_REPORT_USER_H

/* `mailseal report user`: all that the ledger has of one user. argv[0]: "user". */
int cmd_report_user(int argc, char **argv);

#endif
