#include "edge/exception.h"
#include "edge/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { UNTIL = 1000 };

/* 127.0.0.0/8: plain logins; 127.0.0.1: TLS 1.1; 2001:db8::/32: TLS 1.0; all: later, elsewhere. */
static struct conf_network loopback = { .addr = { 127 }, .prefix = 8 };
static struct conf_network one = { .addr = { 127, 0, 0, 1 }, .prefix = 32 };
static struct conf_network v6 = { .addr = { 0x20, 0x01, 0x0d, 0xb8 }, .prefix = 32, .is_v6 = true };

static char pop[] = "pop", imap[] = "imap";

static struct conf_exception exceptions[] = {
	{ .edge = pop,
	  .from = &loopback,
	  .from_count = 1,
	  .allow_plain_login = true,
	  .until_s = UNTIL },
	{ .edge = pop,
	  .from = &one,
	  .from_count = 1,
	  .allow_version = TLS_1_1,
	  .until_s = UNTIL + 1 },
	{ .edge = pop, .from = &v6, .from_count = 1, .allow_version = TLS_1_0, .until_s = UNTIL },
	{ .edge = imap, .any_from = true, .allow_version = TLS_1_1, .until_s = UNTIL },
	{ .edge = imap,
	  .any_from = true,
	  .allow_version = TLS_1_0,
	  .allow_plain_login = true,
	  .until_s = UNTIL - 10 },
};

static const struct conf_settings settings = {
	.exceptions = exceptions,
	.exception_count = sizeof(exceptions) / sizeof(exceptions[0]),
};

static void test_who_may_what_until_when(void **state)
{
	static const struct {
		const char *edge, *peer;
		int64_t now_s;
		bool plain_login;
		enum tls_version version;
	} cases[] = {
		{ "pop", "127.0.0.1", 0, true, TLS_1_1 },
		{ "pop", "127.0.0.1", UNTIL - 1, true, TLS_1_1 },
		{ "pop", "127.0.0.1", UNTIL, false, TLS_1_1 }, /* each ends by itself */
		{ "pop", "127.0.0.1", UNTIL + 1, false, 0 },
		{ "pop", "127.0.0.2", 0, true, 0 },
		{ "pop", "192.0.2.1", 0, false, 0 },
		{ "pop", "::ffff:127.0.0.1", 0, true, TLS_1_1 },
		{ "pop", "2001:db8::1", 0, false, TLS_1_0 },
		{ "pop", "2001:db9::1", 0, false, 0 },
		{ "pop", "no address", 0, false, 0 },
		{ "imap", "192.0.2.1", 0, true, TLS_1_0 }, /* the lowest of two */
		{ "imap", "2001:db9::1", UNTIL - 10, false, TLS_1_1 },
		{ "imap", "192.0.2.1", UNTIL, false, 0 },
		{ "mx", "127.0.0.1", 0, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sockaddr_storage peer;
		edge_peer_parse(cases[i].peer, &peer);
		struct edge_allowance got = edge_exceptions_for(
			&settings, cases[i].edge, (struct sockaddr *)&peer, cases[i].now_s);
		assert_int_equal(got.plain_login, cases[i].plain_login);
		assert_int_equal(got.version, cases[i].version);
	}
}

static void test_one_key_for_each_address_and_each_64(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sockaddr_storage a, b;
		edge_peer_parse(cases[i].a, &a);
		edge_peer_parse(cases[i].b, &b);
		struct edge_limits_key one_key = edge_peer_key((struct sockaddr *)&a);
		struct edge_limits_key other = edge_peer_key((struct sockaddr *)&b);
		assert_int_equal(!memcmp(&one_key, &other, sizeof(other)), cases[i].is_same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_may_what_until_when),
		cmocka_unit_test(test_one_key_for_each_address_and_each_64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
