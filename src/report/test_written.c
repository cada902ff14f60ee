/* What the ledger wrote, the reports say. */
#include "base/clean.h"
#include "report/coverage.h"
#include "report/downgrades.h"
#include "report/exposures.h"
#include "report/peers.h"
#include "report/user.h"
#include "store/ledger.h"
#include "store/store.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

static const struct store_ledger_filter everything = { NOW - DAY, NOW + DAY, -1, NULL };

static const struct store_record usual = {
	.ended_s = NOW,
	.leg = STORE_LEG_INBOUND,
	.seal = STORE_SEAL_SEALED,
	.protocol = "smtp",
	.edge = "mx",
	.address = "192.0.2.7",
	.domain = "",
	.mx = "",
	.user = "",
	.software = "mail.a.example",
	.tls_version = "TLSv1.3",
	.cipher = "TLS_AES_256_GCM_SHA384",
	.group = "X25519MLKEM768",
	.has_forward_secrecy = true,
	.hello = 0x11,
	.hello_max = 0x0304,
	.policy = "",
	.result = "",
	.outcome = "ok",
	.error = "",
	.bytes_in = 1000,
	.bytes_out = 100,
	.messages = 1,
	.backend = "mta",
	.backend_seal = STORE_SEAL_LOCAL,
};

static void tell_times(struct store_ledger *ledger, const struct store_record *record, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(store_ledger_session(ledger, record), 0);
}

static void in_clear(struct store_record *r)
{
	r->seal = STORE_SEAL_PLAIN;
	r->tls_version = r->cipher = r->group = "";
	r->hello = 0;
	r->has_forward_secrecy = false;
}

/* Six sealed sessions of one sender, then one in clear; a user; a far end; an exposure. */
static void ledger_write(void)
{
	const struct store_ledger_settings settings = { .path = path,
		                                        .keep = STORE_KEEP_ALL,
		                                        .retention_s = 30 * DAY };
	const struct store_exposure exposure = { NOW,    "imap",  "imap", "192.0.2.8",
		                                 "anna", "PLAIN", true,   false };
	struct store_ledger *ledger = NULL;
	struct store_opened how;
	struct store_record r = usual;
	bool is_new;
	assert_int_equal(store_ledger_open(&ledger, &settings, &how), 0);
	tell_times(ledger, &r, 6);
	assert_int_equal(store_ledger_commit(ledger), 0);
	in_clear(&r);
	r.ended_s++;
	tell_times(ledger, &r, 1);
	r = usual;
	r.leg = STORE_LEG_USER;
	r.protocol = r.edge = "imap";
	r.user = "anna";
	r.is_logged_in = true;
	tell_times(ledger, &r, 2);
	r = usual;
	r.leg = STORE_LEG_OUTBOUND;
	r.edge = "out";
	r.domain = "b.example";
	r.mx = "mx.b.example";
	r.backend = "";
	r.backend_seal = STORE_SEAL_NONE;
	r.policy = "verify";
	r.seal = STORE_SEAL_AUTHENTICATED;
	tell_times(ledger, &r, 3);
	assert_int_equal(store_ledger_exposure(ledger, &exposure, &is_new), 0);
	assert_int_equal(store_ledger_commit(ledger), 0);
	store_ledger_close(ledger);
}

static struct store_ledger_read *written(void)
{
	struct store_ledger_read *l = NULL;
	ledger_write();
	assert_int_equal(store_ledger_read_open(&l, path), 0);
	return l;
}

static void cell_is(const struct report_table *t, size_t row, const char *id, const char *expected)
{
	CLEAN(buf_deinit) struct buf text = {};
	size_t column = 0;
	while (strcmp(t->columns[column].id, id) != 0)
		column++;
	assert_true(row < t->row_count);
	assert_int_equal(report_cell_write(&text, report_table_cell(t, row, column)), 0);
	if (!slice_equal(buf_slice(&text), slice_str(expected)))
		fail_msg("row %zu, %s: %.*s", row, id, (int)buf_len(&text),
		         (const char *)buf_slice(&text).data);
}

