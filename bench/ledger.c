/*
 * How many sessions a second of CPU the ledger takes, keep = "notable", with what a busy provider
 * sends it: 5,000 sessions a second of 2,000 names out of 300,000, 200 ClientHellos, some 60 sums,
 * 3 % that are notable for what they are; in batches of 100, a commit and what is to be pruned
 * each second.
 *
 *	ledger FILE [SECONDS [NAMES SESSIONS]]     NAMES and SESSIONS: rows it has to begin with
 *
 * It makes FILE anew, and leaves it.
 */
#include "store/ledger.h"
#include "store/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	RATE = 5000,
	NAMES_A_SECOND = 2000,
	NAMES = 300000,
	HELLOS = 200,
	BATCH = 100,
	RETENTION_S = 30 * 86400,
	NOW_S = 1800000000,
};

static struct store_ledger *ledger;
static uint64_t seed = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void die(const char *what)
{
	fprintf(stderr, "ledger: %s\n", what);
	exit(1);
}

static void check(int r, const char *what)
{
	if (r)
		die(what);
}

static double clock_s(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ledger_begin(const char *path)
{
	const struct store_ledger_settings set = { .path = path, .retention_s = RETENTION_S };
	struct store_opened how;
	check(store_ledger_open(&ledger, &set, &how), "cannot open");
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		die(sqlite3_errmsg(db));
}

/* What a name and its hello are made of, here and in session_make(). */
#define EDGE "iif(i % 5 < 3, 'mx', iif(i % 5 = 3, 'imap', 'submission'))"
#define WHO                                                                                        \
	"iif(i % 5 < 3, printf('10.%d.%d.%d', i / 65536 % 256, i / 256 % 256, i % 256),"           \
	" printf('user%d@example.org', i))"

static void names_fill(sqlite3 *db, long count)
{
	char sql[1200];
	snprintf(sql, sizeof(sql),
	         "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %ld)"
	         " INSERT INTO name SELECT %s AS e, i %% %d + 1 AS h, %s AS w,"
	         " i %% 5 > 2, iif(i %% 5 < 3, 0, 2), 'smtp', %d - i %% 2000000, %d - i %% 2000000,"
	         " i %% 9 + 1, 0, 3, 4000, 3, 'TLSv1.3', 'TLS_AES_256_GCM_SHA384', 'X25519',"
	         " printf('host%%d.example.net', i) FROM n ORDER BY e, h, w",
	         count - 1, EDGE, HELLOS, WHO, NOW_S, NOW_S);
	run(db, "DROP INDEX name_who; DROP INDEX name_last; DROP INDEX name_few");
	run(db, sql);
	run(db, "CREATE INDEX name_who ON name (who); CREATE INDEX name_last ON name (last);"
	        "CREATE INDEX name_few ON name (last) WHERE sessions < 5");
}

static void sessions_fill(sqlite3 *db, long count)
{
	char sql[1200];
	snprintf(sql, sizeof(sql),
	         "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %ld)"
	         " INSERT INTO session SELECT NULL, %d - %d + i * %d / %ld, 0, 1, 'smtp', 'mx',"
	         " printf('10.%%d.%%d.%%d', i / 65536 %% 256, i / 256 %% 256, i %% 256), '', '',"
	         " iif(i %% 5 = 4, printf('user%%d@example.org', i %% 100000), ''),"
	         " printf('host%%d.example.net', i %% 1000000), '', '', '', 0, 0, '', '', 'ok', '',"
	         " 1, 4000, 300, 800 FROM n",
	         count - 1, NOW_S, RETENTION_S, RETENTION_S, count);
	run(db, "DROP INDEX session_at; DROP INDEX session_user");
	run(db, sql);
	run(db, "CREATE INDEX session_at ON session (at);"
	        "CREATE INDEX session_user ON session (user) WHERE user <> ''");
}

static void file_fill(const char *path, long names, long sessions)
{
	sqlite3 *db = NULL;
	if (sqlite3_open(path, &db))
		die("cannot open it to fill it");
	run(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY;"
	        "PRAGMA cache_size = -1000000; BEGIN");
	names_fill(db, names);
	sessions_fill(db, sessions);
	run(db, "COMMIT; PRAGMA journal_mode = WAL");
	sqlite3_close(db);
}

static const uint16_t numbers[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
	                            0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035 };

static void hello_tell(uint64_t hash, int64_t now_s)
{
	const struct store_hello hello = {
		.hash = hash,
		.legacy_version = 0x0303,
		.max_version = 0x0304,
		.versions = (const uint16_t[]){ 0x0304, 0x0303 },
		.version_count = 2,
		.suites = numbers,
		.suite_count = 15,
		.groups = (const uint16_t[]){ 29, 23, 24 },
		.group_count = 3,
		.sigalgs = numbers,
		.sigalg_count = 12,
	};
	check(store_ledger_hello(ledger, &hello, now_s), "a hello was not taken");
}

static const char *const versions[] = { "TLSv1.3", "TLSv1.2" };
static const char *const ciphers[] = { "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256",
	                               "TLS_CHACHA20_POLY1305_SHA256" };
static const char *const groups[] = { "X25519", "P-256" };

/* Of all that come, 1.5 % are in clear, 1 % cannot log in, 0.5 % are refused. */
static void unusual_make(struct store_record *r, uint64_t name)
{
	if (name % 67 == 0) {
		r->seal = STORE_SEAL_PLAIN;
		r->tls_version = r->cipher = r->group = "";
		r->hello = 0;
	} else if (name % 200 == 1) {
		r->seal = STORE_SEAL_NONE;
		r->outcome = "tls-failed";
		r->tls_version = r->cipher = r->group = "";
	} else if (draw(100) == 0) {
		r->login_failures = 1;
		r->outcome = "login-failed";
	}
}

static void session_tell(uint64_t name, int64_t now_s)
{
	char address[64], user[64] = "", software[64];
	bool is_mx = name % 5 < 3;
	snprintf(address, sizeof(address), "10.%d.%d.%d", (int)(name / 65536 % 256),
	         (int)(name / 256 % 256), (int)(name % 256));
	snprintf(software, sizeof(software), "host%" PRIu64 ".example.net", name);
	if (!is_mx)
		snprintf(user, sizeof(user), "user%" PRIu64 "@example.org", name);
	struct store_record r = {
		.ended_s = now_s,
		.leg = is_mx ? STORE_LEG_INBOUND : STORE_LEG_USER,
		.seal = STORE_SEAL_SEALED,
		.protocol = is_mx           ? "smtp"
		            : name % 5 == 3 ? "imap"
		                            : "submission",
		.edge = is_mx           ? "mx"
		        : name % 5 == 3 ? "imap"
		                        : "submission",
		.address = address,
		.domain = "",
		.mx = "",
		.user = user,
		.is_logged_in = !is_mx,
		.software = software,
		.tls_version = versions[name % 2],
		.cipher = ciphers[name % 3],
		.group = groups[name / 2 % 2],
		.has_forward_secrecy = true,
		.hello = name % HELLOS + 1,
		.hello_max = 0x0304,
		.sni = STORE_SNI_OURS,
		.policy = "",
		.result = "",
		.outcome = "ok",
		.error = "",
		.bytes_in = 4000,
		.bytes_out = 600,
		.duration_ms = 800,
		.messages = 1,
		.backend_seal = STORE_SEAL_LOCAL,
		.backend = is_mx ? "mta" : "imap",
	};
	unusual_make(&r, name);
	check(store_ledger_session(ledger, &r), "a session was not taken");
}

static double prune_longest_s;
static long prune_steps;

static void prune(int64_t now_s)
{
	bool is_more = true;
	while (is_more) {
		double began = clock_s(CLOCK_MONOTONIC);
		check(store_ledger_prune(ledger, now_s, &is_more), "cannot prune");
		double took = clock_s(CLOCK_MONOTONIC) - began;
		prune_longest_s = took > prune_longest_s ? took : prune_longest_s;
		prune_steps++;
	}
}

static double commit_longest_s;

static void commit(void)
{
	double began = clock_s(CLOCK_MONOTONIC);
	check(store_ledger_commit(ledger), "cannot commit");
	double took = clock_s(CLOCK_MONOTONIC) - began;
	commit_longest_s = took > commit_longest_s ? took : commit_longest_s;
}

static void second_tell(int64_t now_s, uint64_t *batch)
{
	static uint64_t names[NAMES_A_SECOND];
	for (int i = 0; i < NAMES_A_SECOND; i++)
		names[i] = draw(NAMES);
	for (uint64_t hash = 1; hash <= HELLOS && now_s % 60 == 0; hash++)
		hello_tell(hash, now_s);
	for (int i = 0; i < RATE; i++) {
		if (i % BATCH == 0)
			check(store_ledger_batch(ledger, 1, ++*batch, now_s), "known already");
		session_tell(names[i < NAMES_A_SECOND ? i : (int)draw(NAMES_A_SECOND)], now_s);
	}
	commit();
	prune(now_s);
}

int main(int argc, char **argv)
{
	long seconds = argc > 2 ? atol(argv[2]) : 60;
	uint64_t batch = 0;
	if (argc < 2 || seconds < 1)
		die("usage: ledger FILE [SECONDS [NAMES SESSIONS]]");
	unlink(argv[1]);
	ledger_begin(argv[1]);
	if (argc > 4) {
		store_ledger_close(ledger);
		file_fill(argv[1], atol(argv[3]), atol(argv[4]));
		double opening = clock_s(CLOCK_MONOTONIC);
		ledger_begin(argv[1]);
		printf("opened in %.2f s\n", clock_s(CLOCK_MONOTONIC) - opening);
	}
	double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID), wall = clock_s(CLOCK_MONOTONIC);
	for (long s = 0; s < seconds; s++)
		second_tell(NOW_S + s, &batch);
	cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = clock_s(CLOCK_MONOTONIC) - wall;
	printf("%ld sessions: %.0f a second of CPU, %.0f a second; longest commit %.3f s;"
	       " %ld prune steps, longest %.4f s\n",
	       seconds * RATE, (double)(seconds * RATE) / cpu, (double)(seconds * RATE) / wall,
	       commit_longest_s, prune_steps, prune_longest_s);
	store_ledger_close(ledger);
	return 0;
}
