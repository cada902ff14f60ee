/*
 * The ledger's writer from inside: what its files share. One file, one table: each keeps what came
 * since the last commit (..._note), and writes it (..._write) inside the transaction of
 * store_ledger_commit(), after which it is forgotten.
 */
#ifndef STORE_LEDGER_INSIDE_H
#define STORE_LEDGER_INSIDE_H

#include "store/ledger.h"
#include "store/ledger_judge.h"
#include "store/ledger_refusals.h"
#include "store/ledger_sums.h"

struct sqlite3;
struct sqlite3_stmt;

enum ledger_query {
	LEDGER_BEGIN,
	LEDGER_COMMIT,
	LEDGER_ROLLBACK,
	LEDGER_SUM_ADD,
	LEDGER_NAME_GET,
	LEDGER_NAME_PAST,
	LEDGER_NAME_PUT,
	LEDGER_NAME_OVER_FEW,
	LEDGER_NAME_OVER,
	LEDGER_FAR_GET,
	LEDGER_FAR_PUT,
	LEDGER_FAR_OVER,
	LEDGER_HELLO_PUT,
	LEDGER_HELLO_TOUCH,
	LEDGER_HELLO_OVER,
	LEDGER_EXPOSURE_GET,
	LEDGER_EXPOSURE_PUT,
	LEDGER_EXPOSURE_OVER_UNKNOWN,
	LEDGER_EXPOSURE_OVER,
	LEDGER_HOOKS_DUE,
	LEDGER_HOOK_SET,
	LEDGER_HOOKS_COUNT,
	LEDGER_EVENT_GET,
	LEDGER_EVENT_PUT,
	LEDGER_EVENT_COUNT,
	LEDGER_SESSION_ADD,
	LEDGER_WORKER_GET,
	LEDGER_WORKER_PUT,
	LEDGER_FACT_KEEP,
	LEDGER_FACT_ADD,
	LEDGER_NAMES_COUNT,
	LEDGER_FARS_COUNT,
	LEDGER_HELLOS_COUNT,
	LEDGER_EXPOSURES_COUNT,
	LEDGER_PRUNE_SESSIONS,
	LEDGER_PRUNE_NAMES,
	LEDGER_PRUNE_FARS,
	LEDGER_PRUNE_HELLOS,
	LEDGER_PRUNE_EXPOSURES,
	LEDGER_PRUNE_EVENTS,
	LEDGER_ALARM_PUT,
	LEDGER_PRUNE_ALARMS,
	LEDGER_PRUNE_WORKERS,
	LEDGER_PRUNE_SUMS,
	LEDGER_PAGES,
	LEDGER_PAGES_FREE,
	LEDGER_PAGE_SIZE,
	LEDGER_AUTO_VACUUM,
	LEDGER_FORGET_SESSIONS,
	LEDGER_FORGET_NAMES,
	LEDGER_FORGET_EXPOSURES,
	LEDGER_QUERY_COUNT
};
extern const char *const ledger_queries[LEDGER_QUERY_COUNT];

/* Between two commits. */
enum {
	LEDGER_NAMES_PENDING = 32768,
	LEDGER_FARS_PENDING = 8192,
	LEDGER_HELLOS_PENDING = 4096,
	LEDGER_EXPOSURES_PENDING = 8192,
	LEDGER_EVENTS_PENDING = 8192,
	LEDGER_ROWS_PENDING = 32768,
	LEDGER_WORKERS_PENDING = 256,
	LEDGER_BUSY_MS = 2000,   /* at an upgrade two processes write for a moment */
	LEDGER_WAL_PAGES = 8192, /* 32 MiB: then a commit writes them into the file */
};

/* Rows of a table that is bounded. */
struct ledger_bound {
	int64_t count, max;
	int64_t count_before; /* the transaction */
};

struct ledger_worker {
	uint64_t id, batch;
	int64_t last_s;
	bool is_new; /* since the last commit */
};

