/* The records "3 1 1" of each certificate's keys, for every host and port that shows it. */
#ifndef CMD_TLSA_SHOW_H
#define CMD_TLSA_SHOW_H

#include "conf/settings.h"

#include <stdbool.h>

struct tlsa_show {
	const struct conf_settings *settings;
	const char *name; /* of the one certificate; NULL: all */
	bool is_json;
};
/* 0; 1: what cannot be read was said on stderr, the rest is printed; 2: nothing is known. */
int tlsa_show(const struct tlsa_show *show);

#endif