static void test_written_coverage(void **state)
{
	struct store_ledger_read *l = written();
	struct report_coverage c = {};
	(void)state;
	assert_int_equal(report_coverage_read(&c, l, &everything), 0);
	const struct report_counts *in = &c.legs[STORE_LEG_INBOUND];
	const struct report_counts *internal = &c.legs[STORE_LEG_INTERNAL];
	assert_int_equal(report_counts_sealed(in), 6);
	assert_int_equal(report_counts_open(in), 7);
	assert_int_equal(in->post_quantum, 6);
	assert_int_equal(in->messages, 7);
	assert_int_equal(in->bytes, 7700);
	assert_int_equal(internal->by_seal[STORE_SEAL_LOCAL], 9);
	assert_int_equal(c.legs[STORE_LEG_USER].by_seal[STORE_SEAL_SEALED], 2);
	assert_int_equal(c.legs[STORE_LEG_OUTBOUND].by_seal[STORE_SEAL_AUTHENTICATED], 3);
	assert_int_equal(report_coverage_judge(&c), REPORT_COVERAGE_WELL);
	assert_int_equal(c.began_s, NOW);
	report_coverage_deinit(&c);
	store_ledger_read_close(l);
}

static void test_written_peers(void **state)
{
	const struct report_peers_wish wish = { .filter = everything };
	struct store_ledger_read *l = written();
	struct report_table t;
	(void)state;
	assert_int_equal(report_peers_table(&t, l, &wish), 0);
	assert_int_equal(t.row_count, 2);
	cell_is(&t, 0, "peer", "192.0.2.7");
	cell_is(&t, 0, "name", "mail.a.example");
	cell_is(&t, 0, "weakest", "plain");
	cell_is(&t, 0, "sessions", "7");
	cell_is(&t, 1, "peer", "b.example");
	cell_is(&t, 1, "name", "mx.b.example");
	cell_is(&t, 1, "policy", "verify");
	cell_is(&t, 1, "messages", "3");
	report_table_deinit(&t);
	store_ledger_read_close(l);
}

static void test_written_downgrade(void **state)
{
	struct store_ledger_read *l = written();
	const struct report_downgrades_asking asking = { .ledger = l, .now_s = NOW };
	struct report_table t;
	(void)state;
	assert_int_equal(report_downgrades_table(&t, &asking, &everything), 0);
	assert_int_equal(t.row_count, 1);
	cell_is(&t, 0, "who", "192.0.2.7");
	cell_is(&t, 0, "what", "lost-tls");
	cell_is(&t, 0, "leg", "inbound");
	report_table_deinit(&t);
	store_ledger_read_close(l);
}

static void test_written_of_a_user(void **state)
{
	struct store_ledger_read *l = written();
	struct report_table tables[REPORT_USER_COUNT];
	struct report_table exposures;
	uint64_t total;
	(void)state;
	assert_int_equal(report_user_tables(tables, l, "anna"), 0);
	assert_int_equal(tables[REPORT_USER_SESSIONS].row_count, 2);
	cell_is(&tables[REPORT_USER_SESSIONS], 0, "group", "X25519MLKEM768");
	assert_int_equal(tables[REPORT_USER_NAMES].row_count, 1);
	cell_is(&tables[REPORT_USER_NAMES], 0, "sessions", "2");
	assert_int_equal(tables[REPORT_USER_EXPOSURES].row_count, 1);
	for (size_t i = 0; i < REPORT_USER_COUNT; i++)
		report_table_deinit(&tables[i]);
	assert_int_equal(report_exposures_table(&exposures, l, &everything, 0, &total), 0);
	assert_int_equal(total, 1);
	cell_is(&exposures, 0, "user", "anna");
	cell_is(&exposures, 0, "password_sent", "yes");
	report_table_deinit(&exposures);
	store_ledger_read_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_written_coverage, file_remove),
		cmocka_unit_test_teardown(test_written_peers, file_remove),
		cmocka_unit_test_teardown(test_written_downgrade, file_remove),
		cmocka_unit_test_teardown(test_written_of_a_user, file_remove),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
