#include "base/clean.h"
#include "check/sender_site.h"
#include "io/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void place(struct check_sender_site *site, const char *name, const char *address)
{
	struct check_sender_place *p = &site->places[site->place_count++];
	p->sender_case = name ? check_sender_case_find(name) : NULL;
	p->address_len = io_address_take(address, 25, &p->address);
	assert_true(p->address_len);
	snprintf(p->text, sizeof(p->text), "%s", address);
	if (name)
		site->set |= 1U << check_sender_number(p->sender_case);
	else
		site->has_https = true;
}

static void site_fill(struct check_sender_site *site, bool has_https)
{
	*site = (struct check_sender_site){ .zone = "test.example.org", .tlsa_usage = 2 };
	memset(site->tlsa_digest, 0xab, sizeof(site->tlsa_digest));
	place(site, "good", "192.0.2.1");
	place(site, "good", "2001:db8::1");
	place(site, "dane-unusable", "192.0.2.2");
	place(site, "sts-mx", "192.0.2.3");
	if (has_https)
		place(site, NULL, "192.0.2.9");
}

static const char *zone_of(struct buf *out, const struct check_sender_site *site)
{
	assert_int_equal(check_sender_zone_write(out, site), 0);
	assert_int_equal(buf_add(out, slice_of("", 1)), 0);
	return (const char *)buf_slice(out).data;
}

static void test_sender_site_zone(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	struct check_sender_site site;
	site_fill(&site, true);
	const char *zone = zone_of(&out, &site);
	static const char *const lines[] = {
		"$ORIGIN test.example.org.\n",
		"\ngood\tMX\t10 mx-good\nmx-good\tA\t192.0.2.1\nmx-good\tAAAA\t2001:db8::1\n"
		"_25._tcp.mx-good\tTLSA\t2 1 1 abababababababababababababababab"
		"abababababababababababababababab\n"
		"_mta-sts.good\tTXT\t\"v=STSv1; id=1\"\nmta-sts.good\tA\t192.0.2.9\n",
		"_25._tcp.mx-dane-unusable\tTLSA\t3 1 1 00\n",
		"mta-sts.sts-mx\tA\t192.0.2.9\n",
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (!strstr(zone, lines[i]))
			fail_msg("no\n%s in\n%s", lines[i], zone);
	assert_null(strstr(zone, "plain")); /* not in the set */
	assert_null(strstr(zone, "well-known"));
}

static void test_sender_site_files_for_another_web_server(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	struct check_sender_site site;
	site_fill(&site, false);
	const char *zone = zone_of(&out, &site);
	assert_non_null(strstr(zone, "\n; https://mta-sts.sts-mx.test.example.org/.well-known/"
	                             "mta-sts.txt\n;     version: STSv1\n;     mode: enforce\n"
	                             ";     mx: mx-of-nobody-sts-mx.test.example.org\n"));
	assert_null(strstr(zone, "192.0.2.9"));
}

#define GET "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"

static const struct {
	const char *request;
	int result;
	const char *name; /* of the case, NULL: 404 */
} requests[] = {
	{ GET "Host: mta-sts.good.test.example.org\r\n\r\n", 0, "good" },
	{ GET "User-Agent: x\r\nHOST:MTA-STS.GOOD.test.example.org:443\r\n\r\n", 0, "good" },
	{ GET "Host: mta-sts.plain.test.example.org\r\n\r\n", 0, NULL },
	{ GET "Host: mta-sts.dane-unusable.test.example.org\r\n\r\n", 0, NULL },
	{ GET "\r\n", 0, NULL },
	{ "GET / HTTP/1.1\r\nHost: mta-sts.good.test.example.org\r\n\r\n", 0, NULL },
	{ "POST /.well-known/mta-sts.txt HTTP/1.1\r\n\r\n", 0, NULL },
	{ GET "Host: mta-sts.good.test.example.org\r\n", CHECK_SENDER_REQUEST_MORE, NULL },
	{ "", CHECK_SENDER_REQUEST_MORE, NULL },
	{ "a\nb\r\n\r\n", CHECK_SENDER_REQUEST_BAD, NULL },
};

static void test_sender_site_requests(void **state)
{
	(void)state;
	struct check_sender_site site;
	site_fill(&site, true);
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		CLEAN(buf_deinit) struct buf out = {};
		const struct check_sender_case *c = NULL;
		int r = check_sender_web_answer(&out, &site, slice_str(requests[i].request), &c);
		if (r != requests[i].result)
			fail_msg("%s: %d", requests[i].request, r);
		if (r)
			continue;
		assert_ptr_equal(c, requests[i].name ? check_sender_case_find(requests[i].name)
		                                     : NULL);
		assert_memory_equal(buf_slice(&out).data, c ? "HTTP/1.1 200" : "HTTP/1.1 404", 12);
	}
}

static void test_sender_site_request_too_long(void **state)
{
	(void)state;
	char text[CHECK_SENDER_REQUEST_MAX];
	CLEAN(buf_deinit) struct buf out = {};
	const struct check_sender_case *c = NULL;
	struct check_sender_site site;
	site_fill(&site, true);
	memset(text, 'x', sizeof(text));
	assert_int_equal(check_sender_web_answer(&out, &site, slice_of(text, sizeof(text)), &c),
	                 CHECK_SENDER_REQUEST_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sender_site_zone),
		cmocka_unit_test(test_sender_site_files_for_another_web_server),
		cmocka_unit_test(test_sender_site_requests),
		cmocka_unit_test(test_sender_site_request_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
