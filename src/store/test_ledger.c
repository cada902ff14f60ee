#include "store/test_ledger.h"

#include <sys/wait.h>

/* Each hour, leg, seal and so on; a way to a backend is a session of the internal leg too. */
static void test_ledger_sums(void **state)
{
	struct store_record r = usual;
	(void)state;
	r.backend = "mta";
	r.backend_seal = STORE_SEAL_LOCAL;
	tell_times(&r, 3);
	commit();
	r.login_failures = 2;
	tell(&r);
	r.ended_s += 3600;
	r.is_resumed = true;
	tell(&r);
	commit();
	assert_rows(
		"SELECT hour - 480012, leg, protocol, edge, seal, version, cipher, kex, resumed,"
		" forward_secrecy, sessions, messages, bytes_in, bytes_out, login_failures"
		" FROM sum ORDER BY 1, 2",
		"0|0|smtp|mx|3|TLSv1.3|TLS_AES_256_GCM_SHA384|X25519|0|1|4|4|4000|400|2\n"
		"0|3|backend|mta|5||||0|0|4|4|4000|400|0\n"
		"1|0|smtp|mx|3|TLSv1.3|TLS_AES_256_GCM_SHA384|X25519|1|1|1|1|1000|100|2\n"
		"1|3|backend|mta|5||||0|0|1|1|1000|100|0\n");
}

static void test_ledger_names(void **state)
{
	struct store_record r = usual;
	(void)state;
	tell(&r);
	r.ended_s += 10;
	r.software = "";
	tell(&r);
	commit();
	r.seal = STORE_SEAL_NONE;
	r.tls_version = r.cipher = r.group = "";
	r.ended_s += 10;
	tell(&r); /* what it had stays */
	commit();
	r = with_seal(STORE_SEAL_PLAIN);
	tell(&r);
	r = usual;
	r.leg = STORE_LEG_USER;
	r.edge = "imap";
	r.protocol = "imap";
	r.user = "eve";
	tell(&r); /* she only tried */
	r.is_logged_in = true;
	tell(&r);
	commit();
	assert_rows(
		"SELECT edge, hello, who, is_user, leg, protocol, first - 1728043200,"
		" last - 1728043200, sessions, refused, messages, bytes, seal, version, software"
		" FROM name",
		"imap|17|192.0.2.7|0|2|imap|0|0|1|0|1|1100|3|TLSv1.3|mail.a.example\n"
		"imap|17|eve|1|2|imap|0|0|1|0|1|1100|3|TLSv1.3|mail.a.example\n"
		"mx|0|192.0.2.7|0|0|smtp|0|0|1|0|1|1100|1||mail.a.example\n"
		"mx|17|192.0.2.7|0|0|smtp|0|20|3|1|3|3300|3|TLSv1.3|mail.a.example\n");
}

/* Who connects and leaves says nothing of what it can do. */
static void test_ledger_names_of_nothing(void **state)
{
	struct store_record r = with_seal(STORE_SEAL_NONE);
	(void)state;
	r.hello = 0;
	tell(&r);
	r = usual;
	r.hello = 0;
	tell(&r);
	r = usual;
	r.leg = STORE_LEG_INTERNAL;
	tell(&r);
	commit();
	assert_rows("SELECT count(*) FROM name", "0\n");
	assert_rows("SELECT sum(sessions) FROM sum", "3\n");
}

static void test_ledger_fars(void **state)
{
	struct store_record r = usual;
	(void)state;
	r.leg = STORE_LEG_OUTBOUND;
	r.edge = "out";
	r.domain = "b.example";
	r.mx = "mx.b.example";
	r.policy = "opportunistic";
	tell(&r);
	commit();
	r.seal = STORE_SEAL_NONE;
	r.tls_version = r.cipher = r.group = r.address = "";
	r.outcome = "unreachable";
	r.ended_s += 60;
	tell(&r);
	commit();
	assert_rows("SELECT relay, domain, mx, address, last - first, sessions, failed, messages,"
	            " bytes, seal, version, policy, outcome FROM far",
	            "out|b.example|mx.b.example|192.0.2.7|60|2|1|2|2200|3|TLSv1.3|opportunistic|"
	            "unreachable\n");
	assert_rows("SELECT count(*) FROM name", "0\n");
}

