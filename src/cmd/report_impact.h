/* mailseal report impact */
#ifndef CMD_REPORT_IMPACT_H
#define CMD_REPORT_IMPACT_H

int cmd_report_impact(int argc, char **argv);

#endif
