/* The configuration, as a process gets it from the parent. */
#ifndef PROC_CONFIG_H
#define PROC_CONFIG_H

#include "proc/chan.h"

struct conf_settings;

/* The payload of a PROC_MSG_CONFIG. 0 or a negative. */
[[nodiscard]] int proc_config_read(struct slice payload, struct conf_settings **ret_settings);

/* Waits for it, the first message of all: before there is a loop, so that files can be opened
 * outside the box. 0, PROC_CLOSED (the parent ended meanwhile: so does this process) or a
 * negative. */
[[nodiscard]] int proc_config_wait(struct proc_chan *parent, struct conf_settings **ret_settings);

#endif