/* Of what is usual nothing but the first time is kept. */
static void test_ledger_keeps_the_notable(void **state)
{
	static const struct {
		const char *name;
		enum store_seal seal;
		const char *outcome;
		uint32_t login_failures;
		bool is_kept;
	} cases[] = {
		{ "usual", STORE_SEAL_SEALED, "ok", 0, false },
		{ "authenticated", STORE_SEAL_AUTHENTICATED, "ok", 0, false },
		{ "on this host", STORE_SEAL_LOCAL, "ok", 0, false },
		{ "the client left", STORE_SEAL_SEALED, "client-gone", 0, false },
		{ "drained", STORE_SEAL_SEALED, "drained", 0, false },
		{ "plain", STORE_SEAL_PLAIN, "ok", 0, true },
		{ "legacy", STORE_SEAL_LEGACY, "ok", 0, true },
		{ "refused", STORE_SEAL_NONE, "tls-failed", 0, true },
		{ "failed", STORE_SEAL_SEALED, "backend-down", 0, true },
		{ "login failures", STORE_SEAL_SEALED, "ok", 1, true },
	};
	struct store_record r = usual;
	(void)state;
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < COUNT_OF(cases); i++) {
			size_t before = ledger->row_count;
			r.seal = cases[i].seal;
			r.hello = i + 1;
			r.outcome = cases[i].outcome;
			r.login_failures = cases[i].login_failures;
			tell(&r);
			bool is_kept = ledger->row_count > before;
			/* plain and local are of one name */
			bool is_first = !again && cases[i].seal != STORE_SEAL_PLAIN;
			if (is_kept != (cases[i].is_kept || is_first))
				fail_msg("%s, time %d: %s", cases[i].name, again + 1,
				         is_kept ? "kept" : "not kept");
		}
		commit();
	}
}

static void test_ledger_keeps_all(void **state)
{
	(void)state;
	store_ledger_close(TAKE(ledger));
	settings.keep = STORE_KEEP_ALL;
	ledger_open();
	tell_times(&usual, 3);
	commit();
	assert_rows("SELECT at - 1728043200, leg, seal, protocol, edge, address, user, software,"
	            " version, cipher, kex, resumed, hello, outcome, messages, bytes_in, bytes_out"
	            " FROM session WHERE id = 3",
	            "0|0|3|smtp|mx|192.0.2.7||mail.a.example|TLSv1.3|TLS_AES_256_GCM_SHA384|X25519|"
	            "0|17|ok|1|1000|100\n");
	assert_rows("SELECT count(*) FROM session", "3\n");
}

static void test_ledger_hellos(void **state)
{
	const uint16_t suites[] = { 0x1301, 0xc02b }, groups[] = { 29 };
	const struct store_hello hello = { .hash = 0x11,
		                           .legacy_version = 0x0303,
		                           .max_version = 0x0304,
		                           .suites = suites,
		                           .suite_count = 2,
		                           .groups = groups,
		                           .group_count = 1 };
	struct store_record r = usual;
	(void)state;
	assert_int_equal(store_ledger_hello(ledger, &hello, NOW), 0);
	tell(&r);
	commit();
	r.sni = STORE_SNI_NONE;
	r.ended_s += 5;
	tell(&r);
	r.hello = 0x99; /* nobody told it */
	tell(&r);
	commit();
	assert_rows(
		"SELECT hash, legacy_version, max_version, versions, suites, groups, sigalgs, sni,"
		" last - first FROM hello",
		"17|771|772||1301,c02b|001d||3|5\n");
}

static void test_ledger_exposures(void **state)
{
	struct store_exposure e = { .at_s = NOW,
		                    .protocol = "imap",
		                    .edge = "imap",
		                    .address = "192.0.2.7",
		                    .user = "eve",
		                    .mechanism = "PLAIN" };
	bool is_new;
	(void)state;
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	assert_true(is_new);
	e.at_s++;
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	assert_false(is_new);
	commit();
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	assert_false(is_new);
	e.password_sent = true;
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	assert_true(is_new);
	commit();
	assert_rows(
		"SELECT user, protocol, edge, address, password_sent, mechanism, is_excepted,"
		" last - first, count FROM exposure",
		"eve|imap|imap|192.0.2.7|0|PLAIN|0|1|3\neve|imap|imap|192.0.2.7|1|PLAIN|0|0|1\n");
}

