#include "cmd/policy.h"

#include "base/clean.h"
#include "cmd/policy_print.h"
#include "io/loop.h"
#include "resolver/sts.h"
#include "resolver/way.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WELL, NOT_WELL, UNKNOWN };
enum { SERVERS_MAX = 8 };

static const char usage[] =
	"Usage: mailseal policy [OPTIONS] DOMAIN\n"
	"\n"
	"How mail to DOMAIN would be sealed, and why: its MX hosts, what DNSSEC vouches for, "
	"DANE,\n"
	"MTA-STS, and for each host what TLS it must have. Asks DNS and DOMAIN's web server; no\n"
	"mail server is connected to.\n"
	"\n"
	"  -f, --forward ADDR       ask this resolver (ADDRESS or ADDRESS@PORT; again for more);\n"
	"                           without it from the root down. Its answers are validated here\n"
	"  -s, --stub ZONE=ADDR     ask this server for ZONE and all below\n"
	"  -a, --trust-anchor FILE  DNSSEC's root keys (default /usr/share/dns/root.key)\n"
	"  -C, --ca-file FILE       CAs for the policy's web server, beside the system's\n"
	"  -j, --json               the same for programs\n"
	"  -h, --help               this text\n"
	"\n"
	"Exit: 0 each host proves who it is, 1 it does not, or takes no mail, 2 could not tell.\n"
	"Example: mailseal policy example.org\n";

struct asking {
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct way *way;
	struct sts_search *sts;
	const struct policy_way *way_facts; /* of the two above, once they are through */
	const struct policy_sts_facts *sts_facts;
};

static void on_way(void *owner, const struct policy_way *facts)
{
	struct asking *a = owner;
	a->way_facts = facts;
	if (a->sts_facts)
		io_loop_stop(a->loop);
}

static void on_sts(void *owner, const struct policy_sts_facts *facts)
{
	struct asking *a = owner;
	a->sts_facts = facts;
	if (a->way_facts)
		io_loop_stop(a->loop);
}

static void asking_end(struct asking *a)
{
	way_free(a->way);
	sts_search_free(a->sts);
	lookup_free(a->lookup);
	fetch_free(a->fetch);
	io_loop_free(a->loop);
	curl_global_cleanup();
}

/* 0, or an error that was told. */
static int asking_run(struct asking *a, const struct lookup_settings *lookup,
                      const struct fetch_settings *fetch, const char *domain)
{
	char error[256] = "out of memory";
	int r = curl_global_init(CURL_GLOBAL_DEFAULT) ? -1 : io_loop_new(&a->loop);
	if (!r)
		r = lookup_new(&a->lookup, a->loop, lookup, error, sizeof(error));
	if (!r)
		r = fetch_new(&a->fetch, a->loop, fetch);
	if (!r)
		r = way_new(&a->way, a->lookup, domain, on_way, a);
	if (!r)
		r = sts_search_new(&a->sts, a->lookup, a->fetch, domain, on_sts, a);
	if (!r)
		r = io_loop_run(a->loop);
	if (r)
		fprintf(stderr, "mailseal policy: %s\n", error);
	return r;
}

static int verdict(const struct policy_way *way, const struct policy_decision *decisions)
{
	bool all_proven = way->end == POLICY_WAY_HOSTS && way->host_count;
	bool is_unknown = way->end == POLICY_WAY_LOST;
	for (size_t i = 0; i < way->host_count; i++) {
		all_proven = all_proven && decisions[i].is_authenticated;
		is_unknown = is_unknown || policy_dns_is_lost(way->hosts[i].facts.address);
	}
	return is_unknown ? UNKNOWN : all_proven ? WELL : NOT_WELL;
}

static int answer(const struct asking *a, bool is_json)
{
	static struct policy_decision decisions[POLICY_WAY_HOSTS_MAX];
	const struct policy_way *way = a->way_facts;
	const struct policy_domain domain = {
		.name = way->domain,
		.mx = way->mx,
		.sts = a->sts_facts->state == POLICY_STS_IN_FORCE ? &a->sts_facts->policy : NULL,
	};
	for (size_t i = 0; i < way->host_count; i++)
		policy_decide(&domain, &way->hosts[i].facts, &decisions[i]);
	if (is_json)
		policy_print_json(stdout, way, a->sts_facts, decisions);
	else
		policy_print_text(stdout, way, a->sts_facts, decisions);
	return verdict(way, decisions);
}

/* ZONE=ADDR; the text is cut in place. */
static bool stub_parse(char *text, struct lookup_stub *ret_stub)
{
	char *equal = strchr(text, '=');
	if (!equal || equal == text || !equal[1])
		return false;
	*equal = '\0';
	*ret_stub = (struct lookup_stub){ .zone = text, .address = equal + 1 };
	return true;
}

struct options {
	const char *forwards[SERVERS_MAX];
	struct lookup_stub stubs[SERVERS_MAX];
	struct lookup_settings lookup;
	struct fetch_settings fetch;
	bool is_json;
};

static int options_fail(const char *text)
{
	fprintf(stderr, "mailseal policy: %s\n\n%s", text, usage);
	return UNKNOWN;
}

/* -1: go on; else the exit status. */
static int options_read(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "forward", required_argument, NULL, 'f' },
		{ "stub", required_argument, NULL, 's' },
		{ "trust-anchor", required_argument, NULL, 'a' },
		{ "ca-file", required_argument, NULL, 'C' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c;
	while ((c = getopt_long(argc, argv, "f:s:a:C:jh", table, NULL)) != -1) {
		switch (c) {
		case 'f':
			if (o->lookup.forward_count == SERVERS_MAX)
				return options_fail("too many forwarders: eight at most");
			o->forwards[o->lookup.forward_count++] = optarg;
			break;
		case 's':
			if (o->lookup.stub_count == SERVERS_MAX)
				return options_fail("too many stubs: eight at most");
			if (!stub_parse(optarg, &o->stubs[o->lookup.stub_count++]))
				return options_fail("--stub is ZONE=ADDRESS or ZONE=ADDRESS@PORT");
			break;
		case 'a':
			o->lookup.trust_anchor = optarg;
			break;
		case 'C':
			o->fetch.ca_file = optarg;
			break;
		case 'j':
			o->is_json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return WELL;
		default:
			fputs(usage, stderr);
			return UNKNOWN;
		}
	}
	o->lookup.forwards = o->forwards;
	o->lookup.stubs = o->stubs;
	return -1;
}

int cmd_policy(int argc, char **argv)
{
	struct options o = {};
	struct asking a = {};
	int status = options_read(&o, argc, argv);
	if (status >= 0)
		return status;
	if (optind + 1 != argc)
		return options_fail("one domain is wanted");
	char *domain = argv[optind];
	size_t len = strlen(domain);
	if (len > 1 && domain[len - 1] == '.')
		domain[len - 1] = '\0';
	if (!dns_name_is_host(domain))
		return options_fail("that is no domain (write the A-label form, xn--..., "
		                    "of names in other scripts)");
	if (o.fetch.ca_file && access(o.fetch.ca_file, R_OK))
		return options_fail("the file of --ca-file cannot be read");
	status = asking_run(&a, &o.lookup, &o.fetch, domain) ? UNKNOWN : answer(&a, o.is_json);
	asking_end(&a);
	return status;
}
