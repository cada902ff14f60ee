/* `mailseal watch`: what crosses a network in clear. */
#ifndef CMD_WATCH_H
#define CMD_WATCH_H

int cmd_watch(int argc, char **argv);

#endif
