#include "cmd/report_tlsrpt.h"

#include "base/buf.h"
#include "base/clean.h"
#include "conf/conf.h"
#include "dns/idn.h"
#include "store/tlsrpt.h"

#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WELL, UNKNOWN = 2 };

static const char usage[] =
	"Usage: mailseal report tlsrpt [-c FILE] [--day YYYY-MM-DD] [--json] [DOMAIN]\n"
	"\n"
	"How sessions ended, by UTC day, domain and policy, as TLS reports (RFC 8460) will say "
	"it:\n"
	"those of the relay, and those that others told the collector. Eight days are kept.\n"
	"\n"
	"  -c, --config FILE   whose state_dir it is (default /etc/mailseal/mailseal.conf)\n"
	"  -d, --day DAY       this day alone\n"
	"  -j, --json          a list of domains and days, with \"policies\" as in a report\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit: 0 well, 2 could not tell.\n"
	"Example: mailseal report tlsrpt --json example.org\n";

static void day_write(int64_t day, char *ret_text, size_t cap)
{
	time_t at = (time_t)(day * 86400);
	struct tm tm = {};
	gmtime_r(&at, &tm);
	strftime(ret_text, cap, "%Y-%m-%d", &tm);
}

static bool day_read(const char *text, int64_t *ret_day)
{
	struct tm tm = {};
	char again[16];
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	*ret_day = end && !*end ? store_tlsrpt_day(timegm(&tm)) : -1;
	day_write(*ret_day, again, sizeof(again));
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
	day_write(p->day, day, sizeof(day));
	printf("%s %s %s %s: %llu succeeded, %llu failed\n", day, p->domain,
	       policy_kind_name(p->kind), p->policy_domain, (unsigned long long)p->succeeded,
	       (unsigned long long)p->failed);
	lines_print(p->strings);
}

static void failure_print(void *owner, const struct store_tlsrpt_failure *f)
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

static json_t *lines_json(const char *lines)
{
	json_t *list = json_array();
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		json_array_append_new(list, json_stringn(lines, len));
		lines += len + (lines[len] != '\0');
	}
	return list;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static void policy_list(void *owner, const struct store_tlsrpt_policy *p)
{
	struct listing *l = owner;
	char day[16];
	day_write(p->day, day, sizeof(day));
	if (strcmp(text_of(l->one, "day"), day) || strcmp(text_of(l->one, "domain"), p->domain)) {
		l->one = json_pack("{s:s, s:s, s:[]}", "day", day, "domain", p->domain, "policies");
		json_array_append_new(l->all, l->one);
	}
	l->failures = json_array();
	json_array_append_new(json_object_get(l->one, "policies"),
	                      json_pack("{s:{s:s, s:o, s:s, s:o}, s:{s:I, s:I}, s:o}", "policy",
	                                "policy-type", policy_kind_name(p->kind), "policy-string",
	                                lines_json(p->strings), "policy-domain", p->policy_domain,
	                                "mx-host", lines_json(p->mx), "summary",
	                                "total-successful-session-count", (json_int_t)p->succeeded,
	                                "total-failure-session-count", (json_int_t)p->failed,
	                                "failure-details", l->failures));
}

static void failure_list(void *owner, const struct store_tlsrpt_failure *f)
{
	const struct {
		const char *name, *text;
	} fields[] = {
		{ "sending-mta-ip", f->sender },      { "receiving-mx-hostname", f->mx },
		{ "receiving-mx-helo", f->helo },     { "receiving-ip", f->receiver },
		{ "failure-reason-code", f->reason }, { "additional-information", f->more },
	};
	struct listing *l = owner;
	json_t *one = json_pack("{s:s, s:I}", "result-type", policy_report_name(f->report),
	                        "failed-session-count", (json_int_t)f->sessions);
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (fields[i].text[0])
			json_object_set_new(one, fields[i].name, json_string(fields[i].text));
	json_array_append_new(l->failures, one);
}

static int tell(struct store_tlsrpt *store, int64_t day, const char *domain, bool as_json)
{
	struct listing listing = { .all = json_array() };
	const struct store_tlsrpt_reader readers[] = { { NULL, policy_print, failure_print },
		                                       { &listing, policy_list, failure_list } };
	int r = store ? store_tlsrpt_read(store, day, domain, &readers[as_json]) : 0;
	if (!r && as_json) {
		json_dumpf(listing.all, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		putchar('\n');
	}
	json_decref(listing.all);
	return r;
}

/* 0, or 1 with a line on stderr. ret_path: PATH_MAX + 32 bytes. */
static int path_find(const char *config, char *ret_path)
{
	struct conf_errors errors = {};
	struct conf_settings *settings = NULL;
	int r = conf_read_file(&settings, config, time(NULL), &errors);
	if (r)
		conf_errors_print(&errors, stderr);
	else
		snprintf(ret_path, PATH_MAX + 32, "%s/" CONF_RESOLVER_FOLDER "/" CONF_TLSRPT_FILE,
		         settings->state_dir);
	conf_errors_deinit(&errors);
	conf_settings_free(settings);
	return r ? 1 : 0;
}

static int tlsrpt_run(const char *config, int64_t day, const char *domain, bool as_json)
{
	char path[PATH_MAX + 32];
	struct store_tlsrpt *store = NULL;
	if (path_find(config, path))
		return UNKNOWN;
	int r = store_tlsrpt_open_read(&store, path);
	if (r >= 0) /* no file: nothing was counted yet */
		r = tell(store, day, domain, as_json);
	store_tlsrpt_close(store);
	if (!r)
		return WELL;
	fprintf(stderr, "mailseal report: %s cannot be read\n", path);
	return UNKNOWN;
}

static int usage_wrong(void)
{
	fputs(usage, stderr);
	return UNKNOWN;
}

int cmd_report_tlsrpt(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "day", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const char *config = CONF_USUAL_FILE;
	char domain[DNS_IDN_CAP];
	int64_t day = -1;
	bool as_json = false;
	int c;
	while ((c = getopt_long(argc, argv, "c:d:jh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'd':
			if (!day_read(optarg, &day))
				return usage_wrong();
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return WELL;
		default:
			return usage_wrong();
		}
	}
	int count = argc - optind;
	if (count > 1 || (count == 1 && !dns_idn_take(slice_str(argv[optind]), domain)))
		return usage_wrong();
	return tlsrpt_run(config, day, count == 1 ? domain : NULL, as_json);
}
