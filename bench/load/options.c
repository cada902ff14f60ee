#define _GNU_SOURCE
#include "load/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mode_names[] = { "handshake", "starttls", "bulk", "latency", "idle" };
static const char *const protocol_names[] = { "", "smtp", "imap", "pop3" };
_Static_assert(sizeof(mode_names) / sizeof(*mode_names) == MODE_COUNT);
_Static_assert(sizeof(protocol_names) / sizeof(*protocol_names) == PROTOCOL_COUNT);

static const char usage_text[] =
	"usage: loadgen handshake|starttls|bulk|idle|latency --port P [options]\n"
	"  --addr A        the proxy's address (127.0.0.1)\n"
	"  --proto X       smtp, imap or pop3 (starttls, idle --login, bulk)\n"
	"  --tls 12|13     the protocol version (13)\n"
	"  --group G       the groups offered (X25519:P-256)\n"
	"  --resume        resume one session, taken at the start\n"
	"  --plain         no TLS at all (to measure a plain proxy, or none)\n"
	"  --login         log in before the one command (starttls), before idling (idle)\n"
	"  --verify        do check ECDSA signatures and the chain (left out: they cost the\n"
	"                  client more than the whole handshake costs the server)\n"
	"  -c N            concurrent connections (64)\n"
	"  -T S, -W S      seconds measured (5), seconds before (0.5)\n"
	"  -N N            connections to hold (idle)\n"
	"  -B BYTES        bytes in total (bulk); --up: client to backend\n"
	"  -S BYTES        line length (latency, 64)\n"
	"  -R RATE         lines a second in all, open loop (latency; 0: closed loop)\n"
	"  --sources N     source addresses 127.0.1.1 ... (32)\n"
	"  --pids A,B      roots of the proxy's process trees\n"
	"  --cpu N         the CPU the proxy is pinned to: report its busy time\n"
	"  --gencpu N      the CPU generator and backend are pinned to: the same\n"
	"  --label X       the name printed\n"
	"KMEM in the environment: a file with the bytes that the kernel has for all of it\n";

static const struct options defaults = { .label = "-",
	                                 .address = "127.0.0.1",
	                                 .groups = "X25519:P-256",
	                                 .concurrency = 64,
	                                 .tls_version = 13,
	                                 .measured_s = 5,
	                                 .warming_s = 0.5,
	                                 .source_count = 32,
	                                 .line_len = 64,
	                                 .proxy_cpu = -1,
	                                 .generator_cpu = -1,
	                                 .hold_count = 8000,
	                                 .bytes = 1u << 30 };

enum kind { KIND_FLAG, KIND_INTEGER, KIND_BYTES, KIND_DECIMAL, KIND_TEXT, KIND_PROTOCOL };

#define AT(field) offsetof(struct options, field)

static const struct setting {
	const char *name; /* of more than one letter: --name */
	enum kind kind;
	size_t at;
} settings[] = {
	{ "port", KIND_INTEGER, AT(port) },
	{ "addr", KIND_TEXT, AT(address) },
	{ "proto", KIND_PROTOCOL, AT(protocol) },
	{ "tls", KIND_INTEGER, AT(tls_version) },
	{ "group", KIND_TEXT, AT(groups) },
	{ "resume", KIND_FLAG, AT(is_resuming) },
	{ "plain", KIND_FLAG, AT(is_plain) },
	{ "login", KIND_FLAG, AT(has_login) },
	{ "verify", KIND_FLAG, AT(is_verifying) },
	{ "up", KIND_FLAG, AT(is_up) },
	{ "sources", KIND_INTEGER, AT(source_count) },
	{ "pids", KIND_TEXT, AT(roots) },
	{ "cpu", KIND_INTEGER, AT(proxy_cpu) },
	{ "gencpu", KIND_INTEGER, AT(generator_cpu) },
	{ "label", KIND_TEXT, AT(label) },
	{ "c", KIND_INTEGER, AT(concurrency) },
	{ "T", KIND_DECIMAL, AT(measured_s) },
	{ "W", KIND_DECIMAL, AT(warming_s) },
	{ "N", KIND_INTEGER, AT(hold_count) },
	{ "B", KIND_BYTES, AT(bytes) },
	{ "S", KIND_INTEGER, AT(line_len) },
	{ "R", KIND_DECIMAL, AT(rate) },
};

enum { SETTING_COUNT = sizeof(settings) / sizeof(*settings), LONG_FIRST = 256, HELP = 'h' };

const char *mode_name(enum mode mode)
{
	return mode_names[mode];
}

const char *protocol_name(enum protocol protocol)
{
	return protocol_names[protocol];
}

