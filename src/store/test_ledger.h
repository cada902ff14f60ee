/* A ledger for tests: opened anew for each, looked into by a connection of its own. */
#ifndef STORE_TEST_LEDGER_H
#define STORE_TEST_LEDGER_H

#include "base/clean.h"
#include "base/slice.h"
#include "store/ledger_inside.h"
#include "store/store.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DAY = 86400, NOW = 20000 * DAY + 12 * 3600, RETENTION = 30 * DAY };

static struct store_ledger *ledger;
static struct store_ledger_settings settings;

static void ledger_open(void)
{
	struct store_opened how;
	assert_int_equal(store_ledger_open(&ledger, &settings, &how), 0);
}

static int ledger_begin(void **state)
{
	(void)state;
	settings = (struct store_ledger_settings){ .path = path, .retention_s = RETENTION };
	ledger_open();
	return 0;
}

static int ledger_end(void **state)
{
	store_ledger_close(TAKE(ledger));
	return file_remove(state);
}

[[maybe_unused]] static void ledger_reopen(void)
{
	store_ledger_close(TAKE(ledger));
	ledger_open();
}

[[maybe_unused]] static void commit(void)
{
	assert_int_equal(store_ledger_commit(ledger), 0);
}

/* Sealed, inbound, and well. */
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
	.group = "X25519",
	.has_forward_secrecy = true,
	.hello = 0x11,
	.hello_max = 0x0304,
	.sni = STORE_SNI_OURS,
	.policy = "",
	.result = "",
	.outcome = "ok",
	.error = "",
	.bytes_in = 1000,
	.bytes_out = 100,
	.messages = 1,
	.backend = "",
};

static void tell(const struct store_record *r)
{
	assert_int_equal(store_ledger_session(ledger, r), 0);
}

[[maybe_unused]] static void tell_times(const struct store_record *r, int count)
{
	for (int i = 0; i < count; i++)
		tell(r);
}

[[maybe_unused]] static struct store_record with_seal(enum store_seal seal)
{
	struct store_record r = usual;
	r.seal = seal;
	if (seal == STORE_SEAL_LEGACY) {
		r.tls_version = "TLSv1";
		r.hello = 0x22;
		return r;
	}
	if (seal == STORE_SEAL_NONE)
		r.outcome = "tls-failed";
	else
		r.hello = 0;
	r.tls_version = r.cipher = r.group = "";
	r.has_forward_secrecy = false;
	return r;
}

/* Rows as lines, columns with '|'. */
[[maybe_unused]] static void assert_rows(const char *sql, const char *expected)
{
	char text[4096] = "";
	size_t len = 0;
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(s); i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
			                        (const char *)sqlite3_column_text(s, i),
			                        i + 1 < sqlite3_column_count(s) ? "|" : "\n");
	sqlite3_finalize(s);
	sqlite3_close(db);
	assert_string_equal(text, expected);
}

#define LEDGER_TEST(function) cmocka_unit_test_setup_teardown(function, ledger_begin, ledger_end)

#endif
