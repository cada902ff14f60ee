#include "base/clean.h"
#include "web/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_query_fields(void **state)
{
	(void)state;
	struct web_query q;
	assert_int_equal(
		web_query_parse(&q,
	                        slice_str("/%69mpact?min_version=1.3&who=a%40b+c&&empty=&alone")),
		0);
	assert_string_equal(q.path, "/impact");
	assert_int_equal(q.count, 4);
	assert_string_equal(web_query_get(&q, "min_version"), "1.3");
	assert_string_equal(web_query_get(&q, "who"), "a@b c");
	assert_string_equal(web_query_get(&q, "empty"), "");
	assert_string_equal(web_query_get(&q, "not-there"), "");
	assert_int_equal(web_query_parse(&q, slice_str("/a+b")), 0);
	assert_string_equal(q.path, "/a+b");
	assert_int_equal(web_query_parse(&q, slice_str("/?a=1&a=2")), 0);
	assert_string_equal(web_query_get(&q, "a"), "1");
}

static const char *const bad[] = {
	"",
	"*",
	"impact",
	"http://x/",
	"/%",
	"/%4",
	"/%zz",
	"/%00",
	"/\x01",
	"/a%0d%0a",
	"/?a=%",
	"/?a=%0a",
	"/?%00=1",
	"/?a=\x7f",
	"/?abcdefghijklmnopqrstuvwxyz0123456789=1",
	"/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q",
};

static void test_query_bad(void **state)
{
	(void)state;
	struct web_query q;
	char long_text[1200];
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(web_query_parse(&q, slice_str(bad[i])), WEB_QUERY_BAD);
	memset(long_text, 'a', sizeof(long_text));
	memcpy(long_text, "/?b=", 4);
	assert_int_equal(web_query_parse(&q, slice_of(long_text, 4 + WEB_VALUE_CAP - 1)), 0);
	assert_int_equal(web_query_parse(&q, slice_of(long_text, 4 + WEB_VALUE_CAP)),
	                 WEB_QUERY_BAD);
	memcpy(long_text, "/aaa", 4);
	assert_int_equal(web_query_parse(&q, slice_of(long_text, WEB_PATH_CAP - 1)), 0);
	assert_int_equal(web_query_parse(&q, slice_of(long_text, WEB_PATH_CAP)), WEB_QUERY_BAD);
}

static const struct {
	const char *host;
	bool is_ours;
} hosts[] = {
	{ "localhost", true },
	{ "LocalHost:8025", true },
	{ "127.0.0.1", true },
	{ "127.3.2.1:80", true },
	{ "[::1]:8025", true },
	{ "[::1]", true },
	{ "mail.example.org", true },
	{ "MAIL.example.org:443", true },
	{ NULL, false },
	{ "", false },
	{ ":8025", false },
	{ "rebind.example", false },
	{ "127.0.0.1.rebind.example", false },
	{ "127.0.0.1:80:80", false },
	{ "127.0.0.1:x", false },
	{ "127.0.0.", false },
	{ "127.0.0.1 ", false },
	{ "127.0.0.+1", false },
	{ "128.0.0.1", false },
	{ "127.0.0.256", false },
	{ "localhost.rebind.example", false },
	{ "mail.example.org.rebind.example", false },
	{ "[::2]", false },
	{ "[::1", false },
	{ "[::1]x", false },
	{ "user@localhost", false },
};

static void test_query_host(void **state)
{
	(void)state;
	char *names[] = { "mail.example.org" };
	for (size_t i = 0; i < COUNT_OF(hosts); i++)
		if (web_host_is_ours(hosts[i].host, names, 1) != hosts[i].is_ours)
			fail_msg("%s", hosts[i].host ? hosts[i].host : "(none)");
	assert_false(web_host_is_ours("mail.example.org", NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query_fields),
		cmocka_unit_test(test_query_bad),
		cmocka_unit_test(test_query_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
