#include "base/clean.h"
#include "servers/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_endpoint_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum servers_reach reach;
		const char *scheme, *host;
		uint16_t port;
	} cases[] = {
		{ "inet:10.0.0.5:8891", SERVERS_REACH_REMOTE, "inet", "10.0.0.5", 8891 },
		{ "inet:localhost:8891", SERVERS_REACH_LOOPBACK, "inet", "localhost", 8891 },
		{ "inet:8891@10.0.0.5", SERVERS_REACH_REMOTE, "inet", "10.0.0.5", 8891 },
		{ "unix:/run/x", SERVERS_REACH_SOCKET, "unix", "/run/x", 0 },
		{ "unix:private/x", SERVERS_REACH_SOCKET, "unix", "private/x", 0 },
		{ "/run/x", SERVERS_REACH_SOCKET, "", "/run/x", 0 },
		{ "127.3.2.1:24", SERVERS_REACH_LOOPBACK, "", "127.3.2.1", 24 },
		{ "mx.example.org:25", SERVERS_REACH_REMOTE, "", "mx.example.org", 25 },
		{ "[mx.example.org]:25", SERVERS_REACH_REMOTE, "", "mx.example.org", 25 },
		{ "[::1]:25", SERVERS_REACH_LOOPBACK, "", "::1", 25 },
		{ "[ipv6:2001:db8::1]:25", SERVERS_REACH_REMOTE, "", "2001:db8::1", 25 },
		{ "::1", SERVERS_REACH_LOOPBACK, "", "::1", 0 },
		{ "2001:db8::1", SERVERS_REACH_REMOTE, "", "2001:db8::1", 0 },
		{ "ldaps://ldap.example.org:636/dc=x", SERVERS_REACH_REMOTE, "ldaps",
		  "ldap.example.org", 636 },
		{ "ldapi://%2Frun%2Fldapi", SERVERS_REACH_SOCKET, "ldapi", "%2Frun%2Fldapi", 0 },
		{ "*", SERVERS_REACH_ALL, "", "*", 0 },
		{ "0.0.0.0:25", SERVERS_REACH_ALL, "", "0.0.0.0", 25 },
		{ "[::]:25", SERVERS_REACH_ALL, "", "::", 25 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct servers_endpoint e;
		servers_endpoint_parse(cases[i].text, strlen(cases[i].text), &e);
		assert_int_equal(e.reach, cases[i].reach);
		assert_string_equal(e.scheme, cases[i].scheme);
		assert_string_equal(e.host, cases[i].host);
		assert_int_equal(e.port, cases[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_endpoint_parse) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
