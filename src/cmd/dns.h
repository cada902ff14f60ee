#ifndef CMD_DNS_H
#define CMD_DNS_H

/* `mailseal dns`: what a domain has to publish, and what of it is missing. */
int cmd_dns(int argc, char **argv);

#endif
