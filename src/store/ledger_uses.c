#include "store/ledger_uses.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/ledger_reader.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

enum query {
	FACT,
	HELLOS,
	SUMS,
	SUMS_UNTIL,
	NAMES,
	NAMES_UNTIL,
	DETAIL,
	NEXT_EDGE,
	ADDRESSES,
	QUERY_COUNT
};

/*
 * The key of "name" begins with edge and hello, so sums come in its order and nothing is sorted.
 * "+last": the index on it would lead all over a file of gigabytes. Of max() SQLite says that the
 * plain columns beside it are of the same row. There may be millions of rows, and each column that
 * is looked at costs: so _UNTIL is another query.
 */
#define SUMS_OF                                                                                    \
	"SELECT hello, count(*), sum(sessions), sum(messages), sum(bytes), version, cipher, kex,"  \
	" max(last) FROM name WHERE edge = ?1 AND +last >= ?2"
#define NAMES_OF                                                                                   \
	"SELECT who, is_user, sessions, refused, messages, bytes, seal FROM name"                  \
	" WHERE edge = ?1 AND hello = ?4 AND +last >= ?2"
#define UNTIL " AND first < ?3"
static const char *const queries[] = {
	[FACT] = LEDGER_READER_FACT,
	[HELLOS] = "SELECT hash, legacy_version, max_version, versions, suites, groups, sigalgs"
		   " FROM hello",
	[SUMS] = SUMS_OF " GROUP BY hello",
	[SUMS_UNTIL] = SUMS_OF UNTIL " GROUP BY hello",
	[NAMES] = NAMES_OF,
	[NAMES_UNTIL] = NAMES_OF UNTIL,
	[DETAIL] = "SELECT last, version, cipher, software FROM name"
		   " WHERE edge = ?1 AND hello = ?2 AND who = ?3",
	[NEXT_EDGE] = "SELECT edge, protocol FROM name WHERE edge > ?1 ORDER BY edge LIMIT 1",
	[ADDRESSES] = "SELECT DISTINCT address FROM session WHERE user = ?2 AND user <> ''"
		      " AND edge = ?1 AND address <> '' LIMIT 64",
};
_Static_assert(COUNT_OF(queries) == QUERY_COUNT, "a query without its text");

struct store_ledger_uses {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];
};

int store_ledger_uses_open(struct store_ledger_uses **ret_u, const char *path)
{
	struct store_ledger_uses *u = calloc(1, sizeof(*u));
	if (!u)
		return err_raise(-ENOMEM);
	int r = ledger_reader_open(&u->db, path);
	if (r > 0) /* of another build */
		r = err_raise(-EIO);
	if (!r)
		r = store_prepare(u->db, queries, QUERY_COUNT, u->statements);
	if (r) {
		store_ledger_uses_close(u);
		return err_up(r);
	}
	/* A file of gigabytes is read once through: without copies. No harm if it cannot be. */
	sqlite3_exec(u->db, "PRAGMA mmap_size = 8589934592", NULL, NULL, NULL);
	*ret_u = u;
	return 0;
}

void store_ledger_uses_close(struct store_ledger_uses *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(u->statements[i]);
	sqlite3_close(u->db);
	free(u);
}

int store_ledger_uses_fact(struct store_ledger_uses *u, const char *name, int64_t *ret_value)
{
	return err_up(ledger_reader_fact(u->statements[FACT], name, ret_value));
}

/* --- hellos --- */

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "1301,c02b"; what is no number ends it. */
static uint8_t list_read(const char *text, uint16_t ret_list[STORE_HELLO_LIST_MAX])
{
	uint8_t count = 0;
	while (count < STORE_HELLO_LIST_MAX && digit_of(*text) >= 0) {
		unsigned value = 0;
		for (; digit_of(*text) >= 0; text++)
			value = value << 4 | (unsigned)digit_of(*text);
		ret_list[count++] = (uint16_t)value;
		text += *text == ',';
	}
	return count;
}

struct hellos_question {
	int (*fn)(void *owner, const struct store_hello *hello);
	void *owner;
};

static int hello_tell(const void *question, sqlite3_stmt *at)
{
	const struct hellos_question *q = question;
	uint16_t lists[4][STORE_HELLO_LIST_MAX];
	const struct store_hello hello = {
		.hash = (uint64_t)sqlite3_column_int64(at, 0),
		.legacy_version = (uint16_t)sqlite3_column_int(at, 1),
		.max_version = (uint16_t)sqlite3_column_int(at, 2),
		.versions = lists[0],
		.suites = lists[1],
		.groups = lists[2],
		.sigalgs = lists[3],
		.version_count = list_read(ledger_reader_text(at, 3), lists[0]),
		.suite_count = list_read(ledger_reader_text(at, 4), lists[1]),
		.group_count = list_read(ledger_reader_text(at, 5), lists[2]),
		.sigalg_count = list_read(ledger_reader_text(at, 6), lists[3]),
	};
	return q->fn(q->owner, &hello);
}

int store_ledger_uses_hellos(struct store_ledger_uses *u,
                             int (*fn)(void *owner, const struct store_hello *hello), void *owner)
{
	struct hellos_question q = { fn, owner };
	return ledger_reader_rows(store_begin(u->statements[HELLOS]), hello_tell, &q);
}

/* --- who used them --- */

