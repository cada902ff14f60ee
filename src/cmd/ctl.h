#ifndef CMD_CTL_H
#define CMD_CTL_H

/* `mailseal ctl status|reload|drain`: speaks to the running daemon. */
int cmd_ctl(int argc, char **argv);

/* For other commands of the daemon's: its answer to a line, 0 or a negative errno. */
struct buf;
int ctl_ask(const char *path, const char *command, struct buf *ret_answer);
/* The socket of the daemon with this configuration. 0, or 1 with a line on stderr. */
int ctl_socket_find(const char *config, char path[108]);

#endif
