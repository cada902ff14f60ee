#include "cmd/policy.h"

#include "ask/fetch.h"
#include "ask/lookup.h"
#include "base/clean.h"
#include "base/file.h"
#include "cmd/policy_print.h"
#include "conf/conf.h"
#include "dns/idn.h"
#include "io/loop.h"
#include "resolver/finder.h"
#include "resolver/policies.h"
#include "resolver/settings.h"
#include "store/sts.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WELL, NOT_WELL, UNKNOWN };
enum { SERVERS_MAX = 8, PATIENCE_MS = 1000, CA_FILE_MAX = 4 * 1024 * 1024 };

static const char usage[] =
	"Usage: mailseal policy [OPTIONS] DOMAIN\n"
	"\n"
	"How mail to DOMAIN would be sealed, and why: its MX hosts, what DNSSEC vouches for, "
	"DANE,\n"
	"MTA-STS, and for each host what TLS it must have; before that a route of the\n"
	"configuration, and what its daemon keeps: an MTA-STS policy that still holds, what a\n"
	"relay remembers (who may read its state_dir sees it). Asks DNS and DOMAIN's web server;\n"
	"no mail server is connected to.\n"
	"\n"
	"  -c, --config FILE        ask as the daemon of this configuration does (default\n"
	"                           /etc/mailseal/mailseal.conf if it is there). What follows\n"
	"                           takes the place of what it says\n"
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

struct options {
	const char *config; /* NULL: the usual one, if it is there */
	struct conf_settings *settings;
	struct resolver_settings configured;
	const char *forwards[SERVERS_MAX];
	struct lookup_stub stubs[SERVERS_MAX];
	struct lookup_settings lookup;
	const char *ca_file;
	bool is_json;
};

struct asking {
	const struct options *options;
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct store_sts *kept; /* by the daemon */
	struct policies *policies;
	struct finder *finder;
	struct finder_wish *wish;
	struct io_deadline patience;
	struct buf ca_pem;
	struct policy_told told;
	bool has_said_so;
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
	static struct policy_decision decisions[POLICY_WAY_HOSTS_MAX];
	struct asking *a = owner;
	struct policy_domain domain;
	policy_way_domain(&domain, way, sts);
	for (size_t i = 0; i < way->host_count; i++)
		policy_decide(&domain, &way->hosts[i].facts, &decisions[i]);
	policy_told_own(&a->told, way, decisions);
	if (a->has_said_so)
		fputs("\r\033[K", stderr);
	policy_told_remember(&a->told, a->options->settings, way);
	const struct policy_answer answer = {
		.way = way, .sts = sts, .decisions = decisions, .told = &a->told
	};
	if (a->options->is_json)
		policy_print_json(stdout, &answer);
	else
		policy_print_text(stdout, &answer);
	a->status = verdict(way, decisions, &a->told);
	io_loop_stop(a->loop);
}

/* A person who waits is told what for. */
static void on_patience(struct io_deadline *d)
{
	struct asking *a = (struct asking *)((char *)d - offsetof(struct asking, patience));
	a->has_said_so = isatty(STDERR_FILENO);
	if (a->has_said_so)
		fputs("waiting for answers of DNS, a minute at most ...", stderr);
}

static void asking_end(struct asking *a)
{
	finder_wish_free(a->wish);
	finder_free(a->finder);
	policies_free(a->policies);
	store_sts_close(a->kept);
	lookup_free(a->lookup);
	fetch_free(a->fetch);
	io_deadline_disarm(&a->patience);
	io_loop_free(a->loop);
	buf_deinit(&a->ca_pem);
	policy_told_deinit(&a->told);
	curl_global_cleanup();
}

static int cas_read(struct asking *a)
{
	const char *own = a->options->ca_file;
	if (own && (file_read(&a->ca_pem, own, CA_FILE_MAX, NULL) || buf_add_str(&a->ca_pem, "\n")))
		return -1;
	/* Without those of the system a policy is simply not trusted. */
	(void)!file_read(&a->ca_pem, conf_system_cas, CA_FILE_MAX, NULL);
	return 0;
}

