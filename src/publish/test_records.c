/* What a configuration asks DNS to have, and answers beside it. */
#include "base/clean.h"
#include "conf/conf.h"
#include "publish/issuer.h"
#include "publish/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char config[] =
	"hostname = \"mx.example.org\";\n"
	"certificate = { a = { chain = \"/a\"; key = \"/a\"; }; b = { chain = \"/b\"; key = "
	"\"/b\"; }; };\n"
	"backend = { mta = { address = [\"127.0.0.1:10025\"]; }; imap = { address = "
	"[\"127.0.0.1:10143\"]; }; };\n"
	"edge = {\n"
	" mx = { protocol = \"smtp\"; listen = [\"192.0.2.1:25\"]; backend = \"mta\"; certificates "
	"= "
	"[\"a\"]; };\n"
	" mx6 = { protocol = \"smtp\"; listen = [\"[2001:db8::1]:25\"]; backend = \"mta\"; "
	"certificates = [\"a\"]; };\n"
	" inside = { protocol = \"smtp\"; listen = [\"127.0.0.1:25\"]; backend = \"mta\"; hostname "
	"= "
	"\"no.example.org\"; };\n"
	" sieve = { protocol = \"managesieve\"; listen = [\"*:4190\"]; backend = \"imap\"; "
	"hostname = "
	"\"imap.example.org\"; };\n"
	" imap = { protocol = \"imap\"; listen_tls = [\"*:993\"]; backend = \"imap\"; hostname = "
	"\"imap.example.org\"; };\n"
	" web = { protocol = \"http\"; listen_tls = [\"*:443\"]; backend = \"imap\"; };\n"
	"};\n"
	"mta_sts = ( { domain = \"own.example\"; mode = \"enforce\"; max_age = \"1d\"; } );\n"
	"autoconfig = ( { domain = \"own.example\"; } );\n";

static struct conf_settings *settings;
static const struct publish_key keys[] = { { true, { 0xab } }, { true, { 0xcd } } };

static int fixture(void **state)
{
	(void)state;
	struct conf_errors errors = {};
	int r = conf_read_text(&settings, config, 1800000000, &errors);
	conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	return r;
}

static int fixture_end(void **state)
{
	(void)state;
	conf_settings_free(settings);
	return 0;
}

static void make(struct publish_records *ret_records)
{
	assert_int_equal(
		publish_records_make(ret_records,
	                             &(struct publish_with){ .domain = "example.org",
	                                                     .settings = settings,
	                                                     .keys = keys,
	                                                     .issuer = "letsencrypt.org" }),
		0);
}

static void expect(const struct publish_records *all, const char *owner, enum dns_type type,
                   const char *data)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct publish_record *r = &all->rows[i];
		if (r->type == type && !strcmp(r->owner, owner) && !strcmp(r->data, data))
			return;
	}
	fail_msg("no %s %s %s", owner, publish_type_name(type), data);
}

/* Once each, and nothing of what only this host can reach. */
static void test_records_are_those_of_public_doors(void **state)
{
	(void)state;
	static struct publish_records all;
	make(&all);
	expect(&all, "example.org", DNS_MX, "10 mx.example.org.");
	expect(&all, "mx.example.org", DNS_A, "");
	expect(&all, "_25._tcp.mx.example.org", DNS_TLSA,
	       "3 1 1 ab00000000000000000000000000000000000000000000000000000000000000");
	char sts[PUBLISH_DATA_CAP];
	snprintf(sts, sizeof(sts), "\"v=STSv1; id=%s;\"", all.policy_id);
	expect(&all, "_mta-sts.example.org", DNS_TXT, sts);
	expect(&all, "mta-sts.example.org", DNS_A, "");
	expect(&all, "_smtp._tls.example.org", DNS_TXT,
	       "\"v=TLSRPTv1; rua=mailto:tls-reports@example.org\"");
	expect(&all, "_imaps._tcp.example.org", DNS_SRV, "0 1 993 imap.example.org.");
	expect(&all, "_sieve._tcp.example.org", DNS_SRV, "10 1 4190 imap.example.org.");
	expect(&all, "_imap._tcp.example.org", DNS_SRV, "0 0 0 .");
	expect(&all, "_submissions._tcp.example.org", DNS_SRV, "0 0 0 .");
	expect(&all, "example.org", DNS_CAA, "0 issue \"letsencrypt.org\"");
	assert_int_equal(all.count, 6 + 7 + 1);
	assert_false(all.is_cut);
}

static void make_other(struct publish_records *ret_records, const char *domain,
                       const struct publish_history *history)
{
	assert_int_equal(
		publish_records_make(ret_records, &(struct publish_with){ .domain = domain,
	                                                                  .settings = settings,
	                                                                  .keys = keys,
	                                                                  .history = history }),
		0);
}

static void test_policy_names_the_hosts(void **state)
{
	(void)state;
	static struct publish_records all;
	make(&all);
	assert_string_equal(all.policy,
	                    "version: STSv1\nmode: testing\nmx: mx.example.org\nmax_age: 604800\n");
	assert_int_equal(all.policy_source, PUBLISH_POLICY_PROPOSED);
}