struct store_ledger {
	struct sqlite3 *db;
	struct sqlite3_stmt *statements[LEDGER_QUERY_COUNT];
	enum store_keep keep;
	enum store_address client_address;
	bool has_hook;
	int64_t retention_s, max_bytes, page_size;
	struct ledger_words words;
	struct ledger_table sums, names, fars, hellos, exposures, events;
	struct ledger_row *rows, **rows_end;
	size_t row_count, rows_max;
	struct ledger_worker workers[LEDGER_WORKERS_PENDING];
	size_t worker_count;
	struct ledger_bound names_kept, fars_kept, hellos_kept, exposures_kept, events_kept;
	int64_t event_day; /* that events_kept counts */
	struct ledger_refusals refusals;
	int64_t began_s;
	uint64_t lost;
	bool has_news; /* something to commit */
	int wal_pages;
	bool has_secrets;        /* file or WAL have bytes of somebody who was forgotten */
	struct ledger_seen seen; /* the session that is being looked at */
};

/* What a function here could not keep, for want of room. */
enum { LEDGER_FULL = 1 };

/* A statement and the number of what is bound next. */
struct ledger_binder {
	struct sqlite3_stmt *at;
	int number;
};
struct ledger_binder ledger_bind(struct store_ledger *l, enum ledger_query query);
void ledger_bind_number(struct ledger_binder *b, int64_t number);
void ledger_bind_text(struct ledger_binder *b, const char *text);
/* Of a statement without rows. ret_changes may be NULL. 0 or a negative. */
[[nodiscard]] int ledger_run(struct store_ledger *l, const struct ledger_binder *b,
                             int64_t *ret_changes);
/* Of one that has nothing to bind. */
[[nodiscard]] int ledger_query_run(struct store_ledger *l, enum ledger_query query);
/* The first column of the first row. LEDGER_NO_ROW: there is none. */
enum { LEDGER_NO_ROW = 1 };
[[nodiscard]] int ledger_number(const struct ledger_binder *b, int64_t *ret_number);

/* A hash of strangers' texts, that they cannot aim. */
uint64_t ledger_hash(const struct store_ledger *l, uint64_t hash, const char *text);

/* The oldest of what is too many, by this query. */
[[nodiscard]] int ledger_bound_keep(struct store_ledger *l, struct ledger_bound *bound,
                                    enum ledger_query query);

/* ledger.c: all that came is forgotten. */
void ledger_tables_clear(struct store_ledger *l);

/* ledger_sums_write.c */
[[nodiscard]] int ledger_sums_write(struct store_ledger *l);

/* ledger_names.c: 0, LEDGER_FULL or a negative. ret_is_new: never seen there with this hello. */
[[nodiscard]] int ledger_name_note(struct store_ledger *l, const struct ledger_seen *seen,
                                   bool *ret_is_new);
[[nodiscard]] int ledger_name_past(struct store_ledger *l, const struct ledger_seen *seen,
                                   struct ledger_past *ret_past);
[[nodiscard]] int ledger_names_write(struct store_ledger *l);

/* ledger_fars.c: 0, LEDGER_FULL or a negative. ret_seal: before this session. */
[[nodiscard]] int ledger_far_note(struct store_ledger *l, const struct ledger_seen *seen,
                                  enum store_seal *ret_seal, bool *ret_is_new);
[[nodiscard]] int ledger_fars_write(struct store_ledger *l);

/* ledger_hellos.c */
void ledger_hello_touch(struct store_ledger *l, const struct store_record *record);
[[nodiscard]] int ledger_hellos_write(struct store_ledger *l);

/* ledger_exposures.c */
[[nodiscard]] int ledger_exposures_write(struct store_ledger *l);

/* ledger_events.c: 0, LEDGER_FULL or a negative. kinds: as ledger_judge_...() gave them. */
[[nodiscard]] int ledger_events_note(struct store_ledger *l, const struct ledger_seen *seen,
                                     unsigned kinds, const struct ledger_past *past);
[[nodiscard]] int ledger_events_write(struct store_ledger *l);

/* ledger_rows.c: single sessions. 0 or LEDGER_FULL. */
[[nodiscard]] int ledger_row_note(struct store_ledger *l, const struct ledger_seen *seen);
[[nodiscard]] int ledger_rows_write(struct store_ledger *l);
void ledger_rows_clear(struct store_ledger *l);

/* ledger_workers.c */
[[nodiscard]] int ledger_workers_write(struct store_ledger *l);

/* ledger_wal.c: as far as those who read allow, and without waiting for them. */
void ledger_wal_watch(struct store_ledger *l);
void ledger_wal_empty(struct store_ledger *l);

#endif
