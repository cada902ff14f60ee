#include "edge/limits.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { SLOTS = 4096, MILLI = 1000 };

struct entry {
	struct entry *next;
	struct edge_limits_key key;
	unsigned connections;
	uint64_t tokens_milli; /* thousandths of a handshake */
	uint64_t filled_at_ms;
};

struct edge_limits {
	struct entry *slots[SLOTS];
	uint64_t seed;
	size_t count;
	size_t sweep; /* the next slot to look for entries that hold nothing any more */
};

static size_t slot_of(const struct edge_limits *l, const struct edge_limits_key *key)
{
	return hash_place(hash_bytes(HASH_START ^ l->seed, key, sizeof(*key)), SLOTS);
}

struct edge_limits_key edge_limits_user_key(const char *user, struct edge_limits_key address)
{
	struct edge_limits_key key;
	for (uint8_t half = 0; half < 2; half++) {
		uint64_t h = hash_byte(HASH_START, half);
		h = hash_name(hash_bytes(h, &address, sizeof(address)), user);
		memcpy(key.bytes + half * sizeof(h), &h, sizeof(h));
	}
	return key;
}

static struct entry **find(struct edge_limits *l, const struct edge_limits_key *key)
{
	struct entry **at = &l->slots[slot_of(l, key)];
	while (*at && memcmp(&(*at)->key, key, sizeof(*key)))
		at = &(*at)->next;
	return at;
}

/* One slot a call: entries without connections that nobody touched for two seconds go. */
static void sweep(struct edge_limits *l, uint64_t now_ms)
{
	struct entry **at = &l->slots[l->sweep++ % SLOTS];
	while (*at) {
		struct entry *e = *at;
		if (e->connections || now_ms - e->filled_at_ms < 2 * MILLI) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		free(e);
		l->count--;
	}
}

static void fill(struct entry *e, unsigned per_second, uint64_t now_ms)
{
	uint64_t most = (uint64_t)per_second * MILLI;
	uint64_t more = (now_ms - e->filled_at_ms) * per_second;
	e->tokens_milli = e->tokens_milli + more > most ? most : e->tokens_milli + more;
	e->filled_at_ms = now_ms;
}

int edge_limits_new(struct edge_limits **ret_limits)
{
	struct edge_limits *l = calloc(1, sizeof(*l));
	if (!l)
		return err_raise(-ENOMEM);
	if (getrandom(&l->seed, sizeof(l->seed), 0) < 0)
		l->seed = (uintptr_t)l;
	*ret_limits = l;
	return 0;
}

void edge_limits_free(struct edge_limits *l)
{
	for (size_t i = 0; l && i < SLOTS; i++) {
		while (l->slots[i]) {
			struct entry *e = TAKE(l->slots[i]);
			l->slots[i] = e->next;
			free(e);
		}
	}
	free(l);
}

int edge_limits_enter(struct edge_limits *l, struct edge_limits_key key, unsigned connections_max,
                      unsigned per_second, uint64_t now_ms)
{
	sweep(l, now_ms);
	struct entry **at = find(l, &key);
	if (!*at) {
		struct entry *e = calloc(1, sizeof(*e));
		if (!e)
			return err_raise(-ENOMEM);
		e->key = key;
		e->filled_at_ms = now_ms;
		e->tokens_milli = (uint64_t)per_second * MILLI;
		*at = e;
		l->count++;
	}
	struct entry *e = *at;
	if (connections_max && e->connections >= connections_max)
		return EDGE_LIMITS_CONNECTIONS;
	if (per_second) {
		fill(e, per_second, now_ms);
		if (e->tokens_milli < MILLI)
			return EDGE_LIMITS_RATE;
		e->tokens_milli -= MILLI;
	}
	e->connections++;
	return 0;
}

void edge_limits_leave(struct edge_limits *l, struct edge_limits_key key, uint64_t now_ms)
{
	struct entry *e = *find(l, &key);
	if (e && e->connections)
		e->connections--;
	sweep(l, now_ms);
}

size_t edge_limits_count(const struct edge_limits *l)
{
	return l->count;
}
