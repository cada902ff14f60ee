/* The configuration, as a process gets it from the parent: its first message. */
#ifndef PROC_CONFIG_H
#define PROC_CONFIG_H

#include "proc/chan.h"

struct conf_settings;

/* Waits for it: before there is a loop, so that files can be opened outside the box. 0 or a
 * negative. */
[[nodiscard]] int proc_config_wait(struct proc_chan *parent, struct conf_settings **ret_settings);

#endif
