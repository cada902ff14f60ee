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
	"};\n";

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
	publish_records_make(ret_records, &(struct publish_with){ .domain = "example.org",
	                                                          .settings = settings,
	                                                          .keys = keys,
	                                                          .issuer = "letsencrypt.org" });
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
	expect(&all, "_mta-sts.example.org", DNS_TXT, "\"v=STSv1; id=1;\"");
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

static void test_policy_names_the_hosts(void **state)
{
	(void)state;
	static struct publish_records all;
	char text[512];
	make(&all);
	assert_true(publish_policy_write(text, sizeof(text), &all));
	assert_string_equal(text,
	                    "version: STSv1\nmode: testing\nmx: mx.example.org\nmax_age: 604800\n");
	all.count = 0;
	assert_false(publish_policy_write(text, sizeof(text), &all));
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
		cmocka_unit_test(test_what_the_owner_chooses_is_free),
		cmocka_unit_test(test_tlsa_is_worth_nothing_without_dnssec),
		cmocka_unit_test(test_one_of_several_is_enough),
		cmocka_unit_test(test_a_lost_answer_is_no_absence),
		cmocka_unit_test(test_issuers),
	};
	return cmocka_run_group_tests(tests, fixture, fixture_end);
}