/* As much of a client's address as is to be kept, everywhere; far ends are no persons. */
static void test_ledger_addresses(void **state)
{
	static const struct {
		enum store_address how;
		const char *expected;
	} cases[] = { { STORE_ADDRESS_TRUNCATED, "192.0.2.0/24\n" }, { STORE_ADDRESS_NONE, "\n" } };
	bool is_new;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct store_record r = usual;
		ledger_end(state);
		settings.client_address = cases[i].how;
		ledger_open();
		const struct store_exposure e = { .at_s = NOW,
			                          .protocol = "smtp",
			                          .edge = "mx",
			                          .address = r.address,
			                          .user = "",
			                          .mechanism = "" };
		assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
		tell_times(&r, 9);
		r = with_seal(STORE_SEAL_NONE);
		r.hello = 0x33;
		tell(&r);
		r = with_seal(STORE_SEAL_PLAIN);
		tell(&r);
		r = usual;
		r.leg = STORE_LEG_OUTBOUND;
		r.domain = "b.example";
		tell(&r);
		commit();
		assert_rows("SELECT DISTINCT address FROM session WHERE leg = 0",
		            cases[i].expected);
		assert_rows("SELECT DISTINCT who FROM name", cases[i].expected);
		assert_rows("SELECT address FROM exposure", cases[i].expected);
		assert_rows("SELECT DISTINCT who FROM event", cases[i].expected);
		assert_rows("SELECT address FROM far", "192.0.2.7\n");
		assert_rows("SELECT address FROM session WHERE leg = 1", "192.0.2.7\n");
	}
}

/* What strangers write is cut and cannot be more than text. */
static void test_ledger_hostile_texts(void **state)
{
	char longest[1000];
	struct store_record r = with_seal(STORE_SEAL_PLAIN);
	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	r.software = "a\x1b[2J\xff\xc3\n'; DROP TABLE name; --";
	r.user = longest;
	r.error = longest;
	tell(&r);
	commit();
	assert_rows("SELECT software, length(user), length(error) FROM session",
	            "a?[2J?\?\?'; DROP TABLE name; --|255|255\n");
	assert_rows("SELECT software FROM name", "a?[2J?\?\?'; DROP TABLE name; --\n");
}

static void batch_tell(uint64_t worker, uint64_t number, int sessions)
{
	int r = store_ledger_batch(ledger, worker, number, NOW);
	assert_true(r == 0 || r == STORE_LEDGER_KNOWN);
	if (!r)
		tell_times(&usual, sessions);
}

