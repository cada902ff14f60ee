#ifndef CMD_RUN_H
#define CMD_RUN_H

/* `mailseal run`: the daemon, in the foreground. */
int cmd_run(int argc, char **argv);

/* `mailseal --role ROLE NAME USER FORMAT TARGET`: a process of the daemon; not for people. */
int cmd_role(int argc, char **argv);

#endif
