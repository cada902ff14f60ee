#include "base/clean.h"
#include "conf/settings.h"
#include "report/coverage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

static const struct store_ledger_filter everything = { NOW - 30 * DAY, NOW, -1, NULL };

static void add(struct report_coverage *c, enum store_leg leg, enum store_seal seal,
                const char *protocol, uint64_t sessions)
{
	const struct store_ledger_sum sum = { .leg = leg,
		                              .seal = seal,
		                              .protocol = protocol,
		                              .group = "X25519MLKEM768",
		                              .has_forward_secrecy = true,
		                              .sessions = sessions,
		                              .messages = 1,
		                              .bytes = 10 };
	assert_int_equal(report_coverage_add(c, &sum), 0);
}

/* Is that what a cell says, by the column's id and the row's leg and protocol? */
static bool says(const struct report_table *t, const char *leg, const char *protocol,
                 const char *const expected[2])
{
	CLEAN(buf_deinit) struct buf text = {};
	size_t column = 0, row = 0;
	while (strcmp(t->columns[column].id, expected[0]) != 0)
		column++;
	while (row < t->row_count && (strcmp(report_table_cell(t, row, 0)->text, leg) != 0 ||
	                              strcmp(report_table_cell(t, row, 1)->text, protocol) != 0))
		row++;
	assert_in_range(row, 0, t->row_count - 1);
	assert_int_equal(report_cell_write(&text, report_table_cell(t, row, column)), 0);
	return slice_equal(buf_slice(&text), slice_str(expected[1]));
}

static void row_is(const struct report_table *t, const char *leg, const char *protocol,
                   const char *const expected[][2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!says(t, leg, protocol, expected[i]))
			fail_msg("%s %s: %s is not %s", leg, protocol, expected[i][0],
			         expected[i][1]);
}

static void test_coverage_shares(void **state)
{
	static const char *const inbound[][2] = {
		{ "sessions", "8" },           { "sealed", "62.5 %" },
		{ "authenticated", "12.5 %" }, { "legacy", "12.5 %" },
		{ "plain", "25.0 %" },         { "local_sessions", "5" },
		{ "failed_sessions", "7" },    { "forward_secrecy", "100.0 %" },
		{ "post_quantum", "100.0 %" }, { "resumed", "0.0 %" },
		{ "messages", "6" },           { "bytes", "60 B" },
	};
	static const char *const outbound[][2] = { { "sessions", "0" },
		                                   { "sealed", "-" },
		                                   { "forward_secrecy", "-" } };
	struct report_coverage c = {};
	struct report_table t;
	(void)state;
	add(&c, STORE_LEG_INBOUND, STORE_SEAL_PLAIN, "smtp", 2);
	add(&c, STORE_LEG_INBOUND, STORE_SEAL_LEGACY, "smtp", 1);
	add(&c, STORE_LEG_INBOUND, STORE_SEAL_SEALED, "smtp", 4);
	add(&c, STORE_LEG_INBOUND, STORE_SEAL_AUTHENTICATED, "smtp", 1);
	add(&c, STORE_LEG_INBOUND, STORE_SEAL_LOCAL, "smtp", 5);
	add(&c, STORE_LEG_INBOUND, STORE_SEAL_NONE, "smtp", 7);
	assert_int_equal(report_coverage_table(&t, &c, &everything), 0);
	row_is(&t, "inbound", "all", inbound, COUNT_OF(inbound));
	row_is(&t, "inbound", "smtp", inbound, COUNT_OF(inbound));
	row_is(&t, "outbound", "all", outbound, COUNT_OF(outbound));
	assert_int_equal(t.row_count, 5);
	report_table_deinit(&t);
	report_coverage_deinit(&c);
}

static bool has_note(const struct report_table *t, const char *start)
{
	for (size_t i = 0; i < t->note_count; i++)
		if (!strncmp(t->notes[i], start, strlen(start)))
			return true;
	return false;
}