/* The id is that of the policy that site serves, once that is known. */
static void test_policy_is_that_of_the_settings_and_then_the_one_served(void **state)
{
	(void)state;
	static struct publish_records all, then;
	CLEAN(publish_history_deinit) struct publish_history history = {};
	const char text[] =
		"mailseal-served 1\n"
		"own.example enforce 86400 0 0 here mx.example.org=0,old.own.example=9\n"
		"end\n";
	char id[POLICY_STS_ID_MAX + 1], data[PUBLISH_DATA_CAP];
	make_other(&all, "own.example", &history);
	assert_string_equal(all.policy,
	                    "version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n");
	assert_int_equal(all.policy_source, PUBLISH_POLICY_WRITTEN);
	assert_int_equal(publish_history_read(&history, slice_str(text)), 0);
	make_other(&then, "own.example", &history);
	assert_int_equal(then.policy_source, PUBLISH_POLICY_SERVED);
	assert_non_null(strstr(then.policy, "mx: old.own.example\n"));
	assert_int_equal(publish_served_id(&history.items[0], id), 0);
	assert_string_equal(then.policy_id, id);
	assert_string_not_equal(all.policy_id, id);
	snprintf(data, sizeof(data), "\"v=STSv1; id=%s;\"", id);
	expect(&then, "_mta-sts.own.example", DNS_TXT, data);
}

static void test_mail_programs_have_names_to_ask(void **state)
{
	(void)state;
	static struct publish_records all;
	make_other(&all, "own.example", NULL);
	expect(&all, "autoconfig.own.example", DNS_A, "");
	expect(&all, "autodiscover.own.example", DNS_A, "");
	expect(&all, "_autodiscover._tcp.own.example", DNS_SRV,
	       "0 0 443 autodiscover.own.example.");
}

