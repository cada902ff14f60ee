/* What max_sessions takes of this host (conf/room.h), and what of it is not there. */
#ifndef CMD_CONFIG_ROOM_H
#define CMD_CONFIG_ROOM_H

#include "conf/settings.h"

#include <stdio.h>

struct config_short {
	const char *file; /* where it is to be mended; the setting alone where line is 0 */
	int line;
	const char *setting, *message, *mend;
	bool is_warning;
};

/* path: of the configuration. Calls fn for each thing that is short: descriptors, ports, memory. */
void config_room_check(const struct conf_settings *settings, const char *path,
                       void (*fn)(void *owner, const struct config_short *what), void *owner);

/* A line of what it takes. */
void config_room_print(const struct conf_settings *settings, FILE *out);

#endif
