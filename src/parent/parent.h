/*
 * The parent: holds the listening sockets and the configuration, starts the other processes and
 * starts them again. The only one that may be root, and only if it was started so.
 */
#ifndef PARENT_PARENT_H
#define PARENT_PARENT_H

#include "conf/settings.h"

/*
 * Runs the daemon until it is drained. Takes settings; config_path is read again on reload.
 * Returns the exit status.
 */
int parent_run(struct conf_settings *settings, const char *config_path);

#endif
