#include "cmd/watch_options.h"

#include "base/clean.h"
#include "cmd/kept.h"
#include "conf/network.h"
#include "conf/value.h"
#include "watch/watch.h"

#include <getopt.h>
#include <stdio.h>

enum { WELL, NOT_WELL, UNKNOWN };

static const char usage[] =
	"Usage: mailseal watch [OPTIONS] -i INTERFACE\n"
	"       mailseal watch [OPTIONS] -r FILE\n"
	"       mailseal watch [--json] --listeners\n"
	"\n"
	"What crosses this network in clear: who talks to whom, by which protocol, encrypted or\n"
	"not, and where a password was readable. Proven by what is said, never by a port. No\n"
	"password is kept or shown.\n"
	"\n"
	"  -i, --interface NAME   listen here (as root; a mirrored port shows all of a network)\n"
	"  -r, --read FILE        a capture file of tcpdump or Wireshark (-: standard input)\n"
	"  -l, --listeners        what of this host would talk in clear: each listening socket is\n"
	"                         connected to and asked what it offers\n"
	"  -f, --for TIME         end after 10m, 90s, 1h (default: at Ctrl-C)\n"
	"      --flows NUMBER     connections followed at a time (default: 100000); above it one\n"
	"                         that ended gives way, or was silent longest\n"
	"  -n, --internal NET     a network of ours; again for more (default: private addresses)\n"
	"  -H, --hosts FILE       names of our hosts for links: \"10.0.0.9 db1\", as in "
	"/etc/hosts\n"
	"  -x, --ignore PROTO     leave this protocol out, such as dns; again for more\n"
	"      --as WHERE         count as network, local or inside-tunnel, whatever the kind of\n"
	"                         the interface says (wireguard: inside-tunnel; veth: local, but\n"
	"                         for what only passes)\n"
	"      --user NAME        run as, once the capture is open (default: mailseal, else "
	"nobody)\n"
	"      --html FILE        a page: hosts by hosts\n"
	"  -j, --json             a line for each client and service, for programs\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit: 0 well, 1 something plain crossed from host to host, 2 could not tell.\n"
	"Example: mailseal watch -i eth1 --for 10m --internal 192.0.2.0/24 --html inside.html\n";

static int wrong(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "mailseal watch: %s \"%s\": %s\n", option, value, why);
	return UNKNOWN;
}

static int internal_add(struct watch_options *o, const char *text)
{
	const char *why = "too many";
	if (o->internal_count == COUNT_OF(o->internal) ||
	    conf_network_parse(text, &o->internal[o->internal_count], &why))
		return wrong("--internal", text, why);
	o->internal_count++;
	return 0;
}

static int ignored_add(struct watch_options *o, const char *text)
{
	if (o->ignored_count == COUNT_OF(o->ignored))
		return wrong("--ignore", text, "too many");
	o->ignored[o->ignored_count++] = text;
	return 0;
}

static int wire_set(struct watch_options *o, const char *text)
{
	o->has_wire = true;
	for (int i = 0; i < WATCH_WIRE_COUNT; i++)
		if (!strcmp(watch_wire_name((enum watch_wire)i), text)) {
			o->wire = (enum watch_wire)i;
			return 0;
		}
	return wrong("--as", text, "network, local or inside-tunnel");
}

static int time_set(struct watch_options *o, const char *text)
{
	if (!conf_duration_parse(text, &o->for_ms) && o->for_ms)
		return 0;
	return wrong("--for", text, "a time such as 90s, 10m or 1h");
}

static int flows_set(struct watch_options *o, const char *text)
{
	if (!conf_number_parse(text, &o->flows_max) && o->flows_max &&
	    o->flows_max <= WATCH_FLOWS_LIMIT)
		return 0;
	return wrong("--flows", text, "a number from 1 to 10000000");
}

static bool is_kept(struct watch_options *o, int c)
{
	const struct kept list[] = {
		{ 'i', .text = &o->interface }, { 'r', .text = &o->file },
		{ 'H', .text = &o->hosts },     { 'U', .text = &o->user },
		{ 'P', .text = &o->html },      { 'l', .flag = &o->wants_listeners },
		{ 'j', .flag = &o->is_json },
	};
	return kept_take(list, COUNT_OF(list), c, optarg);
}

/* -1: go on. */
static int option_take(struct watch_options *o, int c)
{
	int r = 0;
	if (is_kept(o, c))
		return -1;
	switch (c) {
	case 'f':
		r = time_set(o, optarg);
		break;
	case 'F':
		r = flows_set(o, optarg);
		break;
	case 'n':
		r = internal_add(o, optarg);
		break;
	case 'x':
		r = ignored_add(o, optarg);
		break;
	case 'A':
		r = wire_set(o, optarg);
		break;
	case 'h':
		fputs(usage, stdout);
		return WELL;
	default:
		fputs(usage, stderr);
		return UNKNOWN;
	}
	return r ? r : -1;
}

int watch_options_read(struct watch_options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "interface", required_argument, NULL, 'i' },
		{ "read", required_argument, NULL, 'r' },
		{ "listeners", no_argument, NULL, 'l' },
		{ "for", required_argument, NULL, 'f' },
		{ "flows", required_argument, NULL, 'F' },
		{ "internal", required_argument, NULL, 'n' },
		{ "hosts", required_argument, NULL, 'H' },
		{ "ignore", required_argument, NULL, 'x' },
		{ "as", required_argument, NULL, 'A' },
		{ "user", required_argument, NULL, 'U' },
		{ "html", required_argument, NULL, 'P' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c, r = -1;
	*o = (struct watch_options){};
	while (r < 0 && (c = getopt_long(argc, argv, "i:r:lf:n:H:x:jh", table, NULL)) != -1)
		r = option_take(o, c);
	if (r >= 0)
		return r;
	if (optind < argc || !!o->file + !!o->interface + o->wants_listeners != 1) {
		fprintf(stderr, "mailseal watch: either -i INTERFACE, -r FILE or --listeners\n\n%s",
		        usage);
		return UNKNOWN;
	}
	if (o->wants_listeners && (o->html || o->hosts || o->for_ms || o->ignored_count)) {
		fputs("mailseal watch: --listeners lists what listens now; of the other options "
		      "--json alone goes with it\n",
		      stderr);
		return UNKNOWN;
	}
	return -1;
}
