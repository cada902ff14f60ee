#ifndef CMD_REPORT_H
#define CMD_REPORT_H

/* `mailseal report tlsrpt`: reads what the daemon keeps. */
int cmd_report(int argc, char **argv);

#endif
