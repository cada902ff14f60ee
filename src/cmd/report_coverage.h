#ifndef CMD_REPORT_COVERAGE_H
#define CMD_REPORT_COVERAGE_H

/* `mailseal report coverage`: how much of each leg is sealed. argv[0]: "coverage". */
int cmd_report_coverage(int argc, char **argv);

#endif
