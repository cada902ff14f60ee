/* `mailseal hops`: a message's way, hop by hop. */
#ifndef CMD_HOPS_H
#define CMD_HOPS_H

int cmd_hops(int argc, char **argv);

#endif
