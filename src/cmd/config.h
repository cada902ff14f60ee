#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

/* `mailseal config check|show|defaults|man`. */
int cmd_config(int argc, char **argv);

#endif