/* What is ours to mend comes before what is more. */
static void test_coverage_worst(void **state)
{
	static const struct {
		enum store_leg leg;
		enum store_seal seal;
		const char *protocol;
		uint64_t sessions;
		enum report_coverage_verdict verdict;
		const char *note;
	} steps[] = {
		{ STORE_LEG_USER, STORE_SEAL_LEGACY, "imap", 90, REPORT_COVERAGE_WELL,
		  "90 sessions of the user leg (imap) were below policy" },
		{ STORE_LEG_INBOUND, STORE_SEAL_PLAIN, "smtp", 70, REPORT_COVERAGE_WELL,
		  "70 sessions of the inbound leg (smtp) were in clear: see `mailseal report peers "
		  "--weak --leg inbound`." },
		{ STORE_LEG_OUTBOUND, STORE_SEAL_PLAIN, "smtp", 71, REPORT_COVERAGE_WELL,
		  "71 sessions of the outbound leg (smtp) were in clear" },
		{ STORE_LEG_INTERNAL, STORE_SEAL_LOCAL, "backend", 1000, REPORT_COVERAGE_WELL,
		  "71 sessions of the outbound leg (smtp) were in clear" },
		{ STORE_LEG_INTERNAL, STORE_SEAL_PLAIN, "backend", 2, REPORT_COVERAGE_NOT_WELL,
		  "2 sessions of the internal leg (backend) were in clear" },
		{ STORE_LEG_USER, STORE_SEAL_PLAIN, "pop3", 3, REPORT_COVERAGE_NOT_WELL,
		  "3 sessions of the user leg (pop3) were in clear: see `mailseal report "
		  "exposures`" },
	};
	struct report_coverage c = {};
	(void)state;
	assert_int_equal(report_coverage_judge(&c), REPORT_COVERAGE_UNKNOWN);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct report_table t;
		add(&c, steps[i].leg, steps[i].seal, steps[i].protocol, steps[i].sessions);
		assert_int_equal(report_coverage_judge(&c), steps[i].verdict);
		assert_int_equal(report_coverage_table(&t, &c, &everything), 0);
		if (!has_note(&t, steps[i].note))
			fail_msg("step %zu: %s", i, t.notes[0]);
		report_table_deinit(&t);
	}
	report_coverage_deinit(&c);
}

static void test_coverage_of_nothing(void **state)
{
	struct conf_edge edges[] = { { .protocol = CONF_SMTP }, { .protocol = CONF_POP3 } };
	const struct conf_settings settings = { .edges = edges, .edge_count = 2 };
	struct report_coverage c = { .began_s = NOW - DAY, .lost = 3 };
	struct report_table t;
	(void)state;
	report_coverage_configure(&c, &settings);
	assert_int_equal(report_coverage_table(&t, &c, &everything), 0);
	assert_int_equal(t.row_count, STORE_LEG_COUNT);
	assert_true(has_note(&t, "inbound: nothing is known: no session in this time."));
	assert_true(has_note(&t, "outbound: nothing is known: no relay is configured"));
	assert_true(has_note(&t, "user: nothing is known: no session in this time."));
	assert_true(has_note(
		&t, "internal: nothing is known: no backend, link or watch is configured"));
	assert_true(has_note(&t, "3 sessions were not counted"));
	assert_true(has_note(&t, "The ledger begins 2027-01-14 08:00 (UTC)."));
	report_table_deinit(&t);
	c.began_s = everything.since_s;
	const struct store_ledger_filter one = { everything.since_s, NOW, STORE_LEG_USER, NULL };
	assert_int_equal(report_coverage_table(&t, &c, &one), 0);
	assert_int_equal(t.row_count, 1);
	assert_int_equal(t.note_count, 2);
	report_table_deinit(&t);
}

/* Numbers of enums that a newer build may write. */
static void test_coverage_of_what_is_newer(void **state)
{
	struct report_coverage c = {};
	(void)state;
	add(&c, STORE_LEG_COUNT, STORE_SEAL_PLAIN, "smtp", 1);
	add(&c, STORE_LEG_USER, STORE_SEAL_COUNT, "smtp", 1);
	assert_int_equal(c.line_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coverage_shares),
		cmocka_unit_test(test_coverage_worst),
		cmocka_unit_test(test_coverage_of_nothing),
		cmocka_unit_test(test_coverage_of_what_is_newer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