/* A batch is counted once, however often it comes and whatever was lost with a process. */
static void test_ledger_batches(void **state)
{
	int status;
	(void)state;
	batch_tell(7, 1, 10);
	batch_tell(7, 1, 10); /* again at once */
	batch_tell(1, 1, 5);
	commit();
	store_ledger_close(TAKE(ledger));
	pid_t child = fork();
	if (!child) { /* killed between a commit and the next */
		ledger_open();
		batch_tell(7, 2, 10);
		commit();
		batch_tell(7, 3, 10);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	ledger_open();
	batch_tell(7, 1, 10);
	batch_tell(7, 2, 10);
	batch_tell(7, 3, 10);
	batch_tell(1, 1, 5);
	batch_tell(UINT64_MAX, 1, 5);
	commit();
	assert_rows("SELECT sum(sessions) FROM sum", "40\n");
	assert_rows("SELECT sessions FROM name", "40\n");
	assert_rows("SELECT id, batch FROM worker ORDER BY id", "-1|1\n1|1\n7|3\n");
}

/* More workers than are held between two commits: those in the file make room. */
static void test_ledger_many_workers(void **state)
{
	(void)state;
	for (uint64_t w = 1; w <= LEDGER_WORKERS_PENDING; w++)
		batch_tell(w, 1, 1);
	assert_true(store_ledger_batch(ledger, 1000, 1, NOW) < 0);
	commit();
	for (uint64_t w = 1000; w < 1010; w++)
		batch_tell(w, 1, 1);
	for (uint64_t w = 1; w <= 10; w++)
		batch_tell(w, 1, 1);
	commit();
	assert_rows("SELECT sum(sessions) FROM sum", "266\n");
}

static void pages_limit(const char *pages)
{
	char sql[64];
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %s", pages);
	assert_int_equal(sqlite3_exec(ledger->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void strangers_tell(uint32_t from, uint32_t to)
{
	char address[32];
	struct store_record r = usual;
	r.address = address;
	for (uint32_t i = from; i < to; i++) {
		snprintf(address, sizeof(address), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		tell(&r);
	}
}

/* With a full disk nothing is lost for a while; then what was dropped is counted. */
static void test_ledger_full_disk(void **state)
{
	(void)state;
	commit();
	pages_limit("1"); /* that is: no more than it has */
	assert_int_equal(store_ledger_batch(ledger, 7, 1, NOW), 0);
	strangers_tell(0, 1000);
	assert_true(store_ledger_commit(ledger) < 0);
	assert_int_equal(store_ledger_batch(ledger, 7, 1, NOW), STORE_LEDGER_KNOWN);
	assert_true(store_ledger_commit(ledger) < 0);
	pages_limit("1000000");
	commit();
	assert_rows("SELECT sum(sessions) FROM sum", "1000\n");
	assert_rows("SELECT count(*) FROM name", "1000\n");
	assert_rows("SELECT count(*) FROM session", "1000\n");
	assert_rows("SELECT count(*) FROM fact WHERE name = 'lost'", "0\n");

	pages_limit("1");
	ledger->names.max = 50;
	strangers_tell(2000, 2100);
	assert_true(store_ledger_commit(ledger) < 0);
	strangers_tell(2100, 2110);
	assert_int_equal(ledger->names.count, 50);
	pages_limit("1000000");
	commit();
	assert_rows("SELECT sum(sessions) FROM sum", "1110\n");
	assert_rows("SELECT count(*) FROM name", "1050\n");
	assert_rows("SELECT value FROM fact WHERE name = 'lost'", "60\n");
	assert_int_equal(ledger->names_kept.count, 1050);
}

/* Much of it is committed by itself, but never within a batch. */
static void test_ledger_commits_what_is_much(void **state)
{
	(void)state;
	ledger->rows_max = 100;
	assert_int_equal(store_ledger_batch(ledger, 7, 1, NOW), 0);
	strangers_tell(0, 60);
	assert_rows("SELECT count(*) FROM session", "0\n");
	assert_int_equal(store_ledger_batch(ledger, 7, 2, NOW), 0);
	assert_rows("SELECT count(*) FROM session", "60\n");
	assert_rows("SELECT batch FROM worker", "1\n");
}

static void test_ledger_facts(void **state)
{
	(void)state;
	assert_int_equal(store_ledger_lost(ledger, 5, NOW), 0);
	commit();
	assert_int_equal(store_ledger_lost(ledger, 2, NOW + 9), 0);
	ledger_reopen(); /* what was not committed is lost */
	assert_int_equal(store_ledger_lost(ledger, 3, NOW + 10), 0);
	tell(&usual);
	commit();
	assert_rows("SELECT name, value FROM fact", "began_s|1728043200\nlost|8\n");
}

/* Put aside, and begun anew. */
static void test_ledger_newer_or_broken(void **state)
{
	struct store_opened how;
	sqlite3 *db = NULL;
	FILE *f;
	(void)state;
	tell(&usual);
	commit();
	store_ledger_close(TAKE(ledger));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_ledger_open(&ledger, &settings, &how), 0);
	assert_true(how.was_bad);
	assert_string_equal(how.why, "it is of a newer version");
	store_ledger_close(TAKE(ledger));

	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database", f);
	fclose(f);
	assert_int_equal(store_ledger_open(&ledger, &settings, &how), 0);
	assert_true(how.was_bad);
	tell(&usual);
	commit();
	assert_rows("SELECT sum(sessions) FROM sum", "1\n");
}

/* Strangers push out those of whom little is known first, and nobody has more than his share. */
static void test_ledger_bounds(void **state)
{
	struct store_record r = usual;
	(void)state;
	ledger->names_kept.max = 20;
	tell_times(&r, 5);
	commit();
	strangers_tell(0, 100);
	commit();
	assert_rows("SELECT count(*), sum(who = '192.0.2.7') FROM name", "20|1\n");
	ledger_reopen();
	assert_int_equal(ledger->names_kept.count, 20);
	for (uint64_t hello = 1000; hello < 1100; hello++) {
		r.hello = hello;
		tell(&r);
		if (hello % 10 == 0)
			commit();
	}
	commit();
	assert_rows("SELECT count(*) FROM name WHERE who = '192.0.2.7'", "64\n");
	r = with_seal(STORE_SEAL_PLAIN); /* this one is worth more than all */
	tell(&r);
	commit();
	assert_rows("SELECT count(*) FROM name WHERE who = '192.0.2.7' AND hello = 0", "1\n");
}

static void test_ledger_bounds_hellos(void **state)
{
	struct store_hello hello = { .hash = 1 };
	(void)state;
	ledger->hellos_kept.max = 10;
	assert_int_equal(store_ledger_hello(ledger, &hello, NOW - DAY), 0);
	commit();
	assert_int_equal(store_ledger_hello(ledger, &hello, NOW), 0);
	commit();
	for (hello.hash = 2; hello.hash < 50; hello.hash++)
		assert_int_equal(store_ledger_hello(ledger, &hello, NOW + 1), 0);
	commit();
	assert_rows("SELECT count(*), min(hash) FROM hello", "10|1\n");
	assert_int_equal(ledger->hellos_kept.count, 10);
}

static void test_ledger_bounds_exposures(void **state)
{
	char user[16];
	bool is_new;
	struct store_exposure e = { .at_s = NOW - DAY,
		                    .protocol = "imap",
		                    .edge = "imap",
		                    .address = "192.0.2.7",
		                    .user = "eve",
		                    .mechanism = "" };
	(void)state;
	ledger->exposures_kept.max = 10;
	for (int i = 0; i < 2; i++, e.at_s += 7200) {
		assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
		commit();
	}
	e.user = user;
	for (int i = 0; i < 50; i++) {
		snprintf(user, sizeof(user), "guess%d", i);
		assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	}
	commit();
	assert_rows("SELECT count(*), sum(user = 'eve') FROM exposure", "10|1\n");
}

/* Who writes names does not push out that of somebody who has one here. */
static void test_ledger_exposures_of_nobody(void **state)
{
	char user[16];
	bool is_new;
	struct store_exposure e = { .at_s = NOW,
		                    .protocol = "imap",
		                    .edge = "imap",
		                    .address = "192.0.2.7",
		                    .user = "anna",
		                    .mechanism = "" };
	struct store_record r = usual;
	(void)state;
	r.leg = STORE_LEG_USER;
	r.user = "anna";
	r.is_logged_in = true;
	tell(&r);
	ledger->exposures_kept.max = 10;
	assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	commit();
	e.user = user;
	e.at_s++;
	for (int i = 0; i < 50; i++) {
		snprintf(user, sizeof(user), "guess%d", i);
		assert_int_equal(store_ledger_exposure(ledger, &e, &is_new), 0);
	}
	commit();
	assert_rows("SELECT count(*), sum(user = 'anna') FROM exposure", "10|1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_ledger_sums),
		LEDGER_TEST(test_ledger_names),
		LEDGER_TEST(test_ledger_names_of_nothing),
		LEDGER_TEST(test_ledger_fars),
		LEDGER_TEST(test_ledger_keeps_the_notable),
		LEDGER_TEST(test_ledger_keeps_all),
		LEDGER_TEST(test_ledger_hellos),
		LEDGER_TEST(test_ledger_exposures),
		LEDGER_TEST(test_ledger_addresses),
		LEDGER_TEST(test_ledger_hostile_texts),
		LEDGER_TEST(test_ledger_batches),
		LEDGER_TEST(test_ledger_many_workers),
		LEDGER_TEST(test_ledger_full_disk),
		LEDGER_TEST(test_ledger_commits_what_is_much),
		LEDGER_TEST(test_ledger_facts),
		LEDGER_TEST(test_ledger_newer_or_broken),
		LEDGER_TEST(test_ledger_bounds),
		LEDGER_TEST(test_ledger_bounds_hellos),
		LEDGER_TEST(test_ledger_bounds_exposures),
		LEDGER_TEST(test_ledger_exposures_of_nobody),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
