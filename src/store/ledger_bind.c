/* Statements of the ledger: bound in order, and run. */
#include "store/ledger_inside.h"

#include "base/err.h"
#include "base/hash.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

struct ledger_binder ledger_bind(struct store_ledger *l, enum ledger_query query)
{
	return (struct ledger_binder){ .at = store_begin(l->statements[query]), .number = 1 };
}

void ledger_bind_number(struct ledger_binder *b, int64_t number)
{
	sqlite3_bind_int64(b->at, b->number++, number);
}

void ledger_bind_text(struct ledger_binder *b, const char *text)
{
	store_bind_text(b->at, b->number++, text);
}

int ledger_run(struct store_ledger *l, const struct ledger_binder *b, int64_t *ret_changes)
{
	int r = store_finish(b->at);
	if (ret_changes)
		*ret_changes = r ? 0 : sqlite3_changes(l->db);
	return err_up(r);
}

int ledger_number(const struct ledger_binder *b, int64_t *ret_number)
{
	int step = sqlite3_step(b->at);
	if (step == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(b->at, 0);
	sqlite3_reset(b->at);
	if (step == SQLITE_DONE)
		return LEDGER_NO_ROW;
	return step == SQLITE_ROW ? 0 : err_raise(-EIO);
}

int ledger_query_run(struct store_ledger *l, enum ledger_query query)
{
	struct ledger_binder b = ledger_bind(l, query);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_bound_keep(struct store_ledger *l, struct ledger_bound *bound, enum ledger_query query)
{
	int64_t changes = 0;
	if (bound->count <= bound->max)
		return 0;
	struct ledger_binder b = ledger_bind(l, query);
	ledger_bind_number(&b, bound->count - bound->max);
	int r = ledger_run(l, &b, &changes);
	bound->count -= changes;
	return err_up(r);
}

uint64_t ledger_hash(const struct store_ledger *l, uint64_t hash, const char *text)
{
	/* The NUL too: "ab", "c" is not "a", "bc". */
	return hash_bytes(hash ^ HASH_START ^ l->words.seed, text, strlen(text) + 1);
}
