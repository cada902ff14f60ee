/* When what is in the WAL goes into the file: at a commit, so that no other call waits for it. */
#include "store/ledger_inside.h"
#include "store/ledger_scrub.h"

#include <sqlite3.h>

static int on_commit(void *owner, sqlite3 *db, const char *name, int pages)
{
	struct store_ledger *l = owner;
	(void)db, (void)name;
	l->wal_pages = pages;
	return SQLITE_OK;
}

void ledger_wal_watch(struct store_ledger *l)
{
	sqlite3_busy_timeout(l->db, LEDGER_BUSY_MS);
	sqlite3_wal_hook(l->db, on_commit, l);
}

/* Those who read keep what they read in the WAL; they are not waited for. */
static bool is_emptied(struct store_ledger *l)
{
	sqlite3_busy_timeout(l->db, 0);
	int r = sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(l->db, LEDGER_BUSY_MS);
	return !r;
}

void ledger_wal_empty(struct store_ledger *l)
{
	if (l->has_secrets) {
		l->has_secrets = !is_emptied(l) || ledger_scrub(l);
	} else if (l->wal_pages >= LEDGER_WAL_PAGES) {
		sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		l->wal_pages = 0;
	}
}
