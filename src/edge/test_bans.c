/* Who is banned, who is not, until when; and lines of them, which others write too. */
#include "base/clean.h"
#include "edge/bans.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1800000000 };

static struct edge_bans bans;

static int fixture(void **state)
{
	(void)state;
	bans.count = 0;
	return 0;
}

static void ban(const char *target, int64_t until_s)
{
	struct edge_ban b;
	assert_int_equal(edge_ban_of(&b, slice_str(target), until_s), 0);
	assert_int_equal(edge_bans_put(&bans, &b), 0);
}

static bool has_address(const char *text, int64_t now_s)
{
	uint8_t addr[16] = {};
	bool is_v6 = strchr(text, ':');
	assert_int_equal(inet_pton(is_v6 ? AF_INET6 : AF_INET, text, addr), 1);
	return edge_bans_has_address(&bans, addr, is_v6, now_s);
}

static void test_addresses_networks_and_users(void **state)
{
	(void)state;
	ban("192.0.2.1", NOW + 10);
	ban("198.51.100.0/24", NOW + 20);
	ban("2001:db8::/32", NOW + 20);
	ban("Alice", NOW + 20);
	assert_true(has_address("192.0.2.1", NOW));
	assert_false(has_address("192.0.2.1", NOW + 10));
	assert_false(has_address("192.0.2.2", NOW));
	assert_true(has_address("198.51.100.200", NOW));
	assert_true(has_address("2001:db8:1::1", NOW));
	assert_false(has_address("2001:db9::1", NOW));
	assert_true(edge_bans_has_user(&bans, "aLICE", NOW));
	assert_false(edge_bans_has_user(&bans, "alice@example.org", NOW));
	assert_false(edge_bans_has_user(&bans, "192.0.2.1", NOW));
	assert_true(edge_bans_prune(&bans, NOW + 10));
	assert_int_equal(bans.count, 3);
	assert_false(edge_bans_prune(&bans, NOW + 10));
}

static void test_one_of_a_target_and_no_more(void **state)
{
	(void)state;
	ban("192.0.2.1", NOW);
	ban("192.0.2.1/32", NOW + 5);
	ban("::ffff:192.0.2.1", NOW + 5);
	assert_true(has_address("192.0.2.1", NOW) && has_address("::ffff:192.0.2.1", NOW));
	ban("bob", NOW);
	ban("BOB", NOW + 5);
	assert_int_equal(bans.count, 2);
	assert_int_equal(bans.rows[0].until_s, NOW + 5);
	struct edge_ban b;
	assert_int_equal(edge_ban_of(&b, slice_str("bob"), 0), 0);
	assert_true(edge_bans_lift(&bans, &b));
	assert_false(edge_bans_lift(&bans, &b));
}

static void test_what_is_ours_stays_so(void **state)
{
	(void)state;
	ban("bob", NOW);
	struct edge_ban b;
	assert_int_equal(edge_ban_of(&b, slice_str("bob"), NOW + 9), 0);
	b.is_of_others = true;
	assert_int_equal(edge_bans_put(&bans, &b), 0);
	assert_false(bans.rows[0].is_of_others);
	assert_int_equal(edge_ban_of(&b, slice_str("carol"), NOW + 9), 0);
	b.is_of_others = true;
	assert_int_equal(edge_bans_put(&bans, &b), 0);
	assert_true(bans.rows[1].is_of_others);
}

static void test_what_nobody_can_be_called(void **state)
{
	(void)state;
	static const char *const targets[] = { "",           "a b", "a\nb 1",  "-x",
		                               "1.2.3.0/33", "a/b", "\x1b[2J", "192.0.2.1/24" };
	struct edge_ban b;
	for (size_t i = 0; i < COUNT_OF(targets); i++)
		assert_int_equal(edge_ban_of(&b, slice_str(targets[i]), 1), EDGE_BANS_BAD);
	char name[EDGE_BAN_TARGET_CAP + 1];
	memset(name, 'a', sizeof(name));
	assert_int_equal(edge_ban_of(&b, slice_of(name, EDGE_BAN_TARGET_CAP), 1), EDGE_BANS_BAD);
	assert_int_equal(edge_ban_of(&b, slice_of(name, EDGE_BAN_TARGET_CAP - 1), 1), 0);
	assert_int_equal(edge_ban_of(&b, slice_of("a\0b", 3), 1), EDGE_BANS_BAD);
}

static void test_a_thousand(void **state)
{
	(void)state;
	struct edge_ban b;
	char name[32];
	for (int i = 0; i < EDGE_BANS_MAX; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		ban(name, NOW);
	}
	assert_int_equal(edge_ban_of(&b, slice_str("one more"), NOW), EDGE_BANS_BAD);
	assert_int_equal(edge_ban_of(&b, slice_str("more"), NOW), 0);
	assert_int_equal(edge_bans_put(&bans, &b), EDGE_BANS_FULL);
	ban("user7", NOW + 1);
}

/* Who writes into the store of a cluster cannot keep an operator from banning. */
static void test_others_give_way(void **state)
{
	(void)state;
	struct edge_ban b;
	char name[32];
	ban("ours", NOW);
	for (int i = 1; i < EDGE_BANS_MAX; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		assert_int_equal(edge_ban_of(&b, slice_str(name), NOW), 0);
		b.is_of_others = true;
		assert_int_equal(edge_bans_put(&bans, &b), 0);
	}
	assert_int_equal(edge_ban_of(&b, slice_str("theirs"), NOW), 0);
	b.is_of_others = true;
	assert_int_equal(edge_bans_put(&bans, &b), EDGE_BANS_FULL);
	ban("more", NOW + 1);
	assert_int_equal(bans.count, EDGE_BANS_MAX);
	assert_true(edge_bans_has_user(&bans, "ours", NOW - 1));
	assert_true(edge_bans_has_user(&bans, "more", NOW));
	assert_false(edge_bans_has_user(&bans, "user999", NOW - 1));
}

static void test_lines_and_back(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf text = {};
	ban("192.0.2.0/24", NOW);
	ban("dave", NOW + 1);
	assert_int_equal(edge_bans_write(&text, &bans), 0);
	assert_true(slice_equal(buf_slice(&text),
	                        slice_str("192.0.2.0/24 1800000000\ndave 1800000001\n")));
	edge_bans_read(&bans, slice_str("erin 5\nno number\n\nx\n y 7\n10.0.0.0/8 1800000000\n"
	                                "z 99999999999999\nlast 0"));
	assert_int_equal(bans.count, 3);
	assert_string_equal(bans.rows[0].target, "erin");
	assert_string_equal(bans.rows[1].target, "10.0.0.0/8");
	assert_int_equal(bans.rows[2].until_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_addresses_networks_and_users, fixture),
		cmocka_unit_test_setup(test_one_of_a_target_and_no_more, fixture),
		cmocka_unit_test_setup(test_what_is_ours_stays_so, fixture),
		cmocka_unit_test_setup(test_what_nobody_can_be_called, fixture),
		cmocka_unit_test_setup(test_a_thousand, fixture),
		cmocka_unit_test_setup(test_others_give_way, fixture),
		cmocka_unit_test_setup(test_lines_and_back, fixture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
