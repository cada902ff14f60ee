/* How `mailseal check` was called. */
#ifndef CMD_CHECK_OPTIONS_H
#define CMD_CHECK_OPTIONS_H

#include "check/look.h"
#include "check/places.h"
#include "check/print.h"
#include "cmd/dns_options.h"

enum { CHECK_WELL, CHECK_NOT_WELL, CHECK_COULD_NOT_TELL };

enum { CHECK_HOSTS_MAX = 64, CHECK_ONLY_MAX = 64 };

struct check_options {
	struct dns_options dns;
	enum check_tier tier;
	bool is_mine, has_attacks, no_v4, no_v6;
	const char *ehlo;              /* NULL: this host's name */
	const char *source4, *source6; /* NULL: any */
	const struct advice_profile *profile;
	enum check_threshold threshold;
	const char *only[CHECK_ONLY_MAX + 1]; /* ids; ends with NULL */
	unsigned only_count;
	struct check_place hosts[CHECK_HOSTS_MAX]; /* --host */
	unsigned host_count;
	const char *list;   /* file of domains; "-": stdin */
	const char *resume; /* file of results, one JSON object a line */
	const char *html, *junit, *prometheus, *baseline; /* files */
	const char *explain;                              /* id, or "all" */
	const char *serve;                                /* address */
	bool allows_private, is_behind_proxy, has_proxy_header;
	unsigned an_hour; /* runs of a visitor of --serve */
	bool is_json, shows_all;
};

/* -1: go on (optind is the first domain); else the exit status, and all was said. */
int check_options_read(struct check_options *ret_options, int argc, char **argv);
/* What is wrong with how it was called, and the usage. Returns CHECK_COULD_NOT_TELL. */
int check_options_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
