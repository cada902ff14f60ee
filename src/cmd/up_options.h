/* What `mailseal up` is asked to do. */
#ifndef CMD_UP_OPTIONS_H
#define CMD_UP_OPTIONS_H

#include "ask/lookup.h"
#include "up/published.h"

/* Exit statuses. */
enum { WELL, NOT_WELL, UNKNOWN };

enum { UP_NAME_SERVERS_MAX = 8 };

struct up_options {
	bool applies, undoes, is_json;
	bool takes_postfix, takes_dovecot;
	const char *root;
	const char *conf_path;
	bool asks_nobody;
	const char *domains[UP_DOMAINS_MAX];
	size_t domain_count;
	const char *forwards[UP_NAME_SERVERS_MAX];
	struct lookup_stub stubs[UP_NAME_SERVERS_MAX];
	struct lookup_settings lookup;
	const char *ca_file;
};

/* -1: go on; else the exit status, and it was told why. */
int up_options_read(struct up_options *ret_o, int argc, char **argv);

#endif
