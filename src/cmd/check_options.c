#include "cmd/check_options.h"

#include "advice/profile.h"
#include "base/clean.h"
#include "conf/value.h"
#include "io/address.h"
#include "web/serve.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage_begin[] =
	"Usage: mailseal check [OPTIONS] DOMAIN...\n"
	"       mailseal check [OPTIONS] --list FILE\n"
	"       mailseal check [OPTIONS] --host HOST:PORT/PROTO\n"
	"       mailseal check --serve ADDRESS:PORT [OPTIONS]\n"
	"       mailseal check --sender ... (bad MX hosts for a sender: --sender --help)\n"
	"\n"
	"Looks at all of a provider's mail from outside, as any stranger could: MX hosts, DNSSEC,\n"
	"DANE, MTA-STS, TLS reports; on each host and port versions, suites, certificates; and\n"
	"whether a password could be sent in clear. A letter for each recommendation (the weakest\n"
	"host decides), what was seen, why it matters, and the lines that mend it.\n"
	"\n"
	"  -p, --profile NAME       m3aawg (default), ncsc2025, bsi2026, mozilla6, rfc9325\n"
	"  -d, --deep               all suites, groups and signatures, not only the telling ones:\n"
	"                           80 connections an endpoint at most, instead of 9\n"
	"      --attacks            try known attacks too (Heartbleed, CCS, tickets, ROBOT): for\n"
	"                           your own hosts\n"
	"  -m, --mine               they are my own hosts: no rest between connections, and\n"
	"                           private addresses are no fault, and connected to\n"
	"  -o, --only ID,...        these criteria alone (C2,F1)\n"
	"  -H, --host HOST:PORT/PROTO  one endpoint, no DNS but for its address; again for more.\n"
	"                           PROTO: smtp submission submissions imap imaps pop3 pop3s\n"
	"                           managesieve https tls\n"
	"  -l, --list FILE          domains, one a line (-: from stdin)\n"
	"  -r, --resume FILE        keep results in FILE, one JSON object a line, and leave out\n"
	"                           domains that are in it already\n"
	"  -b, --baseline FILE      what changed since this result of --json\n"
	"      --explain ID         what a criterion asks for and why, and all that mends it "
	"(all:\n"
	"                           a line for each)\n"
	"      --fail-on WHAT       warn or fail (default): which findings make the exit status "
	"1\n";

static const char usage_network[] =
	"  -C, --ca-file FILE       CAs that count, beside the system's\n"
	"  -e, --ehlo NAME          how we call ourselves (default: this host's name)\n"
	"  -S, --source ADDRESS     connect from here (again for the other family)\n"
	"  -4, -6                   IPv4 or IPv6 alone\n";

static const char usage_serve[] =
	"      --serve ADDRESS:PORT  a web page where visitors name the domain: plain HTTP, on\n"
	"                           loopback or unix:PATH alone, for a proxy in front to have the\n"
	"                           certificate (mailseal-check(1) shows mailseal's)\n"
	"      --proxy-protocol     that proxy says who the visitor is by a PROXY header of\n"
	"                           version 2 (mailseal's edges, HAProxy)\n"
	"      --behind-proxy       ... or by X-Forwarded-For, whose last address counts\n"
	"      --visitor-runs N     domains that a visitor may have looked at in an hour (20)\n"
	"      --allow-private      addresses inside are looked at too: all that this host "
	"reaches\n"
	"                           is shown to every visitor\n";

static const char usage_end[] =
	"  -A, --all                show what is well, too\n"
	"  -j, --json               the same for programs: one object a domain\n"
	"      --html FILE          a page to keep or print\n"
	"      --junit FILE         for pipelines\n"
	"      --prometheus FILE    for a node exporter's textfile collector\n"
	"  -h, --help               this text\n"
	"\n"
	"Exit: 0 well, 1 something is to be mended (--fail-on), 2 could not tell.\n"
	"Example: mailseal check --profile ncsc2025 --html example.html example.org\n";

static void usage_print(FILE *out)
{
	fputs(usage_begin, out);
	fputs(dns_options_usage, out);
	fputs(usage_network, out);
	fputs(usage_serve, out);
	fputs(usage_end, out);
}

