/* mailseal up: in front of the servers of this machine, and back. */
#ifndef CMD_UP_H
#define CMD_UP_H

/* `mailseal up`. Returns the exit status. */
int cmd_up(int argc, char **argv);

#endif
