/* Names of our own in HTTPS (conf/site.h) that no certificate at the door is for. */
#ifndef CMD_CONFIG_NAMES_H
#define CMD_CONFIG_NAMES_H

#include "conf/settings.h"

struct config_name {
	const char *name; /* "mta-sts.example.org" */
	const char *mend;
	const char *file; /* where it is wished */
	int line;
	const char *setting;
};

/* Calls fn for each, CONFIG_NAMES_MAX at most. A certificate that cannot be read is for all names:
 * that was said. */
enum { CONFIG_NAMES_MAX = 20 };
void config_names_check(const struct conf_settings *settings,
                        void (*fn)(void *owner, const struct config_name *name), void *owner);

#endif
