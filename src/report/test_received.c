#include "report/received.h"

#include "base/clean.h"
#include "base/gzip.h"
#include "report/authres.h"
#include "report/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

static const char report[] =
	"{\"organization-name\":\"Company-X\",\"date-range\":{\"start-datetime\":"
	"\"2016-04-01T00:00:00Z\",\"end-datetime\":\"2016-04-01T23:59:59Z\"},"
	"\"contact-info\":\"sts-reporting@company-x.example\",\"report-id\":\"5065427c-23d3\","
	"\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\"],"
	"\"policy-domain\":\"company-y.example\",\"mx-host\":\"*.mail.company-y.example\"},"
	"\"summary\":{\"total-successful-session-count\":5326,"
	"\"total-failure-session-count\":303},\"failure-details\":[{\"result-type\":"
	"\"certificate-expired\",\"sending-mta-ip\":\"2001:db8:abcd:0012::1\","
	"\"receiving-mx-hostname\":\"mx1.mail.company-y.example\",\"failed-session-count\":100},"
	"{\"result-type\":\"validation-failure\",\"failed-session-count\":\"203\","
	"\"failure-reason-code\":\"X509_V_ERR\\u0007\\u00fc\"}]}]}";

static void assert_is_the_report(struct slice json)
{
	CLEAN(report_received_freep) struct report_received *r = NULL;
	struct report_received_policy p;
	struct report_received_failure f;
	const char *why;
	assert_int_equal(report_received_read(&r, json, &why), 0);
	const struct report_received_head *h = report_received_head(r);
	assert_string_equal(h->organization, "Company-X");
	assert_string_equal(h->id, "5065427c-23d3");
	assert_string_equal(h->contact, "sts-reporting@company-x.example");
	assert_int_equal(h->begin_s, 1459468800);
	assert_int_equal(h->end_s, 1459555199);
	assert_true(report_received_policy(r, 0, &p));
	assert_false(report_received_policy(r, 1, &p));
	assert_string_equal(p.kind, "sts");
	assert_string_equal(p.domain, "company-y.example");
	assert_true(p.succeeded == 5326 && p.failed == 303);
	assert_true(report_received_failure(r, 0, 1, &f));
	assert_false(report_received_failure(r, 0, 2, &f));
	assert_false(report_received_failure(r, 1, 0, &f));
	assert_string_equal(f.result, "validation-failure");
	assert_string_equal(f.reason, "X509_V_ERR???"); /* a bell, and two bytes of UTF-8 */
	assert_int_equal(f.sessions, 203);
	assert_true(report_received_failure(r, 0, 0, &f));
	assert_string_equal(f.mx, "mx1.mail.company-y.example");
	assert_string_equal(f.sender, "2001:db8:abcd:0012::1");
	assert_int_equal(f.sessions, 100);
}

static void opened(struct slice input)
{
	CLEAN(buf_deinit) struct buf json = {};
	const char *why;
	assert_int_equal(report_received_open(input, &json, &why), 0);
	assert_is_the_report(buf_slice(&json));
}

static void base64_add(struct buf *to, struct slice bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < bytes.len; i += 3) {
		uint32_t b = 0;
		size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		char out[5] = "====";
		for (size_t k = 0; k < 3; k++)
			b = b << 8 | (k < n ? bytes.data[i + k] : 0);
		for (size_t k = 0; k <= n; k++)
			out[k] = digits[b >> (18 - 6 * k) & 63];
		assert_int_equal(buf_add(to, slice_of(out, 4)), 0);
		if (i % 57 == 54)
			assert_int_equal(buf_add_str(to, "\r\n"), 0);
	}
}

static const struct {
	const char *name, *head, *tail;
	bool is_gzip, is_base64;
} mails[] = {
	{ "as RFC 8460 5.3 has it",
	  "From: noreply@company-x.example\r\nSubject: Report Domain: a\r\n Submitter: b\r\n"
	  "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n\tboundary=\"--x=_1\"\r\n\r\n"
	  "preamble\r\n----x=_1\r\nContent-Type: text/plain\r\n\r\nA report: {}\r\n\r\n----x=_1\r\n"
	  "Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n"
	  "Content-Disposition: attachment; filename=\"a!b!1!2.json.gz\"\r\n\r\n",
	  "\r\n----x=_1--\r\nepilogue\r\n", true, true },
	{ "the message is the attachment, lines end with LF",
	  "FROM: a@b.example\ncontent-type:\n application/tlsrpt+gzip\n"
	  "content-transfer-encoding: BASE64\n\n",
	  "", true, true },
	{ "JSON as it is", "Content-Type: application/tlsrpt+json; charset=utf-8\r\n\r\n", "\r\n",
	  false, false },
	{ "JSON in base64",
	  "Content-Type: application/tlsrpt+json\r\nContent-Transfer-Encoding: base64\r\n\r\n", "",
	  false, true },
	{ "nested, as lists and filters make it",
	  "Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: "
	  "multipart/report; boundary=outer\r\n\r\n--outer\r\nContent-Type: text/plain\r\n\r\nx\r\n"
	  "--outer\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n",
	  "\r\n--outer--\r\n--out\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--out--\r\n", true,
	  true },
	{ "known by its file's name alone",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
	  "application/octet-stream; name=\"logo.png\"\r\n\r\nnot this\r\n--b\r\nContent-Type: "
	  "application/octet-stream;\r\n name=\"A!B.JSON.GZ\"\r\n"
	  "Content-Transfer-Encoding: base64\r\n\r\n",
	  "\r\n--b--\r\n", true, true },
	{ "cut off on its way: the last delimiter lacks",
	  "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: "
	  "application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n",
	  "\r\n", true, true },
};

