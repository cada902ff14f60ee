#include "policy/tlsrpt_record.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

static const struct {
	const char *text;
	int outcome;
	const char *uris[3];
} records[] = {
	{ "v=TLSRPTv1; rua=mailto:reports@example.com", 0, { "mailto:reports@example.com" } },
	{ "v=TLSRPTv1;rua=https://reporting.example.com/v1/tlsrpt",
	  0,
	  { "https://reporting.example.com/v1/tlsrpt" } },
	{ "v=TLSRPTv1; rua=mailto:a@b.example , https://c.example/;",
	  0,
	  { "mailto:a@b.example", "https://c.example/" } },
	{ "v=TLSRPTv1 ; x=1; rua=MAILTO:a@b.example", 0, { "MAILTO:a@b.example" } },
	/* What is no place for reports is passed over, and so is what stands there twice. */
	{ "v=TLSRPTv1; rua=ftp://x.example/,mailto:,https://,mailto:a@b.example,mailto:a@b.example",
	  0,
	  { "mailto:a@b.example" } },
	{ "v=TLSRPTv1; rua=http://x.example/", POLICY_TLSRPT_BAD, {} },
	{ "v=TLSRPTv1; rua=mailto:a b@c.example", POLICY_TLSRPT_BAD, {} },
	{ "v=TLSRPTv1; rua=mailto:a@b.example\r\nRCPT", POLICY_TLSRPT_BAD, {} },
	{ "v=TLSRPTv1; rua=", POLICY_TLSRPT_BAD, {} },
	{ "v=TLSRPTv1; RUA=mailto:a@b.example", POLICY_TLSRPT_BAD, {} },
	{ "v=TLSRPTv1;", POLICY_TLSRPT_BAD, {} },
	{ "v=TLSRPTv1", POLICY_TLSRPT_ABSENT, {} },
	{ " v=TLSRPTv1; rua=mailto:a@b.example", POLICY_TLSRPT_ABSENT, {} },
	{ "v=TLSRPTv2; rua=mailto:a@b.example", POLICY_TLSRPT_ABSENT, {} },
	{ "v=tlsrptv1; rua=mailto:a@b.example", POLICY_TLSRPT_ABSENT, {} },
	{ "v=spf1 -all", POLICY_TLSRPT_ABSENT, {} },
	{ "", POLICY_TLSRPT_ABSENT, {} },
};

static void test_tlsrpt_record(void **state)
{
	for (size_t i = 0; i < COUNT_OF(records); i++) {
		struct policy_tlsrpt_record record;
		size_t count = 0;
		print_message("%s\n", records[i].text);
		assert_int_equal(policy_tlsrpt_record_parse(slice_str(records[i].text), &record),
		                 records[i].outcome);
		while (count < 3 && records[i].uris[count])
			count++;
		assert_int_equal(record.count, count);
		for (size_t n = 0; n < count; n++)
			assert_string_equal(record.uris[n], records[i].uris[n]);
	}
}

static void test_tlsrpt_record_has_a_most(void **state)
{
	char text[2000] = "v=TLSRPTv1; rua=mailto:0@x.example";
	struct policy_tlsrpt_record record;
	for (int i = 1; i < 30; i++)
		sprintf(text + strlen(text), ",mailto:%d@x.example", i);
	assert_int_equal(policy_tlsrpt_record_parse(slice_str(text), &record), 0);
	assert_int_equal(record.count, POLICY_TLSRPT_URIS_MAX);
	memset(text + 23, 'a', 1000);
	text[1023] = '\0';
	assert_int_equal(policy_tlsrpt_record_parse(slice_str(text), &record), POLICY_TLSRPT_BAD);
}

static const struct {
	const char *uri, *mailbox; /* NULL: none */
} mailboxes[] = {
	{ "mailto:reports@example.com", "reports@example.com" },
	{ "mailto:tls-reports+x@example.com?subject=hi", "tls-reports+x@example.com" },
	{ "MailTo:a%2Db@example.com", "a-b@example.com" },
	{ "mailto:a%0d%0aRCPT@example.com", NULL },
	{ "mailto:a%00@example.com", NULL },
	{ "mailto:a%2@example.com", NULL },
	{ "mailto:a@b@example.com", NULL },
	{ "mailto:a,b@example.com", NULL },
	{ "mailto:a@b.example%2Cc@d.example", NULL },
	{ "mailto:\"a b\"@example.com", NULL },
	{ "mailto:.a@example.com", NULL },
	{ "mailto:a..b@example.com", NULL },
	{ "mailto:a.@example.com", NULL },
	{ "mailto:@example.com", NULL },
	{ "mailto:a@", NULL },
	{ "mailto:a@[192.0.2.1]", NULL },
	{ "mailto:a", NULL },
	{ "https://a@example.com/", NULL },
};

static void test_tlsrpt_mailbox(void **state)
{
	char mailbox[POLICY_TLSRPT_MAILBOX_CAP], domain[POLICY_TLSRPT_MAILBOX_CAP];
	for (size_t i = 0; i < COUNT_OF(mailboxes); i++) {
		print_message("%s\n", mailboxes[i].uri);
		bool is_one = policy_tlsrpt_mailbox(mailboxes[i].uri, mailbox);
		assert_int_equal(is_one, mailboxes[i].mailbox != NULL);
		if (is_one)
			assert_string_equal(mailbox, mailboxes[i].mailbox);
	}
	policy_tlsrpt_mailbox_domain("a@Example.COM", domain);
	assert_string_equal(domain, "example.com");
	assert_true(policy_tlsrpt_is_https("HTTPS://a/") && !policy_tlsrpt_is_https("http://a/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlsrpt_record),
		cmocka_unit_test(test_tlsrpt_record_has_a_most),
		cmocka_unit_test(test_tlsrpt_mailbox),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
