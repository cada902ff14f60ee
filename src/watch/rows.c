#include "watch/rows.h"

#include "base/clean.h"
#include "base/hash.h"

void watch_rows_deinit(struct watch_rows *rows)
{
	for (size_t i = 0; i < COUNT_OF(rows->places); i++)
		for (struct watch_row *row = rows->places[i], *next; row; row = next) {
			next = row->next;
			free(row);
		}
	*rows = (struct watch_rows){};
}

static size_t place_of(const struct watch_rows *rows, const struct watch_row_key *key)
{
	uint64_t hash = hash_bytes(HASH_START, &rows->seed, sizeof(rows->seed));
	hash = hash_bytes(hash, &key->client, sizeof(key->client));
	hash = hash_bytes(hash, &key->server, sizeof(key->server));
	hash = hash_bytes(hash, &key->port, sizeof(key->port));
	hash = hash_byte(hash, (uint8_t)key->verdict);
	return hash_place(hash, WATCH_ROW_PLACES);
}

/* Words of ours are compared as words: two tables may have the same one. */
static bool key_equal(const struct watch_row_key *a, const struct watch_row_key *b)
{
	return a->port == b->port && a->transport == b->transport && a->wire == b->wire &&
	       a->verdict == b->verdict && watch_address_equal(&a->client, &b->client) &&
	       watch_address_equal(&a->server, &b->server) && !strcmp(a->protocol, b->protocol);
}

static struct watch_row *row_find(const struct watch_rows *rows, const struct watch_row_key *key)
{
	struct watch_row *row = rows->places[place_of(rows, key)];
	while (row && !key_equal(&row->key, key))
		row = row->next;
	return row;
}

static struct watch_row *row_make(struct watch_rows *rows, const struct watch_row_key *key)
{
	struct watch_row *row = calloc(1, sizeof(*row));
	struct watch_row **place = &rows->places[place_of(rows, key)];
	if (!row)
		return NULL;
	row->key = *key;
	row->next = *place;
	*place = row;
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
	struct watch_row *row = row_find(rows, key);
	if (row)
		return row;
	if (rows->count < WATCH_ROWS_MAX)
		return row_make(rows, key);
	shared.client = several;
	row = row_find(rows, &shared);
	if (row || rows->count >= WATCH_ROWS_MAX + WATCH_ROWS_SHARED_MAX)
		return row;
	return row_make(rows, &shared);
}

void watch_rows_leave(struct watch_rows *rows, struct watch_row *row)
{
	struct watch_row **at = &rows->places[place_of(rows, &row->key)];
	if (--row->flows)
		return;
	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	rows->count--;
	free(row);
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