static void test_received_mails(void **state)
{
	CLEAN(buf_deinit) struct buf gzip = {};
	assert_int_equal(gzip_pack(&gzip, slice_str(report)), 0);
	for (size_t i = 0; i < COUNT_OF(mails); i++) {
		CLEAN(buf_deinit) struct buf mail = {};
		struct slice body = mails[i].is_gzip ? buf_slice(&gzip) : slice_str(report);
		print_message("%s\n", mails[i].name);
		assert_int_equal(buf_add_str(&mail, mails[i].head), 0);
		if (mails[i].is_base64)
			base64_add(&mail, body);
		else
			assert_int_equal(buf_add(&mail, body), 0);
		assert_int_equal(buf_add_str(&mail, mails[i].tail), 0);
		opened(buf_slice(&mail));
	}
	opened(buf_slice(&gzip));
	opened(slice_str(report));
}

static void test_received_quoted_printable(void **state)
{
	CLEAN(buf_deinit) struct buf mail = {};
	static const char head[] = "Content-Type: application/tlsrpt+json\r\n"
				   "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
	assert_int_equal(buf_add_str(&mail, head), 0);
	for (size_t i = 0; report[i]; i++) {
		if (report[i] == '=' || i % 7 == 0)
			assert_int_equal(buf_printf(&mail, "=%02X", (unsigned)report[i]), 0);
		else
			assert_int_equal(buf_add(&mail, slice_of(&report[i], 1)), 0);
		if (i % 60 == 59)
			assert_int_equal(buf_add_str(&mail, "=\r\n"), 0);
	}
	opened(buf_slice(&mail));
}

static const struct {
	const char *input, *why;
} rubbish[] = {
	{ "", "neither" },
	{ "Subject: hello\r\n\r\nno report\r\n", "neither" },
	{ "Content-Type: multipart/report\r\n\r\nno boundary", "neither" },
	{ "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n", "neither" },
	{ "Content-Type: application/tlsrpt+gzip\r\n\r\n\x1f\x8b\x08 no gzip", "gzip is broken" },
	{ "\x1f\x8b\x08 no gzip", "gzip is broken" },
	{ "{", "no JSON" },
	{ "{}", "no TLS report" },
	{ "{\"policies\":{}}", "no TLS report" },
	{ "{\"policies\":[]}", "date-range" },
	{ "{\"policies\":[],\"date-range\":{\"start-datetime\":\"soon\","
	  "\"end-datetime\":\"2016-04-01T00:00:00Z\"}}",
	  "date-range" },
};

static void test_received_rubbish(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rubbish); i++) {
		CLEAN(buf_deinit) struct buf json = {};
		CLEAN(report_received_freep) struct report_received *r = NULL;
		const char *why = "";
		print_message("%s\n", rubbish[i].input);
		int result = report_received_open(slice_str(rubbish[i].input), &json, &why);
		if (!result)
			result = report_received_read(&r, buf_slice(&json), &why);
		assert_int_equal(result, REPORT_RECEIVED_BAD);
		assert_non_null(strstr(why, rubbish[i].why));
	}
}

/* What would cost a gigabyte as JSON, and what grows a thousandfold. */
static void test_received_is_bounded(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(buf_deinit) struct buf gzip = {};
	CLEAN(buf_deinit) struct buf json = {};
	struct report_received *r = NULL;
	const char *why;
	for (size_t i = 0; i < 500 * 1000; i++)
		assert_int_equal(buf_add_str(&text, "{},"), 0);
	assert_int_equal(report_received_read(&r, buf_slice(&text), &why), REPORT_RECEIVED_BAD);
	assert_non_null(strstr(why, "parts"));
	buf_clear(&text);
	for (size_t i = 0; i < 1000 * 1000; i++)
		assert_int_equal(buf_add_str(&text, "        "), 0);
	assert_int_equal(gzip_pack(&gzip, buf_slice(&text)), 0);
	assert_int_equal(report_received_open(buf_slice(&gzip), &json, &why), REPORT_RECEIVED_BAD);
	assert_non_null(strstr(why, "grows"));
}

