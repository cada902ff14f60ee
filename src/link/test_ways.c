#include "link/inside.h"

#include "base/clean.h"
#include "io/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Two addresses and a name between them. */
static struct fixture {
	struct link_target targets[3];
	struct link_name name;
	struct link_end end;
} f;

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){
		.targets = { { .text = "10.0.0.1:5" },
		             { .text = "db1:6", .port = 6, .name = &f.name },
		             { .text = "10.0.0.3:5" } },
		.end = { .targets = f.targets, .target_count = 3 },
	};
	f.targets[0].len = io_address_take("10.0.0.1", 5, &f.targets[0].sa);
	f.targets[2].len = io_address_take("10.0.0.3", 5, &f.targets[2].sa);
	return 0;
}

static void name_is(const char *a, const char *b)
{
	f.name.is_answered = true;
	f.name.host = (struct policy_host_answer){ .is_known = true, .count = b ? 2 : 1 };
	snprintf(f.name.host.addresses[0], DNS_ADDRESS_CAP, "%s", a);
	snprintf(f.name.host.addresses[1], DNS_ADDRESS_CAP, "%s", b ? b : "");
}

static void expect(uint64_t now_ms, const char *expected)
{
	struct link_ways ways;
	char text[512] = "";
	assert_int_equal(link_ways_init(&ways, &f.end, now_ms), 0);
	for (size_t i = 0, len = 0; i < ways.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? ", " : "",
		                        ways.list[i].text);
	link_ways_deinit(&ways);
	assert_string_equal(text, expected);
}

static void down(size_t number, uint64_t until_ms)
{
	struct link_ways ways;
	assert_int_equal(link_ways_init(&ways, &f.end, UINT64_MAX), 0);
	link_down_note(&f.end.downs, &ways.list[number], until_ms);
	link_ways_deinit(&ways);
}

static void test_ways_in_order_and_those_down_last(void **state)
{
	(void)state;
	name_is("10.0.0.2", "2001:db8::2");
	expect(0, "10.0.0.1:5, db1:6 (10.0.0.2), db1:6 (2001:db8::2), 10.0.0.3:5");
	down(0, 100);
	down(1, 200);
	expect(50, "db1:6 (2001:db8::2), 10.0.0.3:5, 10.0.0.1:5, db1:6 (10.0.0.2)");
	expect(150, "10.0.0.1:5, db1:6 (2001:db8::2), 10.0.0.3:5, db1:6 (10.0.0.2)");
	down(1, 0);
	expect(50, "db1:6 (10.0.0.2), db1:6 (2001:db8::2), 10.0.0.3:5, 10.0.0.1:5");
}

static void test_ways_of_a_name_that_is_not_known(void **state)
{
	struct link_ways ways;
	(void)state;
	assert_true(link_ways_are_pending(&f.end));
	f.name.is_answered = true;
	snprintf(f.name.error, sizeof(f.name.error), "there is no such name");
	assert_false(link_ways_are_pending(&f.end));
	expect(0, "10.0.0.1:5, db1:6, 10.0.0.3:5");
	assert_int_equal(link_ways_init(&ways, &f.end, 0), 0);
	assert_int_equal(ways.list[1].len, 0);
	assert_string_equal(ways.list[1].fault, "there is no such name");
	link_down_note(&f.end.downs, &ways.list[1], 1000); /* nothing to remember */
	link_ways_deinit(&ways);
	expect(0, "10.0.0.1:5, db1:6, 10.0.0.3:5");
}

static void test_ways_never_to_its_own_destination(void **state)
{
	struct link_ways ways;
	struct link_target destination = {};
	(void)state;
	name_is("10.0.0.2", NULL);
	io_address_take("10.0.0.2", 6, &destination.sa);
	f.end.is_transparent = true;
	f.end.destinations = &destination;
	f.end.destination_count = 1;
	assert_int_equal(link_ways_init(&ways, &f.end, 0), 0);
	assert_int_equal(ways.list[1].len, 0);
	assert_non_null(strstr(ways.list[1].fault, "catch itself"));
	assert_true(ways.list[0].len && ways.list[2].len);
	link_ways_deinit(&ways);
}

/* More than there is room to remember: the one that is well first is forgotten. */
static void test_ways_downs_have_a_bound(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * LINK_DOWNS_MAX; i++) {
		struct link_way way = {};
		way.len = io_address_take("10.1.1.1", (uint16_t)(1000 + i), &way.sa);
		link_down_note(&f.end.downs, &way, 1000 + i);
	}
	down(0, 5000);
	name_is("10.0.0.2", NULL);
	expect(3000, "db1:6 (10.0.0.2), 10.0.0.3:5, 10.0.0.1:5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ways_in_order_and_those_down_last, setup),
		cmocka_unit_test_setup(test_ways_of_a_name_that_is_not_known, setup),
		cmocka_unit_test_setup(test_ways_never_to_its_own_destination, setup),
		cmocka_unit_test_setup(test_ways_downs_have_a_bound, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