/* 0, or an error that was told. */
static int asking_run(struct asking *a, const char *domain)
{
	char error[256] = "out of memory";
	a->kept = policy_told_policies(a->options->settings);
	int r = curl_global_init(CURL_GLOBAL_DEFAULT) ? -1 : io_loop_new(&a->loop);
	if (!r)
		r = lookup_new(&a->lookup, a->loop, &a->options->lookup, error, sizeof(error));
	if (!r)
		r = fetch_new(&a->fetch, a->loop,
		              &(struct fetch_settings){ .ca_pem = buf_slice(&a->ca_pem) });
	if (!r)
		r = policies_new(&a->policies, &(struct policies_settings){ .loop = a->loop,
		                                                            .lookup = a->lookup,
		                                                            .fetch = a->fetch,
		                                                            .store = a->kept,
		                                                            .only_reads = true });
	if (!r)
		r = finder_new(&a->finder, a->loop, a->lookup, a->policies);
	if (!r)
		r = finder_wish(&a->wish, a->finder, domain, false, on_found, a);
	if (!r) {
		io_deadline_arm(a->loop, &a->patience, PATIENCE_MS);
		r = io_loop_run(a->loop);
	}
	if (r)
		fprintf(stderr, "mailseal policy: %s\n", error);
	return r;
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

static int options_fail(const char *text)
{
	fprintf(stderr, "mailseal policy: %s\n\n%s", text, usage);
	return UNKNOWN;
}

/* -1: go on; else the exit status. */
static int options_read(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "forward", required_argument, NULL, 'f' },
		{ "stub", required_argument, NULL, 's' },
		{ "trust-anchor", required_argument, NULL, 'a' },
		{ "ca-file", required_argument, NULL, 'C' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c;
	while ((c = getopt_long(argc, argv, "c:f:s:a:C:jh", table, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
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
			o->ca_file = optarg;
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
	return -1;
}

/* -1: go on; else the exit status. A file that nobody named and that cannot be read is no matter.
 */
static int config_take(struct options *o)
{
	struct conf_errors errors = {};
	const char *path = o->config ? o->config : CONF_USUAL_FILE;
	if (!o->config && access(path, R_OK))
		return -1;
	int r = conf_read_file(&o->settings, path, time(NULL), &errors);
	if (r)
		conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	if (!r)
		r = resolver_settings_take(&o->configured, &o->settings->resolver);
	return r ? UNKNOWN : -1;
}

static void settings_merge(struct options *o)
{
	struct lookup_settings *now = &o->lookup;
	const struct lookup_settings *configured = &o->configured.lookup;
	now->trusts_ad = configured->trusts_ad && !now->forward_count && !now->stub_count;
	now->forwards = now->forward_count ? o->forwards : configured->forwards;
	if (!now->forward_count)
		now->forward_count = configured->forward_count;
	now->stubs = now->stub_count ? o->stubs : configured->stubs;
	if (!now->stub_count)
		now->stub_count = configured->stub_count;
	if (!now->trust_anchor)
		now->trust_anchor = configured->trust_anchor;
	if (!o->ca_file && o->settings)
		o->ca_file = o->settings->resolver.ca_file;
}

/* Everything was read: the answer, or what is wrong with the question. */
static int policy_say(const struct options *o, const char *text)
{
	struct asking a = { .options = o, .status = UNKNOWN, .patience.fn = on_patience };
	char domain[DNS_IDN_CAP];
	if (!dns_idn_take(slice_str(text), domain))
		return options_fail("that is no domain");
	if (cas_read(&a))
		return options_fail("the file of --ca-file cannot be read");
	if (policy_told_begin(&a.told, o->settings, domain) || asking_run(&a, domain))
		a.status = UNKNOWN;
	asking_end(&a);
	return a.status;
}

int cmd_policy(int argc, char **argv)
{
	struct options o = {};
	int status = options_read(&o, argc, argv);
	if (status < 0)
		status = config_take(&o);
	if (status < 0 && optind + 1 != argc)
		status = options_fail("one domain is wanted");
	if (status < 0) {
		settings_merge(&o);
		status = policy_say(&o, argv[optind]);
	}
	resolver_settings_deinit(&o.configured);
	conf_settings_free(o.settings);
	return status;
}
