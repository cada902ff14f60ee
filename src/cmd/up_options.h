/* What `mailseal up` is asked to do. */
#ifndef CMD_UP_OPTIONS_H
#define CMD_UP_OPTIONS_H

#include "cmd/dns_options.h"
#include "up/published.h"

/* Exit statuses. */
enum { WELL, NOT_WELL, UNKNOWN };

struct up_options {
	bool applies, undoes, is_json;
	bool takes_postfix, takes_dovecot;
	const char *root;
	const char *conf_path;
	bool asks_nobody;
	const char *domains[UP_DOMAINS_MAX];
	size_t domain_count;
	struct dns_options dns; /* not settled yet */
};

/* -1: go on; else the exit status, and it was told why. */
int up_options_read(struct up_options *ret_o, int argc, char **argv);
void up_options_deinit(struct up_options *o);

#endif
