/* All that names one user. What is deleted is overwritten (PRAGMA secure_delete,
 * ledger.c), and what that leaves as well (ledger_scrub.c). */
#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"

static const struct {
	enum ledger_query query;
	size_t bound; /* offset of what counts its rows; 0: nothing does */
} parts[] = {
	{ LEDGER_FORGET_SESSIONS, 0 },
	{ LEDGER_FORGET_NAMES, offsetof(struct store_ledger, names_kept) },
	{ LEDGER_FORGET_EXPOSURES, offsetof(struct store_ledger, exposures_kept) },
};

static int rows_delete(struct store_ledger *l, const char *user, int64_t deleted[])
{
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct ledger_binder b = ledger_bind(l, parts[i].query);
		ledger_bind_text(&b, user);
		int r = ledger_run(l, &b, &deleted[i]);
		if (r)
			return err_up(r);
	}
	return 0;
}

static int all_delete(struct store_ledger *l, const char *user, int64_t deleted[])
{
	int r = ledger_query_run(l, LEDGER_BEGIN);
	if (r)
		return err_up(r);
	r = rows_delete(l, user, deleted);
	if (!r)
		r = ledger_query_run(l, LEDGER_COMMIT);
	if (r)
		(void)!ledger_query_run(l, LEDGER_ROLLBACK);
	return err_up(r);
}

int store_ledger_forget(struct store_ledger *l, const char *user, size_t *ret_rows)
{
	char text[STORE_TEXT_MAX + 1];
	int64_t deleted[COUNT_OF(parts)] = {};
	ledger_text(user, text);
	int r = store_ledger_commit(l);
	if (!r)
		r = all_delete(l, text, deleted);
	if (r)
		return err_up(r);
	*ret_rows = 0;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		*ret_rows += (size_t)deleted[i];
		if (parts[i].bound)
			((struct ledger_bound *)((char *)l + parts[i].bound))->count -= deleted[i];
	}
	l->has_secrets = true;
	ledger_wal_empty(l);
	return 0;
}
