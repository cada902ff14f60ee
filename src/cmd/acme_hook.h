/*
 * What uacme(1) calls for each challenge: hands its words to the daemon by its own stdin, a socket
 * that the daemon gave to the client, and waits until all doors answer. Not for people.
 */
#ifndef CMD_ACME_HOOK_H
#define CMD_ACME_HOOK_H

/* argv: without the program's name. 0: it is in force; 1: it is declined, or nobody answers. */
int cmd_acme_hook(char **argv);

#endif
