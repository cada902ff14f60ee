/*
 * What was deleted, and is in the file all the same: when SQLite shares out the rows of a page
 * anew it may leave a copy of one between the page's cell pointers and its cells, where nobody
 * looks, and "secure_delete" does not reach that. (Of ten thousand users in random order who were
 * deleted, a hundred had such a copy.) So it is written over here, by SQLite's own handle of the
 * file, while nobody may write and nothing is in the WAL; to those who read these bytes mean
 * nothing. The layout: https://www.sqlite.org/fileformat2.html, 1.6.
 */
#include "store/ledger_scrub.h"

#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

enum {
	FILE_HEADER = 100,  /* in front of the first page's own */
	PAGES_AT_ONCE = 64, /* that are read */
	PAGES_MAX =
		0x1ffffff, /* below, no other kind of page begins with the type of one of these */
};

static size_t number_at(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static size_t header_len(uint8_t type)
{
	if (type == 2 || type == 5)
		return 12; /* inner pages, of indexes and of tables */
	return type == 10 || type == 13 ? 8 : 0;
}

bool ledger_scrub_gap(const uint8_t *page, size_t size, size_t header, size_t *ret_from,
                      size_t *ret_to)
{
	size_t len = header_len(page[header]);
	size_t from = header + len + 2 * number_at(page + header + 3);
	size_t to = number_at(page + header + 5);
	if (!to)
		to = 65536;
	if (!len || from >= to || to > size)
		return false;
	while (from < to && !page[from])
		from++;
	*ret_from = from;
	*ret_to = to;
	return from < to;
}

static int file_of(struct store_ledger *l, int which, sqlite3_file **ret_file)
{
	*ret_file = NULL;
	if (sqlite3_file_control(l->db, "main", which, ret_file) || !*ret_file ||
	    !(*ret_file)->pMethods)
		return err_raise(-EIO);
	return 0;
}

static int page_scrub(sqlite3_file *file, const uint8_t *page, size_t size, int64_t number)
{
	static const uint8_t zeros[65536];
	size_t from, to;
	if (!ledger_scrub_gap(page, size, number ? 0 : FILE_HEADER, &from, &to))
		return 0;
	int r = file->pMethods->xWrite(file, zeros, (int)(to - from),
	                               number * (int64_t)size + (int64_t)from);
	return r ? err_raise(-EIO) : 0;
}

static int pages_scrub(struct store_ledger *l, sqlite3_file *file, uint8_t *pages, int64_t count)
{
	size_t size = (size_t)l->page_size;
	for (int64_t at = 0; at < count; at += PAGES_AT_ONCE) {
		int64_t n = count - at < PAGES_AT_ONCE ? count - at : PAGES_AT_ONCE;
		if (file->pMethods->xRead(file, pages, (int)(n * l->page_size), at * l->page_size))
			return err_raise(-EIO);
		for (int64_t i = 0; i < n; i++) {
			int r = page_scrub(file, pages + (size_t)i * size, size, at + i);
			if (r)
				return err_up(r);
		}
	}
	return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) ? err_raise(-EIO) : 0;
}

/* The file is all there is, and is of the kind of pages that are known here. */
static int is_fit(struct store_ledger *l, sqlite3_file *file, int64_t *ret_pages)
{
	sqlite3_file *wal;
	sqlite3_int64 size = 0, wal_size = 0;
	int64_t vacuum = 0;
	struct ledger_binder b = ledger_bind(l, LEDGER_AUTO_VACUUM);
	int r = ledger_number(&b, &vacuum);
	if (!r)
		r = file_of(l, SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	if (r)
		return err_up(r);
	if (wal->pMethods->xFileSize(wal, &wal_size) || file->pMethods->xFileSize(file, &size))
		return err_raise(-EIO);
	*ret_pages = size / l->page_size;
	return wal_size || vacuum || *ret_pages > PAGES_MAX ? LEDGER_SCRUB_NOT : 0;
}

static int file_scrub(struct store_ledger *l)
{
	CLEAN(freep) uint8_t *pages = malloc(PAGES_AT_ONCE * (size_t)l->page_size);
	sqlite3_file *file;
	int64_t count = 0;
	if (!pages)
		return err_raise(-ENOMEM);
	int r = file_of(l, SQLITE_FCNTL_FILE_POINTER, &file);
	if (!r)
		r = is_fit(l, file, &count);
	if (r)
		return r == LEDGER_SCRUB_NOT ? r : err_up(r);
	return err_up(pages_scrub(l, file, pages, count));
}

int ledger_scrub(struct store_ledger *l)
{
	int r = ledger_query_run(l, LEDGER_BEGIN);
	if (r)
		return err_up(r);
	/* Pages that we hold would be written again as they were. */
	sqlite3_db_release_memory(l->db);
	r = file_scrub(l);
	int ended = ledger_query_run(l, LEDGER_ROLLBACK);
	if (r == LEDGER_SCRUB_NOT && !ended)
		return r;
	return r ? err_up(r) : err_up(ended);
}
