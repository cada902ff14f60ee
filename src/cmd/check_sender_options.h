/* How `mailseal check --sender` was called. */
#ifndef CMD_CHECK_SENDER_OPTIONS_H
#define CMD_CHECK_SENDER_OPTIONS_H

#include "check/sender_site.h"
#include "conf/settings.h"

enum { CHECK_SENDER_NETWORKS_MAX = 64 };

struct check_sender_options {
	struct check_sender_site site; /* its digest is still to be filled in */
	const char *ca, *chain, *key;  /* files; NULL: not said */
	const char *user;
	struct conf_network from[CHECK_SENDER_NETWORKS_MAX];
	unsigned from_count; /* 0: everybody */
	uint32_t duration_ms, settle_ms;
	bool prints_zone, prints_ca, is_json;
};

/* argv[0] is the --sender. -1: go on; else the exit status, and all was said. */
int check_sender_options_read(struct check_sender_options *ret_options, int argc, char **argv);
/* What is wrong, in one line. Returns CHECK_COULD_NOT_TELL. */
int check_sender_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
