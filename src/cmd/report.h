#ifndef CMD_REPORT_H
#define CMD_REPORT_H

/* `mailseal report REPORT`: a table of reports; each reads what the daemon keeps. */
int cmd_report(int argc, char **argv);

#endif
