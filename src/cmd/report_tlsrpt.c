#include "cmd/report_tlsrpt.h"

#include "base/buf.h"
#include "base/clean.h"
#include "cmd/report_tlsrpt_inside.h"
#include "dns/idn.h"
#include "report/table.h"
#include "store/tlsrpt.h"

#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static const char usage[] =
	"Usage: mailseal report tlsrpt [-c FILE] [--day YYYY-MM-DD] [--json] [DOMAIN]\n"
	"       mailseal report tlsrpt --sent [--day YYYY-MM-DD] [--json] [DOMAIN]\n"
	"       mailseal report tlsrpt --preview [--day YYYY-MM-DD] DOMAIN\n"
	"       mailseal report tlsrpt --received [--since WHEN] [--json] [DOMAIN]\n"
	"       mailseal report tlsrpt --ingest FILE|- [--authserv-id NAME]\n"
	"\n"
	"How sessions ended, by UTC day, domain and policy, as TLS reports (RFC 8460) say it:\n"
	"those of the relay, and those that others told the collector. Eight days are kept.\n"
	"\n"
	"  -s, --sent              the reports made of it: to whom, when, the last error\n"
	"  -p, --preview           the report that would go to DOMAIN, of yesterday or of DAY\n"
	"  -r, --received          what others reported of our domains. A failure that none of\n"
	"                          them told before is new, for a day or since WHEN: exit 1\n"
	"  -i, --ingest FILE       take in a report of others: a message, JSON or gzip; \"-\" is\n"
	"                          standard input, for a mail pipe: exit 0 kept or known, 65 it\n"
	"                          is none, 75 try again\n"
	"  -a, --authserv-id NAME  our MTA's name in Authentication-Results: a report without its\n"
	"                          dkim=pass for the sender's domain is kept as unverified\n"
	"  -c, --config FILE       whose state_dir it is (default /etc/mailseal/mailseal.conf)\n"
	"  -d, --day DAY           this day alone\n"
	"  -S, --since WHEN        a date or so long ago (\"7d\"; default 30 days)\n"
	"  -j, --json              for programs; the sums are a list of domains and days, with\n"
	"                          \"policies\" as in a report\n"
	"  -h, --help              this text\n"
	"\n"
	"Exit: 0 well, 1 not well, 2 could not tell.\n"
	"Example: mailseal report tlsrpt --json example.org\n";

void tlsrpt_day_write(int64_t day, char *ret_text, size_t cap)
{
	time_t at = (time_t)(day * 86400);
	struct tm tm = {};
	gmtime_r(&at, &tm);
	strftime(ret_text, cap, "%Y-%m-%d", &tm);
}

void tlsrpt_path(const struct tlsrpt_options *options, const char *file, char *ret_path)
{
	snprintf(ret_path, PATH_MAX + 32, "%s/%s", options->settings->state_dir, file);
}

int tlsrpt_table_print(const struct report_table *t)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = report_table_text(&text, t, 0);
	if (!r)
		fwrite(buf_slice(&text).data, 1, buf_len(&text), stdout);
	return r;
}

void tlsrpt_json_print(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(json);
}

static bool day_read(const char *text, int64_t *ret_day)
{
	struct tm tm = {};
	char again[16];
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	*ret_day = end && !*end ? store_tlsrpt_day(timegm(&tm)) : -1;
	tlsrpt_day_write(*ret_day, again, sizeof(again));
	return *ret_day >= 0 && !strcmp(text, again);
}

/* --- for people --- */

static void lines_print(const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		printf("    %.*s\n", (int)len, lines);
		lines += len + (lines[len] != '\0');
	}
}

static void policy_print(void *owner, const struct store_tlsrpt_policy *p)
{
	char day[16];
	(void)owner;
	tlsrpt_day_write(p->day, day, sizeof(day));
	printf("%s %s %s %s: %llu succeeded, %llu failed\n", day, p->domain,
	       policy_kind_name(p->kind), p->policy_domain, (unsigned long long)p->succeeded,
	       (unsigned long long)p->failed);
	lines_print(p->strings);
}

static void failure_print(void *owner, const struct policy_tlsrpt_fault *f)
{
	const struct {
		const char *name, *text;
	} fields[] = { { "mx", f->mx },       { "helo", f->helo },     { "to", f->receiver },
		       { "from", f->sender }, { "reason", f->reason }, { "more", f->more } };
	(void)owner;
	printf("  %llu %s", (unsigned long long)f->sessions, policy_report_name(f->report));
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (fields[i].text[0])
			printf(", %s %s", fields[i].name, fields[i].text);
	putchar('\n');
}

/* --- for programs --- */

