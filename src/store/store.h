/*
 * SQLite files under state_dir, one a purpose: opened, brought to the schema of this build, and
 * kept whole over a crash (WAL). A file that is broken, or of a newer build that an older cannot
 * read, is put aside ("NAME.bad") and begun anew: what is in them can be learnt again.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct sqlite3;

struct store_schema {
	const char *const *steps; /* SQL that leads from version i to i + 1 */
	size_t count;
};

struct store_opened {
	bool was_bad; /* put aside, for: */
	char why[160];
};

/* 0 or a negative (-EIO: not even anew; -ENOSPC). ret_db: sqlite3_close(). ret_opened: NULL to read
 * alone, what another process may be writing; then it has to be there. */
[[nodiscard]] int store_open(struct sqlite3 **ret_db, const char *path,
                             const struct store_schema *schema, struct store_opened *ret_opened);

struct sqlite3_stmt;

/* All of the queries; the caller finalizes them, also after a failure. 0 or -EIO. */
[[nodiscard]] int store_prepare(struct sqlite3 *db, const char *const *queries, size_t count,
                                struct sqlite3_stmt **ret_statements);
/* From the start, with nothing bound. */
struct sqlite3_stmt *store_begin(struct sqlite3_stmt *at);
/* text: borrowed until the statement is through. */
void store_bind_text(struct sqlite3_stmt *at, int number, const char *text);
/* Of a statement that gives no rows. 0, -EIO, or -ENOSPC: the disk is full. */
[[nodiscard]] int store_finish(struct sqlite3_stmt *at);

#endif
