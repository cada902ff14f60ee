#include "edge/throttle.h"

#include "base/err.h"
#include "base/hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SETS = 2048, WAYS = 4, USER_MAX = 128, FIRST_DELAY_MS = 1000 };

struct entry {
	struct edge_limits_key address;
	char user[USER_MAX]; /* lower case, cut; empty: a free place */
	unsigned failures;
	uint64_t failed_at_ms;
};

struct edge_throttle {
	uint64_t seed;
	struct entry entries[SETS][WAYS];
};

static void user_fold(const char *user, char ret_user[USER_MAX])
{
	size_t i = 0;
	for (; user[i] && i < USER_MAX - 1; i++)
		ret_user[i] = user[i] >= 'A' && user[i] <= 'Z' ? (char)(user[i] | 0x20) : user[i];
	ret_user[i] = '\0';
}

static struct entry *set_of(struct edge_throttle *t, const char *user,
                            const struct edge_limits_key *address)
{
	uint64_t h = hash_name(HASH_START ^ t->seed, user);
	return t->entries[hash_place(hash_bytes(h, address, sizeof(*address)), SETS)];
}

static struct entry *find(struct entry *set, const char *user,
                          const struct edge_limits_key *address)
{
	for (size_t i = 0; i < WAYS; i++)
		if (!strcmp(set[i].user, user) &&
		    !memcmp(&set[i].address, address, sizeof(*address)))
			return &set[i];
	return NULL;
}

static bool is_forgotten(const struct entry *e, uint64_t now_ms)
{
	return !e->user[0] || now_ms - e->failed_at_ms >= EDGE_THROTTLE_FORGET_MS;
}

/* Who has less to lose. A crowd of names tried once does not push out one tried a hundred times. */
static bool is_cheaper(const struct entry *a, const struct entry *b)
{
	return a->failures != b->failures ? a->failures < b->failures
	                                  : a->failed_at_ms < b->failed_at_ms;
}

static struct entry *place_for(struct entry *set, uint64_t now_ms)
{
	struct entry *best = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (is_forgotten(&set[i], now_ms))
			return &set[i];
		if (is_cheaper(&set[i], best))
			best = &set[i];
	}
	return best;
}

int edge_throttle_new(struct edge_throttle **ret_throttle)
{
	struct edge_throttle *t = calloc(1, sizeof(*t));
	if (!t)
		return err_raise(-ENOMEM);
	if (getrandom(&t->seed, sizeof(t->seed), 0) < 0)
		t->seed = (uintptr_t)t;
	*ret_throttle = t;
	return 0;
}

void edge_throttle_free(struct edge_throttle *t)
{
	free(t);
}

/* The one it has, or a new one without failures. */
static struct entry *entry_of(struct edge_throttle *t, struct edge_throttle_pair pair,
                              uint64_t now_ms)
{
	char user[USER_MAX];
	user_fold(pair.user, user);
	struct entry *set = set_of(t, user, &pair.address);
	struct entry *e = find(set, user, &pair.address);
	if (e && !is_forgotten(e, now_ms))
		return e;
	e = e ? e : place_for(set, now_ms);
	*e = (struct entry){ .address = pair.address };
	memcpy(e->user, user, sizeof(user));
	return e;
}

void edge_throttle_heard(struct edge_throttle *t, struct edge_throttle_pair pair, unsigned failures,
                         uint64_t now_ms)
{
	struct entry *e = entry_of(t, pair, now_ms);
	e->failures = failures > e->failures ? failures : e->failures;
	e->failed_at_ms = now_ms;
}

uint32_t edge_throttle_failed(struct edge_throttle *t, struct edge_throttle_pair pair,
                              unsigned delay_after, uint64_t now_ms)
{
	struct entry *e = entry_of(t, pair, now_ms);
	e->failures++;
	e->failed_at_ms = now_ms;
	if (!delay_after || e->failures <= delay_after)
		return 0;
	uint32_t delay_ms = FIRST_DELAY_MS;
	for (unsigned n = delay_after + 1; n < e->failures; n++) {
		delay_ms *= 2;
		if (delay_ms >= EDGE_THROTTLE_DELAY_MAX_MS)
			return EDGE_THROTTLE_DELAY_MAX_MS;
	}
	return delay_ms;
}

bool edge_throttle_refuses(struct edge_throttle *t, struct edge_throttle_pair pair,
                           unsigned refuse_after, uint32_t refuse_for_ms, uint64_t now_ms)
{
	char user[USER_MAX];
	user_fold(pair.user, user);
	const struct entry *e = find(set_of(t, user, &pair.address), user, &pair.address);
	return e && refuse_after && e->failures >= refuse_after &&
	       now_ms - e->failed_at_ms < refuse_for_ms;
}

void edge_throttle_succeeded(struct edge_throttle *t, struct edge_throttle_pair pair)
{
	char user[USER_MAX];
	user_fold(pair.user, user);
	struct entry *e = find(set_of(t, user, &pair.address), user, &pair.address);
	if (e)
		*e = (struct entry){};
}
