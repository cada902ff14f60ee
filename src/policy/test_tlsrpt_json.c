#include "policy/tlsrpt_json.h"

#include "base/clean.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

static const struct policy_tlsrpt_head head = { .day = 20544, /* 2026-04-01 */
	                                        .domain = "company-y.example",
	                                        .organization = "Company \"X\" \xc3\xbc",
	                                        .contact = "sts-reporting@company-x.example",
	                                        .hostname = "mx.company-x.example" };

static json_t *finish(struct policy_tlsrpt_writer *w)
{
	CLEAN(buf_deinit) struct buf text = {};
	assert_int_equal(policy_tlsrpt_finish(w, &text, &head), 0);
	struct slice s = buf_slice(&text);
	for (size_t i = 0; i < s.len; i++)
		assert_true(s.data[i] < 0x80);
	json_t *json = json_loadb((const char *)s.data, s.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	return json;
}

static void assert_same(const json_t *got, const char *expected)
{
	json_t *want = json_loads(expected, 0, NULL);
	assert_non_null(want);
	if (!json_equal(got, want)) {
		char *text = json_dumps(got, JSON_INDENT(1));
		print_error("%s\n", text);
		free(text);
	}
	assert_true(json_equal(got, want));
	json_decref(want);
}

/* The example of RFC 8460 appendix B, as this writer says it. */
static void test_tlsrpt_json_whole(void **state)
{
	CLEAN(policy_tlsrpt_writer_freep) struct policy_tlsrpt_writer *w = NULL;
	assert_int_equal(policy_tlsrpt_writer_new(&w), 0);
	policy_tlsrpt_write_policy(
		w,
		&(struct policy_tlsrpt_sum){
			.kind = POLICY_KIND_STS,
			.policy_domain = "company-y.example",
			.strings = "version: STSv1\nmode: testing\nmx: *.mail.company-y.example\n",
			.mx = "*.mail.company-y.example\n",
			.succeeded = 5326,
			.failed = 303 });
	policy_tlsrpt_write_failure(
		w, &(struct policy_tlsrpt_fault){ .report = POLICY_REPORT_CERTIFICATE_EXPIRED,
	                                          .sender = "2001:db8:abcd:0012::1",
	                                          .mx = "mx1.mail.company-y.example",
	                                          .helo = "",
	                                          .receiver = "",
	                                          .reason = "",
	                                          .more = "",
	                                          .sessions = 100 });
	policy_tlsrpt_write_failure(
		w, &(struct policy_tlsrpt_fault){ .report = POLICY_REPORT_STARTTLS_NOT_SUPPORTED,
	                                          .sender = "192.0.2.58",
	                                          .mx = "mx2.mail.company-y.example",
	                                          .helo = "mx2",
	                                          .receiver = "203.0.113.58",
	                                          .reason = "why",
	                                          .more = "more",
	                                          .sessions = 203 });
	policy_tlsrpt_write_policy(
		w, &(struct policy_tlsrpt_sum){ .kind = POLICY_KIND_NONE,
	                                        .policy_domain = "company-y.example",
	                                        .strings = "",
	                                        .mx = "",
	                                        .succeeded = 1 });
	assert_int_equal(policy_tlsrpt_policies(w), 2);
	json_t *json = finish(w);
	assert_same(
		json,
		"{\"organization-name\":\"Company \\\"X\\\" \\u00fc\","
		"\"date-range\":{\"start-datetime\":\"2026-04-01T00:00:00Z\","
		"\"end-datetime\":\"2026-04-01T23:59:59Z\"},"
		"\"contact-info\":\"sts-reporting@company-x.example\","
		"\"report-id\":\"2026-04-01.company-y.example@mx.company-x.example\","
		"\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":"
		"[\"version: STSv1\",\"mode: testing\",\"mx: *.mail.company-y.example\"],"
		"\"policy-domain\":\"company-y.example\",\"mx-host\":[\"*.mail.company-y.example\"]"
		"},\"summary\":{\"total-successful-session-count\":5326,"
		"\"total-failure-session-count\":303},\"failure-details\":["
		"{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":"
		"\"2001:db8:abcd:0012::1\",\"receiving-mx-hostname\":\"mx1.mail.company-y.example\""
		",\"failed-session-count\":100},"
		"{\"result-type\":\"starttls-not-supported\",\"sending-mta-ip\":\"192.0.2.58\","
		"\"receiving-mx-hostname\":\"mx2.mail.company-y.example\","
		"\"receiving-mx-helo\":\"mx2\",\"receiving-ip\":\"203.0.113.58\","
		"\"failure-reason-code\":\"why\",\"additional-information\":\"more\","
		"\"failed-session-count\":203}]},"
		"{\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-domain\":"
		"\"company-y.example\"},\"summary\":{\"total-successful-session-count\":1,"
		"\"total-failure-session-count\":0}}]}");
	json_decref(json);
}

static void test_tlsrpt_json_of_odd_bytes(void **state)
{
	CLEAN(policy_tlsrpt_writer_freep) struct policy_tlsrpt_writer *w = NULL;
	CLEAN(buf_deinit) struct buf text = {};
	struct policy_tlsrpt_head odd = head;
	odd.organization = "M\xfcller";
	assert_int_equal(policy_tlsrpt_writer_new(&w), 0);
	assert_int_equal(policy_tlsrpt_finish(w, &text, &odd), 0);
	assert_int_equal(buf_add(&text, slice_of("", 1)), 0);
	assert_non_null(strstr((const char *)buf_slice(&text).data, "\"M?ller\""));
}

static void test_tlsrpt_json_id(void **state)
{
	char id[POLICY_TLSRPT_ID_CAP], other[POLICY_TLSRPT_ID_CAP];
	struct policy_tlsrpt_head next = head;
	policy_tlsrpt_id(&head, id);
	next.day++;
	policy_tlsrpt_id(&next, other);
	assert_string_not_equal(id, other);
	next = head;
	next.hostname = "mx2.company-x.example";
	policy_tlsrpt_id(&next, other);
	assert_string_not_equal(id, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlsrpt_json_whole),
		cmocka_unit_test(test_tlsrpt_json_of_odd_bytes),
		cmocka_unit_test(test_tlsrpt_json_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
