/* How DNS and web servers are asked, for the commands that look outside: options first, then what
 * the configuration of the daemon says. */
#ifndef CMD_DNS_OPTIONS_H
#define CMD_DNS_OPTIONS_H

#include "ask/settings.h"
#include "base/buf.h"

#include <getopt.h>

struct conf_settings;

enum { DNS_SERVERS_MAX = 8 };

/* Zeroed is nothing said. */
struct dns_options {
	const char *config;             /* NULL: the usual one, if it is there */
	struct conf_settings *settings; /* of it; NULL: there is none */
	struct lookup_settings lookup;  /* the result of dns_options_settle() */
	const char *ca_file;
	/* Inside. */
	struct ask_settings configured;
	const char *forwards[DNS_SERVERS_MAX];
	struct lookup_stub stubs[DNS_SERVERS_MAX];
};

/* Rows of a getopt table, and their letters. */
#define DNS_OPTIONS_TABLE                                                                          \
	{ "config", required_argument, NULL, 'c' }, { "forward", required_argument, NULL, 'f' },   \
		{ "resolver", required_argument, NULL, 'f' },                                      \
		{ "stub", required_argument, NULL, 's' },                                          \
		{ "trust-anchor", required_argument, NULL, 'a' },                                  \
	{                                                                                          \
		"ca-file", required_argument, NULL, 'C'                                            \
	}
#define DNS_OPTIONS_LETTERS "c:f:s:a:C:"
extern const char dns_options_usage[];

enum { DNS_OPTIONS_NOT_MINE = 1, DNS_OPTIONS_WRONG };
/* One option; value is cut in place and borrowed. 0, NOT_MINE, or WRONG and *ret_why says what. */
int dns_options_take(struct dns_options *o, int letter, char *value, const char **ret_why);

/* Reads the configuration and puts all together. 0, or DNS_OPTIONS_WRONG and all was said. */
int dns_options_settle(struct dns_options *o);

/* The CAs that count: those of ca_file and of the system. 0, or -1: ca_file cannot be read. */
int dns_options_cas(const struct dns_options *o, struct buf *ret_pem);

void dns_options_deinit(struct dns_options *o);

#endif
