#include "cmd/policy.h"

#include "base/clean.h"
#include "cmd/ask_tools.h"
#include "cmd/policy_print.h"
#include "conf/conf.h"
#include "dns/idn.h"
#include "resolver/finder.h"
#include "store/sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WELL, NOT_WELL, UNKNOWN };

static const char usage_begin[] =
	"Usage: mailseal policy [OPTIONS] DOMAIN\n"
	"\n"
	"How mail to DOMAIN would be sealed, and why: its MX hosts, what DNSSEC vouches for, "
	"DANE,\n"
	"MTA-STS, and for each host what TLS it must have; before that a route of the\n"
	"configuration, and what its daemon keeps: an MTA-STS policy that still holds, what a\n"
	"relay remembers (who may read its state_dir sees it). Asks DNS and DOMAIN's web server;\n"
	"no mail server is connected to.\n"
	"\n";
static const char usage_end[] =
	"  -C, --ca-file FILE       CAs for the policy's web server, beside the system's\n"
	"  -j, --json               the same for programs\n"
	"  -h, --help               this text\n"
	"\n"
	"Exit: 0 each host proves who it is, 1 it does not, or takes no mail, 2 could not tell.\n"
	"Example: mailseal policy example.org\n";

static void usage_print(FILE *out)
{
	fputs(usage_begin, out);
	fputs(dns_options_usage, out);
	fputs(usage_end, out);
}

struct options {
	struct dns_options dns;
	bool is_json;
};

struct asking {
	const struct options *options;
	struct ask_tools tools;
	struct store_sts *kept; /* by the daemon */
	struct finder_wish *wish;
	struct buf ca_pem;
	struct policy_told told;
	struct policy_decision decisions[POLICY_WAY_HOSTS_MAX];
	int status;
};

static int verdict(const struct policy_way *way, const struct policy_decision *decisions,
                   const struct policy_told *told)
{
	if (told->has_route)
		return told->by_route.is_authenticated ? WELL : NOT_WELL;
	bool all_proven = way->end == POLICY_WAY_HOSTS && told->tried_count;
	bool is_unknown = way->end == POLICY_WAY_LOST;
	for (size_t i = 0; i < told->tried_count; i++) {
		all_proven = all_proven && decisions[i].is_authenticated;
		is_unknown = is_unknown || policy_dns_is_lost(way->hosts[i].facts.address);
	}
	return is_unknown ? UNKNOWN : all_proven ? WELL : NOT_WELL;
}

static void on_found(void *owner, const struct policy_way *way, const struct policy_sts_facts *sts)
{
	struct asking *a = owner;
	struct policy_decision *decisions = a->decisions;
	struct policy_domain domain;
	policy_way_domain(&domain, way, sts);
	for (size_t i = 0; i < way->host_count; i++)
		policy_decide(&domain, &way->hosts[i].facts, &decisions[i]);
	policy_told_own(&a->told, way, decisions);
	ask_tools_hide(&a->tools);
	policy_told_remember(&a->told, a->options->dns.settings, way);
	const struct policy_answer answer = {
		.way = way, .sts = sts, .decisions = decisions, .told = &a->told
	};
	if (a->options->is_json)
		policy_print_json(stdout, &answer);
	else
		policy_print_text(stdout, &answer);
	a->status = verdict(way, decisions, &a->told);
	io_loop_stop(a->tools.loop);
}

static void asking_end(struct asking *a)
{
	finder_wish_free(a->wish);
	ask_tools_deinit(&a->tools);
	store_sts_close(a->kept);
	buf_deinit(&a->ca_pem);
	policy_told_deinit(&a->told);
}

/* 0, or an error that was told. */
static int asking_run(struct asking *a, const char *domain)
{
	char error[256];
	a->kept = policy_told_policies(a->options->dns.settings);
	int r = ask_tools_make(&a->tools, &a->options->dns, buf_slice(&a->ca_pem), a->kept, error,
	                       sizeof(error));
	if (!r)
		r = finder_wish(&a->wish, a->tools.finder, domain, false, on_found, a);
	if (!r)
		r = ask_tools_run(&a->tools);
	if (r)
		fprintf(stderr, "mailseal policy: %s\n", error);
	return r;
}

static int options_fail(const char *text)
{
	fprintf(stderr, "mailseal policy: %s\n\n", text);
	usage_print(stderr);
	return UNKNOWN;
}

/* -1: go on; else the exit status. */
static int options_read(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		DNS_OPTIONS_TABLE,
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const char *why;
	int c, r;
	while ((c = getopt_long(argc, argv, DNS_OPTIONS_LETTERS "jh", table, NULL)) != -1) {
		if (c == 'h') {
			usage_print(stdout);
			return WELL;
		}
		if (c == 'j') {
			o->is_json = true;
			continue;
		}
		r = dns_options_take(&o->dns, c, optarg, &why);
		if (r == DNS_OPTIONS_WRONG)
			return options_fail(why);
		if (r == DNS_OPTIONS_NOT_MINE) {
			usage_print(stderr);
			return UNKNOWN;
		}
	}
	return -1;
}

/* Everything was read: the answer, or what is wrong with the question. */
static int policy_say(const struct options *o, const char *text)
{
	struct asking a = { .options = o, .status = UNKNOWN };
	char domain[DNS_IDN_CAP];
	if (!dns_idn_take(slice_str(text), domain))
		return options_fail("that is no domain");
	if (dns_options_cas(&o->dns, &a.ca_pem))
		return options_fail("the file of --ca-file cannot be read");
	if (policy_told_begin(&a.told, o->dns.settings, domain) || asking_run(&a, domain))
		a.status = UNKNOWN;
	asking_end(&a);
	return a.status;
}

int cmd_policy(int argc, char **argv)
{
	struct options o = {};
	int status = options_read(&o, argc, argv);
	if (status < 0 && optind + 1 != argc)
		status = options_fail("one domain is wanted");
	if (status < 0 && dns_options_settle(&o.dns))
		status = UNKNOWN;
	if (status < 0)
		status = policy_say(&o, argv[optind]);
	dns_options_deinit(&o.dns);
	return status;
}