/* Multiparts within multiparts, and thousands of parts: an end comes soon. */
static void test_received_parts_are_bounded(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(buf_deinit) struct buf body = {};
	for (int i = 0; i < 5000; i++)
		assert_int_equal(
			buf_add_str(&text, "Content-Type: multipart/mixed; boundary=b\n\n--b\n"),
			0);
	assert_int_equal(report_mime_find(buf_slice(&text), &body), REPORT_MIME_NONE);
}

static const struct {
	const char *head;
	bool is_signed;
} results[] = {
	{ "Authentication-Results: mx.y.example; dkim=pass header.d=company-x.example\r\n", true },
	{ "Authentication-Results: mx.y.example;\r\n spf=pass smtp.mailfrom=a@b;\r\n"
	  "\tdkim=pass (2048-bit key; \"x;y\") reason=\"ok; really\"\r\n header.i=@x.example "
	  "header.d=company-x.example header.b=\"a=b\"\r\n",
	  true },
	{ "Authentication-Results: (c) MX.Y.EXAMPLE 1 ; dkim/1 = pass header.i = @company-x.example"
	  "\r\n",
	  true },
	{ "Authentication-Results: mx.y.example; dkim=fail header.d=a.example; dkim=pass "
	  "header.d=company-x.example\r\n",
	  true },
	{ "Authentication-Results: mx.y.example; dkim=pass header.d=evil.example\r\n", false },
	{ "Authentication-Results: mx.y.example; dkim=pass header.d=pany-x.example\r\n", false },
	{ "Authentication-Results: mx.y.example; dkim=pass header.d=example\r\n", false },
	{ "Authentication-Results: mx.y.example; dkim=pass\r\n", false },
	{ "Authentication-Results: mx.y.example; dkim=none\r\n", false },
	{ "Authentication-Results: mx.y.example; x-dkim=pass header.d=company-x.example\r\n",
	  false },
	{ "Authentication-Results: mx.y.example; dkim=fail (dkim=pass header.d=company-x.example)"
	  "\r\n",
	  false },
	{ "Authentication-Results: mx.y.example; spf=pass reason=\"; dkim=pass "
	  "header.d=company-x.example\"\r\n",
	  false },
	{ "Authentication-Results: mx.y.example; dkim=pass header.d=company-x.example (\r\n",
	  false },
	{ "Authentication-Results: evil.example; dkim=pass header.d=company-x.example\r\n", false },
	/* Ours is on top; what a stranger wrote below it does not count. */
	{ "Authentication-Results: mx.y.example; dkim=none\r\n"
	  "Authentication-Results: mx.y.example; dkim=pass header.d=company-x.example\r\n",
	  false },
	{ "Subject: x\r\n\r\nAuthentication-Results: mx.y.example; dkim=pass "
	  "header.d=company-x.example\r\n",
	  false },
};

static void test_received_signed(void **state)
{
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		print_message("%s", results[i].head);
		assert_int_equal(report_authres_is_signed(slice_str(results[i].head),
		                                          "mx.y.example", "company-x.example"),
		                 results[i].is_signed);
	}
	assert_true(report_authres_is_signed(slice_str(results[0].head), "mx.y.example",
	                                     "mail.company-x.example"));
}

static const struct {
	const char *head, *domain; /* NULL: none */
} froms[] = {
	{ "From: a@Company-X.example\r\n", "company-x.example" },
	{ "Subject: a\r\nfrom: \"a@b.example\" <noreply@x.example>\r\n", "x.example" },
	{ "From: <a@x.example>, <b@y.example>\r\n", "x.example" },
	{ "From: nobody\r\n", NULL },
	{ "Subject: a\r\n\r\nFrom: a@x.example\r\n", NULL },
};

static void test_received_from(void **state)
{
	char domain[256];
	for (size_t i = 0; i < COUNT_OF(froms); i++) {
		bool is = report_mime_from(slice_str(froms[i].head), domain);
		assert_int_equal(is, froms[i].domain != NULL);
		if (is)
			assert_string_equal(domain, froms[i].domain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received_mails),
		cmocka_unit_test(test_received_quoted_printable),
		cmocka_unit_test(test_received_rubbish),
		cmocka_unit_test(test_received_is_bounded),
		cmocka_unit_test(test_received_parts_are_bounded),
		cmocka_unit_test(test_received_signed),
		cmocka_unit_test(test_received_from),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