static _Noreturn void refuse(const char *what, const char *text)
{
	fprintf(stderr, "loadgen: %s%s%s (loadgen --help has all options)\n", what,
	        *text ? ": " : "", text);
	exit(2);
}

/* The index of text among count names, or count. */
static int index_of(const char *const *names, int count, const char *text)
{
	int i = 0;
	while (i < count && strcmp(names[i], text) != 0)
		i++;
	return i;
}

/* Whether text is a number, whole, and none below 0 (a CPU that is not told is -1). */
static bool value_read(void *field, enum kind kind, const char *text)
{
	char *end = NULL;
	errno = 0;
	if (kind == KIND_DECIMAL) {
		double value = strtod(text, &end);
		*(double *)field = value;
		return end != text && !*end && value >= 0;
	}
	long long value = strtoll(text, &end, 10);
	if (end == text || *end || errno || value < -1)
		return false;
	if (kind == KIND_BYTES) {
		*(uint64_t *)field = (uint64_t)value;
		return value >= 0;
	}
	*(int *)field = (int)value;
	return value <= INT_MAX;
}

static void setting_take(struct options *o, const struct setting *s, const char *text)
{
	char what[64];
	void *field = (char *)o + s->at;
	switch (s->kind) {
	case KIND_FLAG:
		*(bool *)field = true;
		return;
	case KIND_TEXT:
		*(const char **)field = text;
		return;
	case KIND_PROTOCOL:
		o->protocol = (enum protocol)index_of(protocol_names, PROTOCOL_COUNT, text);
		if (o->protocol == PROTOCOL_COUNT)
			refuse("no protocol", text);
		return;
	case KIND_INTEGER:
	case KIND_BYTES:
	case KIND_DECIMAL:
		if (value_read(field, s->kind, text))
			return;
		snprintf(what, sizeof(what), "no number for %s%s", s->name[1] ? "--" : "-",
		         s->name);
		refuse(what, text);
	}
}

/* What getopt_long() wants of the table. */
static void forms_make(struct option *ret_long, char *ret_short)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting *s = &settings[i];
		if (s->name[1]) {
			*ret_long++ = (struct option){ s->name, s->kind != KIND_FLAG, NULL,
				                       LONG_FIRST + i };
		} else {
			*ret_short++ = s->name[0];
			*ret_short++ = ':';
		}
	}
	*ret_long++ = (struct option){ "help", no_argument, NULL, HELP };
	*ret_long = (struct option){};
	*ret_short = 0;
}

static const struct setting *setting_of(int found)
{
	int i = found - LONG_FIRST;
	if (i < 0)
		for (i = 0; i < SETTING_COUNT - 1; i++)
			if (settings[i].name[0] == found && !settings[i].name[1])
				break;
	return &settings[i];
}

static void check(const struct options *o)
{
	struct in_addr address;
	if (inet_pton(AF_INET, o->address, &address) != 1)
		refuse("no IPv4 address", o->address);
	if (o->port < 1 || o->port > 65535)
		refuse("a port is needed", "--port 1 to 65535");
	if (o->concurrency < 1)
		refuse("too few connections", "-c");
	if (o->line_len < 1 || o->line_len > LINE_MAX_LEN)
		refuse("a line is of 1 to 16384 bytes", "-S");
	if (o->tls_version != 12 && o->tls_version != 13)
		refuse("of TLS there is 12 and 13", "--tls");
	if (o->mode == MODE_IDLE && o->hold_count < 1)
		refuse("too few connections", "-N");
}

static void mode_read(struct options *o, const char *text)
{
	if (!strcmp(text, "--help") || !strcmp(text, "-h")) {
		fputs(usage_text, stdout);
		exit(0);
	}
	o->mode = (enum mode)index_of(mode_names, MODE_COUNT, text);
	if (o->mode == MODE_COUNT)
		refuse("no mode", text);
}

void options_read(struct options *ret_options, int argc, char **argv)
{
	struct option long_forms[SETTING_COUNT + 2];
	char short_forms[2 * SETTING_COUNT + 1];
	struct options o = defaults;
	if (argc < 2) {
		fputs(usage_text, stderr);
		exit(2);
	}
	mode_read(&o, argv[1]);
	forms_make(long_forms, short_forms);
	for (int found;
	     (found = getopt_long(argc - 1, argv + 1, short_forms, long_forms, NULL)) != -1;) {
		if (found == HELP)
			mode_read(&o, "--help");
		if (found == '?')
			refuse("these options are not understood", "");
		setting_take(&o, setting_of(found), optarg);
	}
	if (optind < argc - 1)
		refuse("one word too many", argv[1 + optind]);
	check(&o);
	*ret_options = o;
}
