/* Up to which batch the sessions of a worker are counted. */
#include "store/ledger_inside.h"

#include "base/err.h"

#include <errno.h>

static struct ledger_worker *find(struct store_ledger *l, uint64_t id)
{
	for (size_t i = 0; i < l->worker_count; i++)
		if (l->workers[i].id == id)
			return &l->workers[i];
	return NULL;
}

/* A place: one that is free, or of the worker that was silent longest of those in the file. */
static struct ledger_worker *place_find(struct store_ledger *l)
{
	struct ledger_worker *oldest = NULL;
	if (l->worker_count < LEDGER_WORKERS_PENDING)
		return &l->workers[l->worker_count++];
	for (size_t i = 0; i < l->worker_count; i++) {
		struct ledger_worker *w = &l->workers[i];
		if (!w->is_new && (!oldest || w->last_s < oldest->last_s))
			oldest = w;
	}
	return oldest;
}

/* LEDGER_FULL: so many workers are waiting for a commit. */
static int worker_get(struct store_ledger *l, uint64_t id, struct ledger_worker **ret_worker)
{
	int64_t batch = 0;
	*ret_worker = find(l, id);
	if (*ret_worker)
		return 0;
	struct ledger_binder b = ledger_bind(l, LEDGER_WORKER_GET);
	ledger_bind_number(&b, (int64_t)id);
	int r = ledger_number(&b, &batch);
	if (r < 0)
		return err_up(r);
	struct ledger_worker *w = place_find(l);
	if (!w)
		return LEDGER_FULL;
	*w = (struct ledger_worker){ .id = id, .batch = (uint64_t)batch };
	*ret_worker = w;
	return 0;
}

static bool is_much(const struct store_ledger *l)
{
	return ledger_table_is_half_full(&l->names) || ledger_table_is_half_full(&l->fars) ||
	       ledger_table_is_half_full(&l->hellos) || ledger_table_is_half_full(&l->exposures) ||
	       ledger_table_is_half_full(&l->events) || ledger_table_is_half_full(&l->sums) ||
	       l->row_count * 2 >= l->rows_max;
}

int store_ledger_batch(struct store_ledger *l, uint64_t worker, uint64_t number, int64_t now_s)
{
	struct ledger_worker *w = NULL;
	/* With a full disk it fails, which the next commit tells. */
	if (is_much(l))
		(void)!store_ledger_commit(l);
	int r = worker_get(l, worker, &w);
	if (r)
		return r == LEDGER_FULL ? err_raise(-ENOBUFS) : err_up(r);
	if (number <= w->batch)
		return STORE_LEDGER_KNOWN;
	w->batch = number;
	w->last_s = now_s;
	w->is_new = true;
	l->has_news = true;
	return 0;
}

static int worker_write(struct store_ledger *l, const struct ledger_worker *w)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_WORKER_PUT);
	ledger_bind_number(&b, (int64_t)w->id);
	ledger_bind_number(&b, (int64_t)w->batch);
	ledger_bind_number(&b, w->last_s);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_workers_write(struct store_ledger *l)
{
	for (size_t i = 0; i < l->worker_count; i++) {
		int r = l->workers[i].is_new ? worker_write(l, &l->workers[i]) : 0;
		if (r)
			return err_up(r);
	}
	return 0;
}
