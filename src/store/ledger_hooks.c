/* Exposures whose hook is still to be run. */
#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

/* hook_rank */
enum { RANK_NONE, RANK_KNOWN, RANK_UNKNOWN };

enum { USER, PROTOCOL, EDGE, ADDRESS, SENT, MECHANISM, EXCEPTED, FIRST, RANK, TRIES };

/* It was cut when it was written. */
static const char *text_take(sqlite3_stmt *at, int column, char *ret_text)
{
	const char *text = (const char *)sqlite3_column_text(at, column);
	ledger_text(text ? text : "", ret_text);
	return ret_text;
}

static void hook_take(sqlite3_stmt *at, struct store_ledger_hook *ret_hook)
{
	struct store_ledger_hook *h = ret_hook;
	h->exposure = (struct store_exposure){
		.at_s = sqlite3_column_int64(at, FIRST),
		.user = text_take(at, USER, h->texts[0]),
		.protocol = text_take(at, PROTOCOL, h->texts[1]),
		.edge = text_take(at, EDGE, h->texts[2]),
		.address = text_take(at, ADDRESS, h->texts[3]),
		.mechanism = text_take(at, MECHANISM, h->texts[4]),
		.password_sent = sqlite3_column_int(at, SENT),
		.is_excepted = sqlite3_column_int(at, EXCEPTED),
	};
	_Static_assert(COUNT_OF(h->texts) == 5, "a room for each text");
	h->is_known = sqlite3_column_int(at, RANK) == RANK_KNOWN;
	h->tries = (unsigned)sqlite3_column_int(at, TRIES);
}

int store_ledger_hooks_due(struct store_ledger *l, int64_t now_s, size_t max,
                           struct store_ledger_hook *ret_hooks, size_t *ret_count)
{
	int step = SQLITE_DONE;
	*ret_count = 0;
	for (int rank = RANK_KNOWN; rank <= RANK_UNKNOWN && step == SQLITE_DONE; rank++) {
		struct ledger_binder b = ledger_bind(l, LEDGER_HOOKS_DUE);
		ledger_bind_number(&b, rank);
		ledger_bind_number(&b, now_s);
		ledger_bind_number(&b, (int64_t)(max - *ret_count));
		while ((step = sqlite3_step(b.at)) == SQLITE_ROW)
			hook_take(b.at, &ret_hooks[(*ret_count)++]);
		sqlite3_reset(b.at);
	}
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

static int hook_set(struct store_ledger *l, const struct store_ledger_hook *hook, int rank,
                    int64_t due_s)
{
	const struct store_exposure *e = &hook->exposure;
	struct ledger_binder b = ledger_bind(l, LEDGER_HOOK_SET);
	ledger_bind_text(&b, e->user);
	ledger_bind_text(&b, e->protocol);
	ledger_bind_text(&b, e->edge);
	ledger_bind_text(&b, e->address);
	ledger_bind_number(&b, e->password_sent);
	ledger_bind_number(&b, rank);
	ledger_bind_number(&b, due_s);
	ledger_bind_number(&b, rank == RANK_NONE ? 0 : hook->tries + 1);
	return err_up(ledger_run(l, &b, NULL));
}

int store_ledger_hook_done(struct store_ledger *l, const struct store_ledger_hook *hook)
{
	return err_up(hook_set(l, hook, RANK_NONE, 0));
}

int store_ledger_hook_failed(struct store_ledger *l, const struct store_ledger_hook *hook,
                             int64_t due_s)
{
	return err_up(hook_set(l, hook, hook->is_known ? RANK_KNOWN : RANK_UNKNOWN, due_s));
}

bool store_ledger_hook_is_same(const struct store_ledger_hook *a, const struct store_ledger_hook *b)
{
	const struct store_exposure *one = &a->exposure, *other = &b->exposure;
	return !strcmp(one->user, other->user) && !strcmp(one->protocol, other->protocol) &&
	       !strcmp(one->edge, other->edge) && !strcmp(one->address, other->address) &&
	       one->password_sent == other->password_sent;
}

int store_ledger_hooks_waiting(struct store_ledger *l, uint64_t *ret_count)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_HOOKS_COUNT);
	int64_t count = 0;
	int r = ledger_number(&b, &count);
	*ret_count = (uint64_t)count;
	return err_up(r);
}
