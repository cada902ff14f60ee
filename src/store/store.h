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

/* 0 or a negative (-EIO: not even anew). ret_db: sqlite3_close(). */
[[nodiscard]] int store_open(struct sqlite3 **ret_db, const char *path,
                             const struct store_schema *schema, struct store_opened *ret_opened);

#endif
