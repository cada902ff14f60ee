/* `mailseal link`: what a transparent link needs of the kernel. */
#ifndef CMD_LINK_H
#define CMD_LINK_H

int cmd_link(int argc, char **argv);

#endif
