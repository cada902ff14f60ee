#include "base/clean.h"
#include "report/senders.h"
#include "store/ledger_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void add(struct report_senders *s, const char *who, enum store_seal seal, uint64_t messages)
{
	const struct store_ledger_name row = {
		.edge = "mx", .who = who, .seal = seal, .sessions = 1, .messages = messages
	};
	assert_int_equal(report_senders_add(s, &row), 0);
}

static struct report_senders some(void)
{
	struct report_senders s = { .seed = 7 };
	add(&s, "sealed", STORE_SEAL_SEALED, 1000);
	add(&s, "refused", STORE_SEAL_NONE, 0);
	add(&s, "mixed", STORE_SEAL_SEALED, 50);
	add(&s, "plain", STORE_SEAL_PLAIN, 20);
	add(&s, "legacy", STORE_SEAL_LEGACY, 500);
	add(&s, "mixed", STORE_SEAL_PLAIN, 1);
	add(&s, "once refused", STORE_SEAL_NONE, 0);
	add(&s, "once refused", STORE_SEAL_AUTHENTICATED, 9);
	return s;
}

static size_t picked(struct report_senders *s, size_t limit, bool only_weak)
{
	size_t all = 0;
	assert_int_equal(report_senders_pick(s, limit, only_weak, &all), 0);
	return all;
}

static void order_is(const struct report_senders *s, const char *const *expected, size_t count)
{
	assert_int_equal(s->count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(report_sender_who(s, i), expected[i]);
}

static void test_senders_order(void **state)
{
	static const char *const expected[] = { "mixed",   "plain",  "legacy",
		                                "refused", "sealed", "once refused" };
	(void)state;
	for (size_t limit = 1; limit <= COUNT_OF(expected); limit++) {
		struct report_senders s = some();
		assert_int_equal(picked(&s, limit, false), COUNT_OF(expected));
		order_is(&s, expected, limit);
		report_senders_deinit(&s);
	}
	struct report_senders s = some();
	assert_int_equal(picked(&s, 0, false), COUNT_OF(expected));
	order_is(&s, expected, COUNT_OF(expected));
	assert_int_equal(s.items[0].messages, 51);
	assert_int_equal(s.items[0].sessions, 2);
	assert_string_equal(report_sender_edge(&s, 0), "mx");
	report_senders_deinit(&s);
}

static void test_senders_weak(void **state)
{
	static const char *const expected[] = { "mixed", "plain", "legacy", "refused" };
	struct report_senders s = some();
	(void)state;
	assert_int_equal(picked(&s, 0, true), COUNT_OF(expected));
	order_is(&s, expected, COUNT_OF(expected));
	report_senders_deinit(&s);
}

/* The edge and the address are two: "a" at "bc" is not "ab" at "c". */
static void test_senders_apart(void **state)
{
	struct report_senders s = {};
	const struct store_ledger_name rows[] = { { .edge = "a", .who = "bc" },
		                                  { .edge = "ab", .who = "c" },
		                                  { .edge = "a", .who = "bc" } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(report_senders_add(&s, &rows[i]), 0);
	assert_int_equal(picked(&s, 5, false), 2);
	report_senders_deinit(&s);
	assert_int_equal(picked(&s, 5, false), 0);
	report_senders_deinit(&s);
}

/* Through all growths: each comes three times, and is one. */
static void test_senders_many(void **state)
{
	enum { MANY = 20000 };
	struct report_senders s = { .seed = 1 };
	(void)state;
	for (unsigned i = 0; i < 3 * MANY; i++) {
		char who[16];
		snprintf(who, sizeof(who), "%u", i * 7919 % MANY);
		add(&s, who, STORE_SEAL_SEALED, i * 7919 % MANY);
	}
	assert_int_equal(picked(&s, 3, false), MANY);
	assert_string_equal(report_sender_who(&s, 0), "19999");
	assert_string_equal(report_sender_who(&s, 2), "19997");
	assert_int_equal(s.items[2].messages, 3 * 19997);
	report_senders_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders_order),
		cmocka_unit_test(test_senders_weak),
		cmocka_unit_test(test_senders_apart),
		cmocka_unit_test(test_senders_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
