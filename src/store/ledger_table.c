#include "store/ledger_table.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"

#include <errno.h>
#include <string.h>

int ledger_table_init(struct ledger_table *t, size_t max)
{
	*t = (struct ledger_table){ .max = max };
	t->places = calloc(max, sizeof(*t->places));
	return t->places ? 0 : err_raise(-ENOMEM);
}

void ledger_table_deinit(struct ledger_table *t)
{
	if (t->places)
		ledger_table_clear(t);
	free(TAKE(t->places));
}

static void *with_hash(struct ledger_entry *e, uint64_t hash)
{
	while (e && e->hash != hash)
		e = e->next_in_place;
	return e;
}

void *ledger_table_find(const struct ledger_table *t, uint64_t hash)
{
	return with_hash(t->places[hash_place(hash, t->max)], hash);
}

void *ledger_table_next(const void *entry)
{
	const struct ledger_entry *e = entry;
	return with_hash(e->next_in_place, e->hash);
}

void *ledger_table_add(struct ledger_table *t, uint64_t hash, size_t size)
{
	struct ledger_entry **place = &t->places[hash_place(hash, t->max)];
	struct ledger_entry *e = t->count < t->max ? calloc(1, size) : NULL;
	if (!e)
		return NULL;
	*e = (struct ledger_entry){ .next = t->first, .next_in_place = *place, .hash = hash };
	*place = e;
	t->first = e;
	t->count++;
	return e;
}

void ledger_table_clear(struct ledger_table *t)
{
	struct ledger_entry *e = t->first;
	while (e) {
		struct ledger_entry *next = e->next;
		free(e);
		e = next;
	}
	if (t->count)
		memset(t->places, 0, t->max * sizeof(*t->places));
	t->first = NULL;
	t->count = 0;
}
