#include "edge/balance.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

enum { CLIENTS = 20000, COUNT = 5 };

static const char *const names[COUNT] = { "10.0.0.1:993", "10.0.0.2:993", "10.0.0.3:993",
	                                  "10.0.0.4:993", "[fd00::5]:993" };

/* Those that keep somebody's sessions together. */
static const enum conf_balance keepers[] = { CONF_BALANCE_SOURCE, CONF_BALANCE_USER };

static uint64_t key_of(enum conf_balance how, unsigned client)
{
	char user[32];
	if (how != CONF_BALANCE_USER)
		return edge_balance_key(&client, sizeof(client));
	snprintf(user, sizeof(user), "user%u@example.org", client);
	return edge_balance_user_key(user);
}

static size_t pick(enum conf_balance how, unsigned client, const struct edge_candidate list[COUNT])
{
	return edge_balance_pick(how, key_of(how, client), list, COUNT);
}

/* "D" down, "t" tried, digits: open. The order in which they are tried. */
static const struct {
	const char *name;
	enum conf_balance how;
	const char *list[COUNT], *order;
} cases[] = {
	{ "as written", CONF_BALANCE_ORDER, { "0", "0", "0" }, "012" },
	{ "as written, whatever is open", CONF_BALANCE_ORDER, { "9", "0", "5" }, "012" },
	{ "down comes last", CONF_BALANCE_ORDER, { "D0", "0", "0" }, "120" },
	{ "down among themselves as written", CONF_BALANCE_ORDER, { "D0", "0", "D0" }, "102" },
	{ "all down", CONF_BALANCE_ORDER, { "D0", "D0" }, "01" },
	{ "tried is not tried again", CONF_BALANCE_ORDER, { "t0", "0", "t0", "0" }, "13" },
	{ "the fewest first", CONF_BALANCE_LEAST, { "3", "1", "2" }, "120" },
	{ "the fewest of those that are up", CONF_BALANCE_LEAST, { "3", "D0", "2" }, "201" },
	{ "one alone", CONF_BALANCE_SOURCE, { "0" }, "0" },
	{ "none", CONF_BALANCE_ORDER, {}, "" },
};

static size_t take(struct edge_candidate *list, const char *const *texts)
{
	size_t count = 0;
	for (; count < COUNT && texts[count]; count++)
		list[count] = (struct edge_candidate){
			.name = names[count],
			.is_down = strchr(texts[count], 'D'),
			.was_tried = strchr(texts[count], 't'),
			.open = (unsigned)(texts[count][strlen(texts[count]) - 1] - '0'),
		};
	return count;
}

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct edge_candidate list[COUNT] = {};
		char order[COUNT + 1] = "";
		size_t count = take(list, cases[i].list), at;
		while ((at = edge_balance_pick(cases[i].how, 7, list, count)) < count) {
			order[strlen(order)] = (char)('0' + at);
			list[at].was_tried = true;
		}
		if (strcmp(order, cases[i].order) != 0)
			fail_msg("%s: %s", cases[i].name, order);
	}
}

static void all_up(struct edge_candidate list[COUNT])
{
	for (size_t i = 0; i < COUNT; i++)
		list[i] = (struct edge_candidate){ .name = names[i] };
}

/* Five standard deviations of a fair choice: 20000 * 1/5 * 4/5 is 3200, its root 57. */
static void assert_fair(const unsigned got[COUNT])
{
	for (size_t i = 0; i < COUNT; i++)
		assert_in_range(got[i], CLIENTS / COUNT - 285, CLIENTS / COUNT + 285);
}

static void check_fair(enum conf_balance how)
{
	struct edge_candidate list[COUNT];
	unsigned got[COUNT] = {};
	all_up(list);
	for (unsigned c = 0; c < CLIENTS; c++)
		got[pick(how, c, list)]++;
	assert_fair(got);
}

static void test_keepers_are_fair(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keepers); i++)
		check_fair(keepers[i]);
}

static void check_moves_its_own(enum conf_balance how)
{
	struct edge_candidate list[COUNT];
	unsigned got[COUNT] = {}, moved = 0;
	all_up(list);
	for (unsigned c = 0; c < CLIENTS; c++) {
		list[2].is_down = false;
		size_t before = pick(how, c, list);
		list[2].is_down = true;
		size_t now = pick(how, c, list);
		assert_true(before == now || before == 2);
		moved += before != now;
		if (before != now)
			got[now]++;
	}
	assert_in_range(moved, CLIENTS / COUNT - 285, CLIENTS / COUNT + 285);
	for (size_t i = 0; i < COUNT; i++)
		if (i != 2)
			assert_in_range(got[i], moved / 4 - 200, moved / 4 + 200);
}

/* The clients of one that is down are spread over the others, and nobody else moves. */
static void test_keepers_move_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keepers); i++)
		check_moves_its_own(keepers[i]);
}

static void check_knows_no_order(enum conf_balance how)
{
	struct edge_candidate list[COUNT], turned[COUNT];
	all_up(list);
	for (size_t i = 0; i < COUNT; i++)
		turned[i] = list[COUNT - 1 - i];
	for (unsigned c = 0; c < 1000; c++) {
		size_t a = pick(how, c, list), b = pick(how, c, turned);
		assert_string_equal(list[a].name, turned[b].name);
	}
}

/* Where it stands in the list, and what else is in it, changes nothing. */
static void test_keepers_know_no_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keepers); i++)
		check_knows_no_order(keepers[i]);
}

/* A mailbox is one mailbox, however its name is written. */
static void test_user_has_no_case(void **state)
{
	(void)state;
	assert_int_equal(edge_balance_user_key("Ann@Example.org"),
	                 edge_balance_user_key("ann@example.ORG"));
	assert_int_not_equal(edge_balance_user_key("ann@example.org"),
	                     edge_balance_user_key("ann@example.net"));
}

static void test_least_is_even(void **state)
{
	struct edge_candidate list[COUNT];
	unsigned first[COUNT] = {};
	(void)state;
	all_up(list);
	for (unsigned c = 0; c < CLIENTS; c++)
		list[pick(CONF_BALANCE_LEAST, c, list)].open++;
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(list[i].open, CLIENTS / COUNT);
	/* Workers that begin together do not all begin with the same one. */
	all_up(list);
	for (unsigned c = 0; c < CLIENTS; c++)
		first[pick(CONF_BALANCE_LEAST, c, list)]++;
	assert_fair(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_keepers_are_fair),
		cmocka_unit_test(test_keepers_move_their_own),
		cmocka_unit_test(test_keepers_know_no_order),
		cmocka_unit_test(test_user_has_no_case),
		cmocka_unit_test(test_least_is_even),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
