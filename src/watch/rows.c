#include "watch/rows.h"

#include "base/clean.h"
#include "base/hash.h"

static void row_free(struct watch_row *row)
{
	free(row->certificate);
	free(row);
}

void watch_rows_deinit(struct watch_rows *rows)
{
	for (size_t i = 0; i < COUNT_OF(rows->places); i++)
		for (struct watch_row *row = rows->places[i], *next; row; row = next) {
			next = row->next;
			row_free(row);
		}
	*rows = (struct watch_rows){};
}

static uint64_t hash_of(const struct watch_rows *rows, const struct watch_row_key *k)
{
	const uint64_t key[] = { rows->seed, ~rows->seed };
	const uint64_t words[] = { hash_word(k->client.bytes), hash_word(k->client.bytes + 8),
		                   hash_word(k->server.bytes), hash_word(k->server.bytes + 8),
		                   (uint64_t)k->port << 8 | (uint64_t)k->verdict };
	return hash_keyed(key, words, COUNT_OF(words));
}

/* Words of ours are compared as words: two tables may have the same one. */
static bool key_equal(const struct watch_row_key *a, const struct watch_row_key *b)
{
	return a->port == b->port && a->transport == b->transport && a->wire == b->wire &&
	       a->verdict == b->verdict && watch_address_equal(&a->client, &b->client) &&
	       watch_address_equal(&a->server, &b->server) &&
	       (a->protocol == b->protocol || !strcmp(a->protocol, b->protocol));
}

static struct watch_row *row_find(const struct watch_rows *rows, const struct watch_row_key *key,
                                  uint64_t hash)
{
	struct watch_row *row = rows->places[hash % WATCH_ROW_PLACES];
	while (row && (row->hash != hash || !key_equal(&row->key, key)))
		row = row->next;
	return row;
}

/* --- those that nobody was told of --- */

static void untold_add(struct watch_rows *rows, struct watch_row *row)
{
	row->untold_prev = rows->untold_last;
	*(rows->untold_last ? &rows->untold_last->untold_next : &rows->untold_first) = row;
	rows->untold_last = row;
}

static void untold_remove(struct watch_rows *rows, struct watch_row *row)
{
	struct watch_row *next = row->untold_next, *prev = row->untold_prev;
	*(next ? &next->untold_prev : &rows->untold_last) = prev;
	*(prev ? &prev->untold_next : &rows->untold_first) = next;
	row->untold_next = row->untold_prev = NULL;
}

const struct watch_row *watch_rows_tell(struct watch_rows *rows)
{
	struct watch_row *row = rows->untold_first;
	if (!row)
		return NULL;
	untold_remove(rows, row);
	row->is_told = true;
	return row;
}

/* --- */

static struct watch_row *row_make(struct watch_rows *rows, const struct watch_row_key *key,
                                  uint64_t hash)
{
	struct watch_row *row = calloc(1, sizeof(*row));
	struct watch_row **place = &rows->places[hash % WATCH_ROW_PLACES];
	if (!row)
		return NULL;
	row->key = *key;
	row->hash = hash;
	row->next = *place;
	*place = row;
	untold_add(rows, row);
	rows->count++;
	return row;
}

static const struct watch_address several;

bool watch_row_is_shared(const struct watch_row *row)
{
	return watch_address_equal(&row->key.client, &several);
}

struct watch_row *watch_rows_get(struct watch_rows *rows, const struct watch_row_key *key)
{
	struct watch_row_key shared = *key;
	uint64_t hash = hash_of(rows, key);
	struct watch_row *row = row_find(rows, key, hash);
	if (row)
		return row;
	if (rows->count < WATCH_ROWS_MAX)
		return row_make(rows, key, hash);
	shared.client = several;
	hash = hash_of(rows, &shared);
	row = row_find(rows, &shared, hash);
	if (row || rows->count >= WATCH_ROWS_MAX + WATCH_ROWS_SHARED_MAX)
		return row;
	return row_make(rows, &shared, hash);
}

void watch_rows_leave(struct watch_rows *rows, struct watch_row *row)
{
	struct watch_row **at = &rows->places[row->hash % WATCH_ROW_PLACES];
	if (--row->flows)
		return;
	if (!row->is_told)
		untold_remove(rows, row);
	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	rows->count--;
	row_free(row);
}

/* Where it matters most first: over the network, dangerous, much. */
static int row_order(const void *left, const void *right)
{
	const struct watch_row *a = *(const struct watch_row *const *)left;
	const struct watch_row *b = *(const struct watch_row *const *)right;
	if (a->key.verdict != b->key.verdict)
		return a->key.verdict > b->key.verdict ? -1 : 1;
	if (a->key.wire != b->key.wire)
		return a->key.wire < b->key.wire ? -1 : 1;
	if (a->flows != b->flows)
		return a->flows > b->flows ? -1 : 1;
	int order = memcmp(&a->key.server, &b->key.server, sizeof(a->key.server));
	if (!order)
		order = (int)a->key.port - (int)b->key.port;
	return order ? order : memcmp(&a->key.client, &b->key.client, sizeof(a->key.client));
}

const struct watch_row **watch_rows_sorted(const struct watch_rows *rows, size_t *ret_count)
{
	const struct watch_row **all = calloc(rows->count + 1, sizeof(const struct watch_row *));
	size_t count = 0;
	if (!all)
		return NULL;
	for (size_t i = 0; i < COUNT_OF(rows->places); i++)
		for (const struct watch_row *row = rows->places[i]; row; row = row->next)
			all[count++] = row;
	qsort(all, count, sizeof(const struct watch_row *), row_order);
	*ret_count = count;
	return all;
}