static void test_the_ca_of_an_acme_directory(void **state)
{
	(void)state;
	static const struct {
		const char *url, *name;
	} cases[] = {
		{ "https://acme-v02.api.letsencrypt.org/directory", "letsencrypt.org" },
		{ "https://acme-staging-v02.api.letsencrypt.org/directory", "letsencrypt.org" },
		{ "https://dv.acme-v02.api.pki.goog/directory", "pki.goog" },
		{ "https://acme.zerossl.com:443/v2/DV90", "sectigo.com" },
		{ "https://evilapi.letsencrypt.org/", NULL },
		{ "https://api.letsencrypt.org.example.net/", NULL },
		{ "https://127.0.0.1:14000/dir", NULL },
		{ "nothing", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *name = publish_issuer_of_acme(cases[i].url);
		assert_true(!name == !cases[i].name);
		if (name)
			assert_string_equal(name, cases[i].name);
	}
}

/* --- answers --- */

struct answer {
	enum dns_type type;
	const char *data;
	size_t len;
};

/* The question "x.", and one record for each. */
static struct slice packet(const struct answer *answers, uint8_t count)
{
	static uint8_t bytes[512];
	size_t len = 0;
	const uint8_t head[] = { 0, 0, 0x80, 0, 0, 1, 0, count, 0, 0, 0, 0, 1, 'x', 0, 0, 1, 0, 1 };
	memcpy(bytes, head, sizeof(head));
	len += sizeof(head);
	for (uint8_t i = 0; i < count; i++) {
		const struct answer *a = &answers[i];
		const uint8_t record[] = {
			0xc0, 12, (uint8_t)(a->type >> 8), (uint8_t)a->type, 0, 1, 0, 0, 0,
			60,   0,  (uint8_t)a->len
		};
		memcpy(bytes + len, record, sizeof(record));
		memcpy(bytes + len + sizeof(record), a->data, a->len);
		len += sizeof(record) + a->len;
	}
	return slice_of(bytes, len);
}

#define ANSWER(type, text)                                                                         \
	{                                                                                          \
		type, text, sizeof(text) - 1                                                       \
	}

static void compare(struct publish_record *r, enum policy_dns status, const struct answer *answers,
                    uint8_t count)
{
	publish_record_compare(r, status, packet(answers, count), NULL);
}

static void test_what_the_owner_chooses_is_free(void **state)
{
	(void)state;
	static const struct {
		enum dns_type type;
		const char *data;
		struct answer answer;
		bool is_there;
	} cases[] = {
		{ DNS_MX, "10 mx.org.", ANSWER(DNS_MX, "\0\62\2mx\3org\0"), true },
		{ DNS_MX, "10 mx.org.", ANSWER(DNS_MX, "\0\12\2my\3org\0"), false },
		{ DNS_TXT, "\"v=STSv1; id=1;\"", ANSWER(DNS_TXT, "\15v=STSv1; id=7"), true },
		{ DNS_TXT, "\"v=STSv1; id=1;\"", ANSWER(DNS_TXT, "\6v=spf1"), false },
		{ DNS_SRV, "0 1 993 mx.org.", ANSWER(DNS_SRV, "\0\5\0\5\3\xe1\2mx\3org\0"), true },
		{ DNS_SRV, "0 1 993 mx.org.", ANSWER(DNS_SRV, "\0\0\0\1\0\x8f\2mx\3org\0"), false },
		{ DNS_SRV, "0 0 0 .", ANSWER(DNS_SRV, "\0\0\0\0\0\0\0"), true },
		{ DNS_CAA, "0 issue \"a\"", ANSWER(DNS_CAA, "\0\5issueother.example"), true },
		{ DNS_CAA, "0 issue \"a\"", ANSWER(DNS_CAA, "\0\5iodefother.example"), false },
		{ DNS_A, "", ANSWER(DNS_A, "\xc0\0\2\1"), true },
		{ DNS_TLSA, "3 1 1 ab", ANSWER(DNS_TLSA, "\3\1\1\xab"), true },
		{ DNS_TLSA, "3 1 1 ab", ANSWER(DNS_TLSA, "\3\1\1\xac"), false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct publish_record r = { .type = cases[i].type };
		strcpy(r.data, cases[i].data);
		compare(&r, POLICY_DNS_SECURE, &cases[i].answer, 1);
		assert_int_equal(r.state, cases[i].is_there ? PUBLISH_THERE : PUBLISH_MISSING);
		assert_int_equal(r.instead[0] != '\0', !cases[i].is_there);
	}
}

/* Senders fetch a policy again only for another id. */
static void test_the_id_of_what_is_served_is_not_free(void **state)
{
	(void)state;
	static const struct {
		struct answer answer;
		bool is_there;
	} cases[] = {
		{ ANSWER(DNS_TXT, "\15v=STSv1; id=7"), true },
		{ ANSWER(DNS_TXT, "\17v=STSv1; id=7; "), true },
		{ ANSWER(DNS_TXT, "\16v=STSv1; id=8;"), false },
		{ ANSWER(DNS_TXT, "\7v=STSv1"), false },
		{ ANSWER(DNS_TXT, "\0"), false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct publish_record r = { .type = DNS_TXT,
			                    .data = "\"v=STSv1; id=7;\"",
			                    .is_exact = true };
		compare(&r, POLICY_DNS_SECURE, &cases[i].answer, 1);
		assert_int_equal(r.state, cases[i].is_there ? PUBLISH_THERE : PUBLISH_MISSING);
	}
}

static void test_tlsa_is_worth_nothing_without_dnssec(void **state)
{
	(void)state;
	static const struct answer answer = ANSWER(DNS_TLSA, "\3\1\1\xab");
	struct publish_record r = { .type = DNS_TLSA, .data = "3 1 1 ab" };
	compare(&r, POLICY_DNS_INSECURE, &answer, 1);
	assert_int_equal(r.state, PUBLISH_UNSIGNED);
}

/* Those of the next key stand beside that in force. */
static void test_one_of_several_is_enough(void **state)
{
	(void)state;
	static const struct answer answers[] = { ANSWER(DNS_TLSA, "\3\1\1\xac"),
		                                 ANSWER(DNS_TLSA, "\3\1\1\xab") };
	struct publish_record r = { .type = DNS_TLSA, .data = "3 1 1 ab" };
	compare(&r, POLICY_DNS_SECURE, answers, 2);
	assert_int_equal(r.state, PUBLISH_THERE);
	assert_string_equal(r.instead, "");
	struct publish_record other = { .type = DNS_TLSA, .data = "3 1 1 ff" };
	compare(&other, POLICY_DNS_SECURE, answers, 2);
	assert_string_equal(other.instead, "3 1 1 ac, 3 1 1 ab");
}

static void test_a_lost_answer_is_no_absence(void **state)
{
	(void)state;
	struct publish_record r = { .type = DNS_MX, .data = "10 mx.org." };
	publish_record_compare(&r, POLICY_DNS_FAILED, (struct slice){}, "no server answered");
	assert_int_equal(r.state, PUBLISH_UNKNOWN);
	assert_string_equal(r.lost, "no server answered");
	compare(&r, POLICY_DNS_SECURE, NULL, 0);
	assert_int_equal(r.state, PUBLISH_MISSING);
}

static void test_issuers(void **state)
{
	(void)state;
	assert_string_equal(publish_issuer_name("C=US,O=Let's Encrypt,CN=R11"), "letsencrypt.org");
	assert_null(publish_issuer_name("CN=our own"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_those_of_public_doors),
		cmocka_unit_test(test_policy_names_the_hosts),
		cmocka_unit_test(test_policy_is_that_of_the_settings_and_then_the_one_served),
		cmocka_unit_test(test_mail_programs_have_names_to_ask),
		cmocka_unit_test(test_the_ca_of_an_acme_directory),
		cmocka_unit_test(test_what_the_owner_chooses_is_free),
		cmocka_unit_test(test_the_id_of_what_is_served_is_not_free),
		cmocka_unit_test(test_tlsa_is_worth_nothing_without_dnssec),
		cmocka_unit_test(test_one_of_several_is_enough),
		cmocka_unit_test(test_a_lost_answer_is_no_absence),
		cmocka_unit_test(test_issuers),
	};
	return cmocka_run_group_tests(tests, fixture, fixture_end);
}
