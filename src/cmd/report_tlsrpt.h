#ifndef CMD_REPORT_TLSRPT_H
#define CMD_REPORT_TLSRPT_H

/* `mailseal report tlsrpt`: how sessions that go out ended, for TLS reports. argv[0]: "tlsrpt". */
int cmd_report_tlsrpt(int argc, char **argv);

#endif
