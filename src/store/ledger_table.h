/* A bounded table of entries that were allocated one by one, found by hash. The newest is first. */
#ifndef STORE_LEDGER_TABLE_H
#define STORE_LEDGER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First in what the table holds. */
struct ledger_entry {
	struct ledger_entry *next;          /* of all */
	struct ledger_entry *next_in_place; /* of those in its place */
	uint64_t hash;
};

struct ledger_table {
	struct ledger_entry **places; /* max of them */
	struct ledger_entry *first;
	size_t count, max;
};

/* 0 or -ENOMEM. */
[[nodiscard]] int ledger_table_init(struct ledger_table *t, size_t max);
/* With all entries. Also of a table that is all zero. */
void ledger_table_deinit(struct ledger_table *t);

/* The first with this hash, and the next one; NULL: none. Who calls compares. */
void *ledger_table_find(const struct ledger_table *t, uint64_t hash);
void *ledger_table_next(const void *entry);

/* Zeroed, in the table; NULL: it is full, or there is no memory. */
void *ledger_table_add(struct ledger_table *t, uint64_t hash, size_t size);
/* Frees all entries. */
void ledger_table_clear(struct ledger_table *t);

static inline bool ledger_table_is_half_full(const struct ledger_table *t)
{
	return t->count * 2 >= t->max;
}

#endif
