#include "base/clean.h"
#include "check/records.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEADER(answers) "\0\0\x81\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION "\7example\3org\0\0\17\0\1" /* at 12 */
#define RECORD(type, ttl, len) "\xc0\x0c" type "\0\1\0\0\0" ttl "\0" len
#define TXT(ttl, len, text) RECORD("\0\20", ttl, len) text
#define SRV(len, data) RECORD("\0\41", "\1", len) data
#define CAA(len, data) RECORD("\1\1", "\11", len) data
#define MX(len, data) RECORD("\0\17", "\1", len) data

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static const struct txt_case {
	const char *name;
	struct slice packet;
	unsigned count, bad;
	const char *text;
} sts[] = {
	{ "one", BYTES(HEADER("\1") QUESTION TXT("\7", "\20", "\17v=STSv1; id=1a;")), 1, 0,
	  "v=STSv1; id=1a;" },
	{ "two",
	  BYTES(HEADER("\2") QUESTION TXT("\7", "\20", "\17v=STSv1; id=1a;")
	                TXT("\7", "\20", "\17v=STSv1; id=2b;")),
	  2, 0, "v=STSv1; id=1a;" },
	{ "others", BYTES(HEADER("\1") QUESTION TXT("\7", "\7", "\6v=spf1")), 0, 0, "" },
	{ "not as it should begin",
	  BYTES(HEADER("\1") QUESTION TXT("\7", "\17", "\16v=stsv1 id=1a;")), 1, 1,
	  "v=stsv1 id=1a;" },
	{ "control bytes", BYTES(HEADER("\1") QUESTION TXT("\7", "\15", "\14v=STSv1;\x1b[2J")), 1,
	  1, "v=STSv1;?[2J" },
	{ "none", BYTES(HEADER("\0") QUESTION), 0, 0, "" },
	{ "no answer", BYTES(""), 0, 0, "" },
};

static void test_records_sts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sts); i++) {
		struct check_txt t = { .count = 9 };
		check_records_sts(&t, POLICY_DNS_SECURE, sts[i].packet);
		if (t.count != sts[i].count || t.bad != sts[i].bad ||
		    strcmp(t.text, sts[i].text) != 0 || t.ttl_s != (t.count ? 7 : 0) ||
		    t.status != POLICY_DNS_SECURE)
			fail_msg("%s: %u, %u bad, \"%s\"", sts[i].name, t.count, t.bad, t.text);
	}
}

static void test_records_tlsrpt(void **state)
{
	(void)state;
	struct check_txt t;
	struct policy_tlsrpt_record record;
	struct slice packet = BYTES(HEADER("\2") QUESTION TXT("\7", "\16", "\15v=TLSRPTv1; x")
	                                    TXT("\7", "\40", "\37v=TLSRPTv1; rua=mailto:a@b.org;"));
	check_records_tlsrpt(&t, &record, POLICY_DNS_INSECURE, packet);
	assert_true(t.count == 2 && t.bad == 1);
	assert_int_equal(record.count, 1);
	assert_string_equal(record.uris[0], "mailto:a@b.org");
}

static const struct caa_case {
	const char *name;
	struct slice packet;
	unsigned count, bad;
	const char *text;
} caa[] = {
	{ "two issuers",
	  BYTES(HEADER("\3") QUESTION CAA("\16", "\0\5issueca.test")
	                CAA("\24", "\0\5issueb.test;x=1234") CAA("\11", "\0\5iodefab")),
	  3, 0, "ca.test b.test" },
	{ "none may", BYTES(HEADER("\1") QUESTION CAA("\10", "\0\5issue;")), 1, 0, ";" },
	{ "wild ones alone", BYTES(HEADER("\1") QUESTION CAA("\14", "\0\11issuewild;")), 1, 0, "" },
	{ "bad", BYTES(HEADER("\1") QUESTION CAA("\2", "\0\0")), 1, 1, "" },
	{ "none", BYTES(HEADER("\0") QUESTION), 0, 0, "" },
};

static void test_records_caa(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(caa); i++) {
		struct check_txt t;
		check_records_caa(&t, POLICY_DNS_SECURE, caa[i].packet);
		if (t.count != caa[i].count || t.bad != caa[i].bad ||
		    strcmp(t.text, caa[i].text) != 0)
			fail_msg("%s: %u, %u bad, \"%s\"", caa[i].name, t.count, t.bad, t.text);
	}
}

static void test_records_srv(void **state)
{
	(void)state;
	struct check_srv srv[3] = { { .label = "_imaps" } };
	unsigned count;
	struct slice packet =
		BYTES(HEADER("\5") QUESTION SRV("\11", "\0\5\0\0\3\xe1\1e\0")
	                      SRV("\11", "\0\1\0\0\3\xe1\1a\0") SRV("\11", "\0\3\0\0\3\xe1\1c\0")
	                              SRV("\11", "\0\2\0\0\3\xe1\1b\0")
	                                      SRV("\11", "\0\0\0\0\3\xe1\1*\0"));
	check_records_srv(srv, 3, POLICY_DNS_SECURE, packet, &count);
	assert_int_equal(count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(srv[i].target[0] == "abc"[i] && srv[i].is_there && srv[i].port == 993);
		assert_string_equal(srv[i].label, "_imaps");
	}
	struct slice unused = BYTES(HEADER("\1") QUESTION SRV("\7", "\0\0\0\0\0\0\0"));
	srv[0] = (struct check_srv){ .label = "_pop3" };
	check_records_srv(srv, 3, POLICY_DNS_SECURE, unused, &count);
	assert_true(count == 1 && srv[0].is_there && !srv[0].target[0]);
	srv[0] = (struct check_srv){ .label = "_pop3" };
	check_records_srv(srv, 3, POLICY_DNS_FAILED, slice_str(""), &count);
	assert_true(count == 1 && !srv[0].is_there && srv[0].status == POLICY_DNS_FAILED);
}

static void test_records_mx(void **state)
{
	(void)state;
	struct slice alone = BYTES(HEADER("\1") QUESTION MX("\3", "\0\0\0"));
	struct slice beside = BYTES(HEADER("\2") QUESTION MX("\3", "\0\0\0") MX("\5", "\0\1\1a\0"));
	assert_false(check_records_null_mx_is_not_alone(alone));
	assert_true(check_records_null_mx_is_not_alone(beside));
	assert_false(check_records_null_mx_is_not_alone(slice_str("")));
	assert_int_equal(check_records_ttl_s(beside, DNS_MX), 1);
	assert_int_equal(check_records_ttl_s(beside, DNS_TLSA), 0);
}

static void test_records_nsec3(void **state)
{
	(void)state;
	struct slice there = BYTES(HEADER("\1") QUESTION RECORD("\0\63", "\0", "\5") "\1\0\0\0\0");
	struct slice denied = BYTES("\0\0\x81\x80\0\1\0\0\0\2\0\0" QUESTION RECORD(
		"\0\62", "\0", "\6") "\1\0\0\x0a\0\0" RECORD("\0\62", "\0", "\6") "\1\0\0\x96\0\0");
	assert_int_equal(check_records_nsec3(there), 0);
	assert_int_equal(check_records_nsec3(denied), 150);
	assert_int_equal(check_records_nsec3((struct slice)BYTES(HEADER("\0") QUESTION)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_sts), cmocka_unit_test(test_records_tlsrpt),
		cmocka_unit_test(test_records_caa), cmocka_unit_test(test_records_srv),
		cmocka_unit_test(test_records_mx),  cmocka_unit_test(test_records_nsec3),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