/* query: the one without a limit of time; the next is that with one. */
static sqlite3_stmt *filtered(struct store_ledger_uses *u, enum query query,
                              const struct store_uses_filter *filter)
{
	bool has_end = filter->until_s != INT64_MAX;
	sqlite3_stmt *at = store_begin(u->statements[query + has_end]);
	store_bind_text(at, 1, filter->edge);
	sqlite3_bind_int64(at, 2, filter->since_s);
	if (has_end)
		sqlite3_bind_int64(at, 3, filter->until_s);
	return at;
}

struct sums_question {
	int (*fn)(void *owner, const struct store_use *use);
	void *owner;
};

static int sum_tell(const void *question, sqlite3_stmt *at)
{
	const struct sums_question *q = question;
	const struct store_use use = {
		.hello = (uint64_t)sqlite3_column_int64(at, 0),
		.names = ledger_reader_count(at, 1),
		.sessions = ledger_reader_count(at, 2),
		.messages = ledger_reader_count(at, 3),
		.bytes = ledger_reader_count(at, 4),
		.version = ledger_reader_text(at, 5),
		.cipher = ledger_reader_text(at, 6),
		.group = ledger_reader_text(at, 7),
	};
	return q->fn(q->owner, &use);
}

int store_ledger_uses_sums(struct store_ledger_uses *u, const struct store_uses_filter *filter,
                           int (*fn)(void *owner, const struct store_use *use), void *owner)
{
	struct sums_question q = { fn, owner };
	return ledger_reader_rows(filtered(u, SUMS, filter), sum_tell, &q);
}

struct names_question {
	int (*fn)(void *owner, const struct store_use_name *name);
	void *owner;
};

static int name_tell(const void *question, sqlite3_stmt *at)
{
	const struct names_question *q = question;
	const struct store_use_name name = {
		.who = ledger_reader_text(at, 0),
		.is_user = sqlite3_column_int(at, 1) != 0,
		.sessions = ledger_reader_count(at, 2),
		.refused = ledger_reader_count(at, 3),
		.messages = ledger_reader_count(at, 4),
		.bytes = ledger_reader_count(at, 5),
		.seal = (enum store_seal)sqlite3_column_int(at, 6),
	};
	return q->fn(q->owner, &name);
}

int store_ledger_uses_names(struct store_ledger_uses *u, const struct store_uses_filter *filter,
                            uint64_t hello,
                            int (*fn)(void *owner, const struct store_use_name *name), void *owner)
{
	struct names_question q = { fn, owner };
	sqlite3_stmt *at = filtered(u, NAMES, filter);
	sqlite3_bind_int64(at, 4, (int64_t)hello);
	return ledger_reader_rows(at, name_tell, &q);
}

struct detail_question {
	int (*fn)(void *owner, const struct store_use_detail *detail);
	void *owner;
};

static int detail_tell(const void *question, sqlite3_stmt *at)
{
	const struct detail_question *q = question;
	const struct store_use_detail detail = {
		.last_s = sqlite3_column_int64(at, 0),
		.version = ledger_reader_text(at, 1),
		.cipher = ledger_reader_text(at, 2),
		.software = ledger_reader_text(at, 3),
	};
	return q->fn(q->owner, &detail);
}

int store_ledger_uses_detail(struct store_ledger_uses *u, const char *edge, uint64_t hello,
                             const char *who,
                             int (*fn)(void *owner, const struct store_use_detail *detail),
                             void *owner)
{
	struct detail_question q = { fn, owner };
	sqlite3_stmt *at = store_begin(u->statements[DETAIL]);
	store_bind_text(at, 1, edge);
	sqlite3_bind_int64(at, 2, (int64_t)hello);
	store_bind_text(at, 3, who);
	return ledger_reader_rows(at, detail_tell, &q);
}

/* --- edges, addresses --- */

/* Steps to a row. 0: there is one; ret_is_over: none more. */
static int row_next(sqlite3_stmt *at, bool *ret_is_over)
{
	int step = sqlite3_step(at);
	*ret_is_over = step != SQLITE_ROW;
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

/* From edge to edge by the key, whatever number of rows each has. */
int store_ledger_uses_edges(struct store_ledger_uses *u,
                            int (*fn)(void *owner, const char *edge, const char *protocol),
                            void *owner)
{
	CLEAN(freep) char *edge = strdup("");
	bool is_over = !edge;
	int r = edge ? 0 : err_raise(-ENOMEM);
	while (!r && !is_over) {
		sqlite3_stmt *at = store_begin(u->statements[NEXT_EDGE]);
		store_bind_text(at, 1, edge);
		r = row_next(at, &is_over);
		if (!r && !is_over) {
			free(edge);
			edge = strdup(ledger_reader_text(at, 0));
			r = edge ? fn(owner, edge, ledger_reader_text(at, 1)) : err_raise(-ENOMEM);
		}
		sqlite3_reset(at);
	}
	return r;
}

struct addresses_question {
	int (*fn)(void *owner, const char *address);
	void *owner;
};

static int address_tell(const void *question, sqlite3_stmt *at)
{
	const struct addresses_question *q = question;
	return q->fn(q->owner, ledger_reader_text(at, 0));
}

int store_ledger_uses_addresses(struct store_ledger_uses *u, const char *edge, const char *user,
                                int (*fn)(void *owner, const char *address), void *owner)
{
	struct addresses_question q = { fn, owner };
	sqlite3_stmt *at = store_begin(u->statements[ADDRESSES]);
	store_bind_text(at, 1, edge);
	store_bind_text(at, 2, user);
	return ledger_reader_rows(at, address_tell, &q);
}
