#include "cmd/dns.h"

#include "ask/lookup.h"
#include "base/clean.h"
#include "base/file.h"
#include "cmd/ask_tools.h"
#include "cmd/dns_print.h"
#include "cmd/sts_step.h"
#include "conf/materials.h"
#include "conf/site.h"
#include "dns/idn.h"
#include "publish/issuer.h"
#include "tls/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WELL, NOT_WELL, UNKNOWN };

static const char usage_begin[] =
	"Usage: mailseal dns [OPTIONS] DOMAIN\n"
	"\n"
	"All records that DOMAIN needs for the mail that the configuration serves, as lines of a\n"
	"zone file, and which of them are missing now: MX, addresses, TLSA of the certificates,\n"
	"MTA-STS with its policy, TLS reports, SRV for clients, CAA. Asks DNS; changes nothing.\n"
	"\n";
static const char usage_end[] =
	"  -m, --missing            those alone that are missing\n"
	"  -j, --json               the same for programs\n"
	"  -h, --help               this text\n"
	"\n"
	"Exit: 0 nothing that is needed is missing, 1 something is, 2 could not tell.\n"
	"Example: mailseal dns example.org\n";

struct asked {
	struct asking *asking;
	struct publish_record *record;
	struct lookup_question *question;
};

struct asking {
	struct ask_tools tools;
	struct publish_records records;
	struct asked asked[PUBLISH_RECORDS_MAX];
	size_t open;
};

static void usage_print(FILE *out)
{
	fputs(usage_begin, out);
	fputs(dns_options_usage, out);
	fputs(usage_end, out);
}

static int options_fail(const char *text)
{
	fprintf(stderr, "mailseal dns: %s\n\n", text);
	usage_print(stderr);
	return UNKNOWN;
}

/* --- what there is to publish --- */

/* A chain that cannot be read is said; its TLSA record is then not known. */
static void key_read(const struct conf_settings *s, const struct conf_certificate *certificate,
                     struct publish_key *ret_key, const char **ret_issuer)
{
	char path[512];
	CLEAN(buf_deinit) struct buf pem = {};
	CLEAN(tls_inspection_deinit) struct tls_inspection chain = {};
	if (certificate->acme && !*ret_issuer)
		*ret_issuer = publish_issuer_of_acme(certificate->acme);
	conf_certificate_chain_path(s, certificate, path, sizeof(path));
	int r = file_read(&pem, path, TLS_INSPECT_LEN_MAX, NULL);
	if (r) {
		fprintf(stderr,
		        "mailseal dns: certificate.%s: %s: %s; its TLSA record is left out\n",
		        certificate->name, path, file_error(r));
		return;
	}
	if (tls_inspect(&chain, buf_slice(&pem))) {
		fprintf(stderr, "mailseal dns: certificate.%s: %s has no certificate\n",
		        certificate->name, path);
		return;
	}
	ret_key->is_known = true;
	memcpy(ret_key->digest, chain.certificates[0].spki, sizeof(ret_key->digest));
	if (!*ret_issuer)
		*ret_issuer = publish_issuer_name(chain.certificates[0].issuer);
}

/* 0 or -ENOMEM. */
static int records_make(struct publish_records *ret_records, const struct conf_settings *settings,
                        const char *domain, const struct publish_history *served)
{
	const char *issuer = NULL;
	CLEAN(freep)
	struct publish_key *keys = calloc(settings->certificate_count + 1, sizeof(*keys));
	if (!keys)
		return -1;
	for (size_t i = 0; i < settings->certificate_count; i++)
		key_read(settings, &settings->certificates[i], &keys[i], &issuer);
	return publish_records_make(ret_records, &(struct publish_with){ .domain = domain,
	                                                                 .settings = settings,
	                                                                 .keys = keys,
	                                                                 .issuer = issuer,
	                                                                 .history = served });
}

/* --- asking --- */

static void on_answer(void *owner, const struct lookup_answer *answer)
{
	struct asked *a = owner;
	publish_record_compare(a->record, answer->status, answer->packet, answer->why);
	lookup_question_free(a->question);
	a->question = NULL;
	if (!--a->asking->open)
		io_loop_stop(a->asking->tools.loop);
}

