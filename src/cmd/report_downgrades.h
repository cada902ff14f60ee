#ifndef CMD_REPORT_DOWNGRADES_H
#define CMD_REPORT_DOWNGRADES_H

/* `mailseal report downgrades`: who had better TLS before. argv[0]: "downgrades". */
int cmd_report_downgrades(int argc, char **argv);

#endif
