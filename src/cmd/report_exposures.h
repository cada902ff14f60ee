#ifndef CMD_REPORT_EXPOSURES_H
#define CMD_REPORT_EXPOSURES_H

/* `mailseal report exposures`: whose password crossed in clear. argv[0]: "exposures". */
int cmd_report_exposures(int argc, char **argv);

#endif