static int all_ask(struct asking *a)
{
	int r = 0;
	for (size_t i = 0; i < a->records.count && !r; i++) {
		struct asked *one = &a->asked[i];
		*one = (struct asked){ .asking = a, .record = &a->records.rows[i] };
		r = lookup_ask(&one->question, a->tools.lookup, one->record->owner,
		               one->record->type, on_answer, one);
		a->open += !r;
	}
	return r || !a->open ? r : ask_tools_run(&a->tools);
}

static int asking_run(struct asking *a, const struct dns_options *dns)
{
	char error[256];
	int r = ask_tools_make(&a->tools, dns, (struct slice){}, NULL, error, sizeof(error));
	if (!r)
		r = all_ask(a);
	if (r)
		fprintf(stderr, "mailseal dns: %s\n", error);
	for (size_t i = 0; i < a->records.count; i++)
		lookup_question_free(a->asked[i].question);
	ask_tools_deinit(&a->tools);
	return r;
}

static int verdict(const struct publish_records *records)
{
	int status = WELL;
	for (size_t i = 0; i < records->count; i++) {
		const struct publish_record *r = &records->rows[i];
		if (r->is_needed && r->state == PUBLISH_UNKNOWN)
			return UNKNOWN;
		if (r->is_needed && r->state != PUBLISH_THERE)
			status = NOT_WELL;
	}
	return status;
}

static int dns_say(struct dns_print_options *print, const struct dns_options *dns, const char *text)
{
	char domain[DNS_IDN_CAP];
	if (!dns->settings)
		return options_fail("no configuration: -c FILE says what is to be served");
	if (!dns_idn_take(slice_str(text), domain))
		return options_fail("that is no domain");
	CLEAN(freep) struct asking *a = calloc(1, sizeof(*a));
	CLEAN(publish_history_deinit) struct publish_history served = {};
	bool is_known = sts_served_read(dns->settings, &served);
	if (!a || records_make(&a->records, dns->settings, domain, is_known ? &served : NULL)) {
		fputs("mailseal dns: out of memory\n", stderr);
		return UNKNOWN;
	}
	if (asking_run(a, dns))
		return UNKNOWN;
	struct sts_step step;
	bool has_step =
		conf_mta_sts_find(dns->settings, domain) && is_known &&
		!sts_step_find(&step, dns->settings, domain, publish_history_find(&served, domain));
	print->domain = domain;
	print->step = has_step ? &step : NULL;
	dns_print(stdout, &a->records, print);
	return verdict(&a->records);
}

/* -1: go on; else the exit status. */
static int options_read(struct dns_options *dns, struct dns_print_options *print, int argc,
                        char **argv)
{
	static const struct option table[] = {
		DNS_OPTIONS_TABLE,
		{ "missing", no_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const char *why;
	int c;
	while ((c = getopt_long(argc, argv, DNS_OPTIONS_LETTERS "mjh", table, NULL)) != -1) {
		if (c == 'h') {
			usage_print(stdout);
			return WELL;
		}
		if (c == 'm' || c == 'j') {
			*(c == 'm' ? &print->is_missing_only : &print->is_json) = true;
			continue;
		}
		int r = dns_options_take(dns, c, optarg, &why);
		if (r == DNS_OPTIONS_WRONG)
			return options_fail(why);
		if (r == DNS_OPTIONS_NOT_MINE) {
			usage_print(stderr);
			return UNKNOWN;
		}
	}
	return -1;
}

int cmd_dns(int argc, char **argv)
{
	struct dns_options dns = {};
	struct dns_print_options print = {};
	int status = options_read(&dns, &print, argc, argv);
	if (status < 0 && optind + 1 != argc)
		status = options_fail("one domain is wanted");
	if (status < 0 && dns_options_settle(&dns))
		status = UNKNOWN;
	if (status < 0)
		status = dns_say(&print, &dns, argv[optind]);
	dns_options_deinit(&dns);
	return status;
}
