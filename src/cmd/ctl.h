#ifndef CMD_CTL_H
#define CMD_CTL_H

/* `mailseal ctl status|reload|drain`: speaks to the running daemon. */
int cmd_ctl(int argc, char **argv);

#endif
