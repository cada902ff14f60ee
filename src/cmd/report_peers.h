#ifndef CMD_REPORT_PEERS_H
#define CMD_REPORT_PEERS_H

/* `mailseal report peers`: partners, and what sealed their mail. argv[0]: "peers". */
int cmd_report_peers(int argc, char **argv);

#endif
