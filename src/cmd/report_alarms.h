#ifndef CMD_REPORT_ALARMS_H
#define CMD_REPORT_ALARMS_H

/* `mailseal report alarms`: what is wrong until somebody mends it. argv[0]: "alarms". */
int cmd_report_alarms(int argc, char **argv);

#endif
