/*
 * The parent: holds the listening sockets and the configuration, starts the other processes and
 * starts them again. The only one that may be root, and only if it was started so.
 */
#ifndef PARENT_PARENT_H
#define PARENT_PARENT_H

#include "conf/settings.h"

#include <stdio.h>

/*
 * Runs the daemon until it is drained. Takes settings; config_path is read again on reload.
 *
 * inherit_fd: -1, or what another build left when it executed this one (parent/estate.h): sockets
 *             and processes go on. Then settings may be NULL, of a file that cannot be read: the
 *             old workers are kept.
 *
 * Returns the exit status.
 */
int parent_run(struct conf_settings *settings, const char *config_path, int inherit_fd);

/* How many workers there are with these settings, on this host. */
unsigned parent_workers_wanted(const struct conf_settings *settings);

/* One line for a build that would execute this one: version, formats. parent/upgrade.c reads it. */
void parent_upgrade_describe(FILE *out);

#endif
