#include "policy/tlsrpt_mail.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

static const struct policy_tlsrpt_head head = { .day = 20544, /* 2026-04-01 */
	                                        .domain = "company-y.example",
	                                        .organization = "X",
	                                        .contact = "c@company-x.example",
	                                        .hostname = "mx.company-x.example" };

static void mail_write(struct buf *to, struct slice gzip)
{
	const struct policy_tlsrpt_mail mail = { .head = &head,
		                                 .from = "noreply@company-x.example",
		                                 .to = "reports@company-y.example",
		                                 .gzip = gzip,
		                                 .succeeded = 5326,
		                                 .failed = 303,
		                                 .now_s = 1775091600 };
	assert_int_equal(policy_tlsrpt_mail_write(to, &mail), 0);
}

static void test_tlsrpt_mail_whole(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	mail_write(&text,
	           slice_str("\x1f\x8b any bytes, more of them than go into one line of base64."));
	assert_int_equal(buf_add(&text, slice_of("", 1)), 0);
	assert_string_equal(
		(const char *)buf_slice(&text).data,
		"From: <noreply@company-x.example>\r\n"
		"To: <reports@company-y.example>\r\n"
		"Date: Thu, 2 Apr 2026 01:00:00 +0000\r\n"
		"Message-ID: "
	        "<33cdb0ef6d2ac72d.2026-04-01.company-y.example@mx.company-x.example>\r\n"
		"Subject: Report Domain: company-y.example\r\n"
		" Submitter: company-x.example\r\n"
		" Report-ID: <2026-04-01.company-y.example@mx.company-x.example>\r\n"
		"TLS-Report-Domain: company-y.example\r\n"
		"TLS-Report-Submitter: company-x.example\r\n"
		"TLS-Required: No\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
		" boundary=\"=_tlsrpt_af99f5210161296d\"\r\n"
		"\r\n"
		"--=_tlsrpt_af99f5210161296d\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n"
		"\r\n"
		"This is a TLS report (RFC 8460): how our sessions with the mail servers of\r\n"
		"company-y.example ended on 2026-04-01 (UTC).\r\n"
		"\r\n"
		"5326 went well, 303 failed; a session counts for each policy.\r\n"
		"The attachment has the rest.\r\n"
		"\r\n"
		"--=_tlsrpt_af99f5210161296d\r\n"
		"Content-Type: application/tlsrpt+gzip\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment;\r\n"
		" filename=\"company-x.example!company-y.example!1775001600!1775087999!"
		"4584af09f3e5d286.json.gz\"\r\n"
		"\r\n"
		"H4sgYW55IGJ5dGVzLCBtb3JlIG9mIHRoZW0gdGhhbiBnbyBpbnRvIG9uZSBsaW5lIG9mIGJhc2U2\r\n"
		"NC4=\r\n"
		"--=_tlsrpt_af99f5210161296d--\r\n");
}

/* Every length of a last line; lines are short, and no dot begins one. */
static void test_tlsrpt_mail_lines(void **state)
{
	uint8_t bytes[300];
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		CLEAN(buf_deinit) struct buf text = {};
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(i * 37);
		mail_write(&text, slice_of(bytes, len));
		for (struct slice rest = buf_slice(&text); rest.len;) {
			size_t end = slice_find(rest, '\n');
			assert_true(end < 130 && end && rest.data[end - 1] == '\r');
			assert_true(rest.data[0] != '.');
			rest = slice_skip(rest, end + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlsrpt_mail_whole),
		cmocka_unit_test(test_tlsrpt_mail_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
