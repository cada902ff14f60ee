/* `mailseal pki`: the CA of our own hosts. */
#ifndef CMD_PKI_H
#define CMD_PKI_H

int cmd_pki(int argc, char **argv);

#endif