int check_options_fail(const char *format, ...)
{
	va_list list;
	fputs("mailseal check: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputs("\nmailseal check --help says more\n", stderr);
	return CHECK_COULD_NOT_TELL;
}

/* Options without a letter. */
enum {
	ATTACKS = 256,
	FAIL_ON,
	HTML,
	JUNIT,
	PROMETHEUS,
	SERVE,
	EXPLAIN,
	PROXY_PROTOCOL,
	BEHIND_PROXY,
	VISITOR_RUNS,
	ALLOW_PRIVATE
};

static const struct option table[] = {
	DNS_OPTIONS_TABLE,
	{ "profile", required_argument, NULL, 'p' },
	{ "deep", no_argument, NULL, 'd' },
	{ "attacks", no_argument, NULL, ATTACKS },
	{ "mine", no_argument, NULL, 'm' },
	{ "only", required_argument, NULL, 'o' },
	{ "host", required_argument, NULL, 'H' },
	{ "list", required_argument, NULL, 'l' },
	{ "resume", required_argument, NULL, 'r' },
	{ "baseline", required_argument, NULL, 'b' },
	{ "fail-on", required_argument, NULL, FAIL_ON },
	{ "ehlo", required_argument, NULL, 'e' },
	{ "source", required_argument, NULL, 'S' },
	{ "all", no_argument, NULL, 'A' },
	{ "json", no_argument, NULL, 'j' },
	{ "html", required_argument, NULL, HTML },
	{ "junit", required_argument, NULL, JUNIT },
	{ "prometheus", required_argument, NULL, PROMETHEUS },
	{ "explain", required_argument, NULL, EXPLAIN },
	{ "serve", required_argument, NULL, SERVE },
	{ "proxy-protocol", no_argument, NULL, PROXY_PROTOCOL },
	{ "behind-proxy", no_argument, NULL, BEHIND_PROXY },
	{ "visitor-runs", required_argument, NULL, VISITOR_RUNS },
	{ "allow-private", no_argument, NULL, ALLOW_PRIVATE },
	{ "help", no_argument, NULL, 'h' },
	{},
};
static const char letters[] = DNS_OPTIONS_LETTERS "p:dmo:H:l:r:b:e:S:46Ajh";

static int profile_take(struct check_options *o, const char *name)
{
	o->profile = advice_profile_find(name);
	return o->profile ? 0
	                  : check_options_fail("no profile \"%s\"; there are m3aawg, ncsc2025, "
	                                       "bsi2026, mozilla6, rfc9325",
	                                       name);
}

/* Ids, cut in place. */
static int only_take(struct check_options *o, char *ids)
{
	char *rest;
	for (char *id = strtok_r(ids, ", ", &rest); id; id = strtok_r(NULL, ", ", &rest)) {
		const struct advice_criterion *c = advice_criterion_find(id);
		if (!c)
			return check_options_fail("no criterion \"%s\"; mailseal-check(1) has all "
			                          "of them",
			                          id);
		if (o->only_count == CHECK_ONLY_MAX)
			return check_options_fail("too many criteria in --only");
		o->only[o->only_count++] = c->id;
	}
	return 0;
}

/* "[2001:db8::1]:25/smtp": host and port are cut apart in place. */
static int host_take(struct check_options *o, char *text)
{
	struct check_place *p = &o->hosts[o->host_count];
	char *slash = strrchr(text, '/');
	char *colon = strrchr(text, ':');
	if (o->host_count == CHECK_HOSTS_MAX)
		return check_options_fail("too many --host: %d at most", CHECK_HOSTS_MAX);
	if (!slash || !check_service_find(slash + 1, &p->service))
		return check_options_fail("--host is HOST:PORT/PROTO, as mx.example.org:25/smtp");
	*slash = '\0';
	unsigned long port = check_service_port(p->service);
	bool is_bare_v6 = colon && text[0] != '[' && strchr(text, ':') != colon;
	if (colon && colon < slash && !is_bare_v6 && (text[0] != '[' || colon[-1] == ']')) {
		char *end;
		port = strtoul(colon + 1, &end, 10);
		if (*end || !port || port > 65535)
			return check_options_fail("\"%s\" is no port", colon + 1);
		*colon = '\0';
	}
	size_t len = strlen(text);
	if (text[0] == '[' && len > 2 && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	if (!text[0] || strlen(text) >= sizeof(p->host))
		return check_options_fail("--host is HOST:PORT/PROTO, as mx.example.org:25/smtp");
	strcpy(p->host, text);
	p->port = (uint16_t)port;
	o->host_count++;
	return 0;
}

static int threshold_take(struct check_options *o, const char *word)
{
	if (strcmp(word, "warn") && strcmp(word, "fail"))
		return check_options_fail("--fail-on is warn or fail");
	o->threshold = word[0] == 'w' ? CHECK_FAILS_ON_WARN : CHECK_FAILS_ON_FAIL;
	return 0;
}

static int source_take(struct check_options *o, const char *address)
{
	struct sockaddr_storage parsed;
	if (!io_address_take(address, 0, &parsed))
		return check_options_fail("\"%s\" is no address", address);
	if (parsed.ss_family == AF_INET)
		o->source4 = address;
	else
		o->source6 = address;
	return 0;
}

static int runs_take(struct check_options *o, const char *number)
{
	if (conf_number_parse(number, &o->an_hour) || !o->an_hour || o->an_hour > 100000)
		return check_options_fail("--visitor-runs is a number from 1 to 100000");
	return 0;
}

static void file_take(struct check_options *o, int letter, const char *path)
{
	switch (letter) {
	case 'l':
		o->list = path;
		break;
	case 'r':
		o->resume = path;
		break;
	case 'b':
		o->baseline = path;
		break;
	case HTML:
		o->html = path;
		break;
	case JUNIT:
		o->junit = path;
		break;
	case PROMETHEUS:
		o->prometheus = path;
		break;
	}
}

static void flag_take(struct check_options *o, int letter)
{
	switch (letter) {
	case 'd':
		o->tier = CHECK_TIER_DEEP;
		break;
	case ATTACKS:
		o->has_attacks = true;
		break;
	case 'm':
		o->is_mine = true;
		break;
	case '4':
		o->no_v6 = true;
		break;
	case '6':
		o->no_v4 = true;
		break;
	case 'A':
		o->shows_all = true;
		break;
	case 'j':
		o->is_json = true;
		break;
	case PROXY_PROTOCOL:
		o->has_proxy_header = true;
		break;
	case BEHIND_PROXY:
		o->is_behind_proxy = true;
		break;
	case ALLOW_PRIVATE:
		o->allows_private = true;
		break;
	}
}

/* 0, or an exit status. */
static int option_take(struct check_options *o, int letter, char *value)
{
	const char *why;
	int r = dns_options_take(&o->dns, letter, value, &why);
	if (r != DNS_OPTIONS_NOT_MINE)
		return r ? check_options_fail("%s", why) : 0;
	switch (letter) {
	case 'p':
		return profile_take(o, value);
	case 'o':
		return only_take(o, value);
	case 'H':
		return host_take(o, value);
	case 'e':
		o->ehlo = value;
		return 0;
	case 'S':
		return source_take(o, value);
	case FAIL_ON:
		return threshold_take(o, value);
	case SERVE:
		o->serve = value;
		return 0;
	case VISITOR_RUNS:
		return runs_take(o, value);
	case EXPLAIN:
		o->explain = value;
		return 0;
	default:
		if (value)
			file_take(o, letter, value);
		else
			flag_take(o, letter);
		return 0;
	}
}

static int serve_judge(const struct check_options *o, int words)
{
	if (words || o->list || o->host_count || o->resume || o->baseline)
		return check_options_fail("--serve takes its domains from visitors");
	if (o->html || o->junit || o->prometheus)
		return check_options_fail("--serve writes no file");
	if (o->is_mine || o->has_attacks)
		return check_options_fail("--mine and --attacks are for your own hosts, and "
		                          "visitors of --serve name others");
	if (o->is_behind_proxy && o->has_proxy_header)
		return check_options_fail("--proxy-protocol or --behind-proxy: a proxy says it in "
		                          "one way, and what it says in the other is a stranger's");
	return -1;
}

/* What does not go together. */
static int options_judge(const struct check_options *o, int words)
{
	if (o->no_v4 && o->no_v6)
		return check_options_fail("-4 and -6 leave nothing");
	if (o->explain)
		return -1;
	if (o->serve)
		return serve_judge(o, words);
	if (o->allows_private || o->is_behind_proxy || o->has_proxy_header)
		return check_options_fail("--allow-private, --behind-proxy and --proxy-protocol "
		                          "are of --serve");
	if (o->host_count && (words || o->list))
		return check_options_fail("--host goes without domains");
	if (!o->host_count && !words && !o->list)
		return check_options_fail("a domain is wanted");
	if (o->resume && o->host_count)
		return check_options_fail("--resume is for domains");
	return -1;
}

int check_options_read(struct check_options *ret_options, int argc, char **argv)
{
	struct check_options *o = ret_options;
	int letter, r;
	o->profile = advice_profile_find("m3aawg");
	o->an_hour = WEB_SERVE_AN_HOUR;
	while ((letter = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if (letter == 'h') {
			usage_print(stdout);
			return CHECK_WELL;
		}
		if (letter == '?') {
			fputs("mailseal check --help says more\n", stderr);
			return CHECK_COULD_NOT_TELL;
		}
		r = option_take(o, letter, optarg);
		if (r)
			return r;
	}
	return options_judge(o, argc - optind);
}
