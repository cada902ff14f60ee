/*
 * What those who read the ledger's file share: it is opened, asked, and answers row by row.
 */
#ifndef STORE_LEDGER_READER_H
#define STORE_LEDGER_READER_H

#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

/* Of another build, or begun and not yet a ledger. */
enum { LEDGER_READER_NEWER = 1, LEDGER_READER_OLDER };

/* To read alone. 0, one of these, or a negative. ret_db: sqlite3_close(), also then. */
[[nodiscard]] int ledger_reader_open(struct sqlite3 **ret_db, const char *path);

/* Row after row of a statement that is bound, until row returns other than 0; that is then what
 * this returns. 0 or a negative else. */
[[nodiscard]] int ledger_reader_rows(struct sqlite3_stmt *at,
                                     int (*row)(const void *question, struct sqlite3_stmt *at),
                                     const void *question);
/* The first column of the first row; 0 if there is none. 0 or a negative. */
[[nodiscard]] int ledger_reader_number(struct sqlite3_stmt *at, int64_t *ret_number);

/* What the ledger notes of itself. name: borrowed. As ledger_reader_number(). */
#define LEDGER_READER_FACT "SELECT value FROM fact WHERE name = ?1"
[[nodiscard]] int ledger_reader_fact(struct sqlite3_stmt *fact, const char *name,
                                     int64_t *ret_value);

/* Columns. "" for NULL; 0 for what is below it, which no count is. */
const char *ledger_reader_text(struct sqlite3_stmt *at, int column);
uint64_t ledger_reader_count(struct sqlite3_stmt *at, int column);

#endif
