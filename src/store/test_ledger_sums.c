#include "base/clean.h"
#include "store/ledger_refusals.h"
#include "store/ledger_sums.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct ledger_words words;
static struct ledger_table sums;

static int begin(void **state)
{
	(void)state;
	return ledger_words_init(&words, 64) || ledger_table_init(&sums, 2 * LEDGER_SUMS_REST);
}

static int end(void **state)
{
	(void)state;
	ledger_table_deinit(&sums);
	ledger_words_deinit(&words);
	return 0;
}

static int add(const struct store_record *r)
{
	struct ledger_seen seen;
	ledger_seen_make(&seen, &words, STORE_ADDRESS_FULL, r);
	return ledger_sums_add(&sums, &seen);
}

static struct store_record record(int64_t ended_s)
{
	return (struct store_record){ .ended_s = ended_s,
		                      .seal = STORE_SEAL_SEALED,
		                      .protocol = "smtp",
		                      .edge = "mx",
		                      .address = "",
		                      .domain = "",
		                      .mx = "",
		                      .user = "",
		                      .software = "",
		                      .tls_version = "TLSv1.3",
		                      .cipher = "C",
		                      .group = "G",
		                      .policy = "",
		                      .result = "",
		                      .outcome = "ok",
		                      .error = "",
		                      .bytes_in = 5,
		                      .bytes_out = 3,
		                      .messages = 1,
		                      .login_failures = 1,
		                      .backend = "" };
}

static void test_sums_add(void **state)
{
	struct store_record r = record(7200);
	(void)state;
	assert_int_equal(add(&r), 0);
	r.ended_s = 10799;
	assert_int_equal(add(&r), 0);
	assert_int_equal(sums.count, 1);
	const struct ledger_sum *sum = (const struct ledger_sum *)sums.first;
	assert_true(sum->key.hour == 2 && sum->sessions == 2 && sum->messages == 2);
	assert_true(sum->bytes_in == 10 && sum->bytes_out == 6 && sum->login_failures == 2);
}

/* Each part of the key tells sums apart. */
static void test_sums_apart(void **state)
{
	const struct store_record first = record(7200);
	struct store_record r[10];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(r); i++)
		r[i] = first;
	r[0].ended_s = 10800;
	r[1].leg = STORE_LEG_USER;
	r[2].seal = STORE_SEAL_LEGACY;
	r[3].protocol = "imap";
	r[4].edge = "mx2";
	r[5].tls_version = "TLSv1.2";
	r[6].cipher = "D";
	r[7].group = "H";
	r[8].is_resumed = true;
	r[9].has_forward_secrecy = true;
	assert_int_equal(add(&first), 0);
	for (size_t i = 0; i < COUNT_OF(r); i++) {
		assert_int_equal(add(&r[i]), 0);
		assert_int_equal(sums.count, i + 2);
	}
}

/* When there are too many they say less; then they are not counted. */
static void test_sums_full(void **state)
{
	struct store_record r = record(0);
	int full = 0;
	(void)state;
	for (size_t i = 0; i < LEDGER_SUMS_REST; i++) {
		r.ended_s = (int64_t)i * 3600;
		assert_int_equal(add(&r), 0);
	}
	r.tls_version = "TLSv1.2";
	for (int i = 0; i < 9; i++)
		assert_int_equal(add(&r), 0);
	assert_int_equal(sums.count, LEDGER_SUMS_REST + 1);
	const struct ledger_sum *rest = (const struct ledger_sum *)sums.first;
	assert_string_equal(rest->key.version, "");
	assert_int_equal(rest->sessions, 9);
	for (int64_t hour = 5000; !full; hour++) {
		r.ended_s = hour * 3600;
		full = add(&r);
	}
	assert_int_equal(full, LEDGER_SUMS_FULL);
	assert_int_equal(sums.count, 2 * LEDGER_SUMS_REST);
}

static void test_words_bound(void **state)
{
	char text[16];
	(void)state;
	assert_ptr_equal(ledger_word(&words, "a"), ledger_word(&words, "a"));
	assert_ptr_equal(ledger_word(&words, ""), ledger_word_none);
	for (int i = 0; i < 64; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ledger_word(&words, text);
	}
	assert_string_equal(ledger_word(&words, "new"), LEDGER_WORD_OTHER);
	assert_string_equal(ledger_word(&words, "a"), "a");
	assert_string_equal(ledger_word(&words, "a\nb"), LEDGER_WORD_OTHER);
}

static void test_addresses_cut(void **state)
{
	static const struct {
		const char *address, *truncated;
	} cases[] = {
		{ "192.0.2.255", "192.0.2.0/24" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48" },
		{ "::1", "::/48" },
		{ "::ffff:192.0.2.9", "192.0.2.0/24" },
		{ "unix", "" },
		{ "192.0.2", "" },
		{ "", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[STORE_TEXT_MAX + 1];
		snprintf(text, sizeof(text), "%s", cases[i].address);
		ledger_address_cut(text, STORE_ADDRESS_FULL);
		assert_string_equal(text, cases[i].address);
		ledger_address_cut(text, STORE_ADDRESS_TRUNCATED);
		assert_string_equal(text, cases[i].truncated);
		snprintf(text, sizeof(text), "%s", cases[i].address);
		ledger_address_cut(text, STORE_ADDRESS_NONE);
		assert_string_equal(text, "");
	}
}

static void test_refusals(void **state)
{
	static struct ledger_refusals r;
	(void)state;
	assert_false(ledger_refusals_has(&r, 0, 100));
	ledger_refusals_note(&r, 1, 100);
	assert_true(ledger_refusals_has(&r, 1, 100));
	assert_true(ledger_refusals_has(&r, 1, 100 + LEDGER_REFUSALS_S));
	assert_false(ledger_refusals_has(&r, 1, 101 + LEDGER_REFUSALS_S));
	assert_false(ledger_refusals_has(&r, 1, 99));
	/* the oldest of a set goes */
	for (uint64_t i = 1; i <= LEDGER_REFUSALS_WAYS; i++)
		ledger_refusals_note(&r, 1 + i * LEDGER_REFUSALS_SETS, 100 + (int64_t)i);
	assert_false(ledger_refusals_has(&r, 1, 200));
	assert_true(ledger_refusals_has(&r, 1 + LEDGER_REFUSALS_SETS, 200));
	ledger_refusals_forget(&r, 1 + LEDGER_REFUSALS_SETS);
	assert_false(ledger_refusals_has(&r, 1 + LEDGER_REFUSALS_SETS, 200));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums_add, begin, end),
		cmocka_unit_test_setup_teardown(test_sums_apart, begin, end),
		cmocka_unit_test_setup_teardown(test_sums_full, begin, end),
		cmocka_unit_test_setup_teardown(test_words_bound, begin, end),
		cmocka_unit_test(test_addresses_cut),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
