/* The options of `mailseal watch`. */
#ifndef CMD_WATCH_OPTIONS_H
#define CMD_WATCH_OPTIONS_H

#include "conf/settings.h"
#include "watch/verdict.h"

enum { WATCH_IGNORED_MAX = 16, WATCH_INTERNAL_MAX = 64 };

struct watch_options {
	const char *file, *interface; /* one of them, or */
	bool wants_listeners;
	const char *html, *hosts, *user;
	uint32_t for_ms; /* 0: until it is ended */
	bool is_json, has_wire;
	enum watch_wire wire; /* with has_wire */
	struct conf_network internal[WATCH_INTERNAL_MAX];
	size_t internal_count;
	const char *ignored[WATCH_IGNORED_MAX];
	size_t ignored_count;
};

/* -1: go on; else the exit status. */
int watch_options_read(struct watch_options *ret_options, int argc, char **argv);

#endif