struct listing {
	json_t *all;      /* a list */
	json_t *one;      /* of a domain and day, in it */
	json_t *failures; /* of the last policy */
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static void policy_list(void *owner, const struct store_tlsrpt_policy *p)
{
	struct listing *l = owner;
	char day[16];
	tlsrpt_day_write(p->day, day, sizeof(day));
	if (strcmp(text_of(l->one, "day"), day) || strcmp(text_of(l->one, "domain"), p->domain)) {
		l->one = json_pack("{s:s, s:s, s:[]}", "day", day, "domain", p->domain, "policies");
		json_array_append_new(l->all, l->one);
	}
	l->failures = json_array();
	json_array_append_new(json_object_get(l->one, "policies"),
	                      json_pack("{s:{s:s, s:o, s:s, s:o}, s:{s:I, s:I}, s:o}", "policy",
	                                "policy-type", policy_kind_name(p->kind), "policy-string",
	                                policy_tlsrpt_lines_json(p->strings), "policy-domain",
	                                p->policy_domain, "mx-host",
	                                policy_tlsrpt_lines_json(p->mx), "summary",
	                                "total-successful-session-count", (json_int_t)p->succeeded,
	                                "total-failure-session-count", (json_int_t)p->failed,
	                                "failure-details", l->failures));
}

static void failure_list(void *owner, const struct policy_tlsrpt_fault *f)
{
	struct listing *l = owner;
	json_array_append_new(l->failures, policy_tlsrpt_fault_json(f));
}

static int sums_tell(const struct tlsrpt_options *o, struct store_tlsrpt *store)
{
	struct listing listing = { .all = json_array() };
	const struct store_tlsrpt_reader readers[] = { { NULL, policy_print, failure_print },
		                                       { &listing, policy_list, failure_list } };
	int r = store ? store_tlsrpt_read(store, o->day, o->domain, &readers[o->as_json]) : 0;
	if (!r && o->as_json)
		tlsrpt_json_print(json_incref(listing.all));
	json_decref(listing.all);
	return r ? REPORT_UNKNOWN : REPORT_WELL;
}

typedef int store_fn(const struct tlsrpt_options *options, struct store_tlsrpt *store);

static int with_store(const struct tlsrpt_options *o, store_fn *fn)
{
	char path[PATH_MAX + 32];
	struct store_tlsrpt *store = NULL;
	tlsrpt_path(o, CONF_RESOLVER_FOLDER "/" CONF_TLSRPT_FILE, path);
	int status = REPORT_UNKNOWN;
	if (store_tlsrpt_open_read(&store, path) >= 0) /* no file: nothing was counted yet */
		status = fn(o, store);
	store_tlsrpt_close(store);
	if (status == REPORT_UNKNOWN)
		fprintf(stderr, "mailseal report: %s cannot be read\n", path);
	return status;
}

static int usage_wrong(void)
{
	fputs(usage, stderr);
	return REPORT_UNKNOWN;
}

enum what { SUMS = 'u', SENT = 's', PREVIEW = 'p', RECEIVED = 'r', INGEST = 'i' };

static int run(struct tlsrpt_options *o, enum what what)
{
	switch (what) {
	case SUMS:
		return with_store(o, sums_tell);
	case SENT:
		return with_store(o, tlsrpt_sent);
	case PREVIEW:
		return with_store(o, tlsrpt_preview);
	case RECEIVED:
		return tlsrpt_received(o);
	case INGEST:
		return tlsrpt_ingest(o);
	}
	return REPORT_UNKNOWN;
}

/* A mail pipe whose configuration cannot be read now tries again. */
static int run_configured(struct tlsrpt_options *o, enum what what)
{
	struct conf_errors errors = {};
	int status = what == INGEST ? EX_TEMPFAIL : REPORT_UNKNOWN;
	if (conf_read_file(&o->settings, o->config, time(NULL), &errors))
		conf_errors_print(&errors, stderr);
	else
		status = run(o, what);
	conf_errors_deinit(&errors);
	conf_settings_free(o->settings);
	return status;
}

static const struct option long_options[] = {
	{ "sent", no_argument, NULL, SENT },
	{ "preview", no_argument, NULL, PREVIEW },
	{ "received", no_argument, NULL, RECEIVED },
	{ "ingest", required_argument, NULL, INGEST },
	{ "authserv-id", required_argument, NULL, 'a' },
	{ "config", required_argument, NULL, 'c' },
	{ "day", required_argument, NULL, 'd' },
	{ "since", required_argument, NULL, 'S' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{},
};

/* False: it is none, or has a value that is none. */
static bool option_take(struct tlsrpt_options *o, enum what *what, int c)
{
	switch (c) {
	case SENT:
	case PREVIEW:
	case RECEIVED:
	case INGEST:
		if (*what != SUMS)
			return false; /* two things at once */
		*what = (enum what)c;
		if (c == INGEST)
			o->file = optarg;
		return true;
	case 'a':
		o->authserv_id = optarg;
		return true;
	case 'c':
		o->config = optarg;
		return true;
	case 'd':
		return day_read(optarg, &o->day);
	case 'S':
		o->since = optarg;
		return true;
	case 'j':
		o->as_json = true;
		return true;
	default:
		return false;
	}
}

/* What goes with what. */
static bool options_fit(const struct tlsrpt_options *o, enum what what)
{
	bool has_day = o->day >= 0;
	return (o->domain || what != PREVIEW) && (!o->domain || what != INGEST) &&
	       (!o->authserv_id || what == INGEST) && (!o->since || what == RECEIVED) &&
	       (!has_day || (what != RECEIVED && what != INGEST));
}

int cmd_report_tlsrpt(int argc, char **argv)
{
	struct tlsrpt_options o = { .config = CONF_USUAL_FILE, .day = -1 };
	char domain[DNS_IDN_CAP];
	enum what what = SUMS;
	int c;
	while ((c = getopt_long(argc, argv, "spri:a:c:d:S:jh", long_options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return REPORT_WELL;
		}
		if (!option_take(&o, &what, c))
			return usage_wrong();
	}
	int count = argc - optind;
	if (count > 1 || (count == 1 && !dns_idn_take(slice_str(argv[optind]), domain)))
		return usage_wrong();
	o.domain = count == 1 ? domain : NULL;
	return options_fit(&o, what) ? run_configured(&o, what) : usage_wrong();
}
