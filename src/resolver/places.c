#include "resolver/places.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"

#include <errno.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUCKETS = 4096, MINUTE_MS = 60 * 1000 };

struct places_counter {
	struct places_counter *next; /* of the bucket */
	uint64_t key;
	size_t refs;      /* places that name it */
	size_t taken;     /* of those */
	uint64_t free_ms; /* of an operator with a rate: not before */
	struct place line;
	char name[PLACES_OPERATOR_CAP];
};

struct places {
	uint64_t seed;
	size_t waiting;
	struct places_counter *buckets[BUCKETS];
};

struct places *places_new(uint64_t seed)
{
	struct places *ps = calloc(1, sizeof(*ps));
	if (ps)
		ps->seed = seed;
	return ps;
}

void places_free(struct places *ps)
{
	for (size_t i = 0; ps && i < BUCKETS; i++)
		while (ps->buckets[i]) {
			struct places_counter *c = ps->buckets[i];
			ps->buckets[i] = c->next;
			free(c);
		}
	free(ps);
}

/* --- counters --- */

static const char *operator_of(const char *host)
{
	const char *name = NULL;
	if (!address_is_literal(host))
		name = psl_registrable_domain(psl_builtin(), host);
	return name ? name : host;
}

static struct places_counter *counter_take(struct places *ps, enum places_kind kind,
                                           const char *name)
{
	uint64_t key = hash_name(hash_byte(ps->seed ^ HASH_START, (uint8_t)kind), name);
	struct places_counter **bucket = &ps->buckets[hash_place(key, BUCKETS)];
	struct places_counter *c = *bucket;
	while (c && c->key != key)
		c = c->next;
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return NULL;
		c->key = key;
		c->line.next = c->line.prev = &c->line;
		snprintf(c->name, sizeof(c->name), "%s", name);
		c->next = *bucket;
		*bucket = c;
	}
	c->refs++;
	return c;
}

/* One that is not wanted any more; a rate is remembered until it means nothing. */
static void counter_sweep(struct places_counter **at, uint64_t now_ms)
{
	struct places_counter *c = *at;
	if (c->refs || c->free_ms > now_ms)
		return;
	*at = c->next;
	free(c);
}

static void counter_put(struct places *ps, struct places_counter *c, uint64_t now_ms)
{
	struct places_counter **at = &ps->buckets[hash_place(c->key, BUCKETS)];
	while (*at != c)
		at = &(*at)->next;
	c->refs--;
	counter_sweep(at, now_ms);
}

/* --- places --- */

static int counters_take(struct places *ps, struct place *p, const struct places_wish *wish)
{
	const char *names[] = {
		[PLACES_DOMAIN] = wish->domain,
		[PLACES_HOST] = wish->host,
		[PLACES_OPERATOR] = operator_of(wish->host),
	};
	for (int i = 0; i < PLACES_KIND_COUNT; i++) {
		p->counters[i] = counter_take(ps, (enum places_kind)i, names[i]);
		if (!p->counters[i]) {
			places_give(ps, p, 0);
			return err_raise(-ENOMEM);
		}
		p->limits[i] = wish->limits[i];
	}
	p->per_minute = wish->per_minute;
	return 0;
}

/* The first that has none free. */
static struct places_counter *blocker(const struct place *p, uint64_t now_ms)
{
	for (int i = 0; i < PLACES_KIND_COUNT; i++)
		if (p->limits[i] && p->counters[i]->taken >= p->limits[i])
			return p->counters[i];
	if (p->per_minute && p->counters[PLACES_OPERATOR]->free_ms > now_ms)
		return p->counters[PLACES_OPERATOR];
	return NULL;
}

static void take(struct place *p, uint64_t now_ms)
{
	struct places_counter *c = p->counters[PLACES_OPERATOR];
	bool is_in_step = c->free_ms + PLACES_SLACK_MS > now_ms;
	p->is_taken = true;
	for (int i = 0; i < PLACES_KIND_COUNT; i++)
		p->counters[i]->taken++;
	if (p->per_minute)
		c->free_ms = (is_in_step ? c->free_ms : now_ms) + MINUTE_MS / p->per_minute;
}

static void line_join(struct places *ps, struct places_counter *c, struct place *p)
{
	p->next = &c->line;
	p->prev = c->line.prev;
	p->prev->next = p->next->prev = p;
	ps->waiting++;
}

static void line_leave(struct places *ps, struct place *p)
{
	p->prev->next = p->next;
	p->next->prev = p->prev;
	p->next = p->prev = NULL;
	ps->waiting--;
}

/* Those in line here, as far as there is a place; who is kept by another counter waits there. */
static void line_move(struct places *ps, struct places_counter *c, uint64_t now_ms)
{
	while (c->line.next != &c->line) {
		struct place *p = c->line.next;
		struct places_counter *by = blocker(p, now_ms);
		if (by == c)
			return;
		line_leave(ps, p);
		if (by) {
			line_join(ps, by, p);
			continue;
		}
		take(p, now_ms);
		p->fn(p);
	}
}

int places_ask(struct places *ps, struct place *p, const struct places_wish *wish, uint64_t now_ms)
{
	int r = counters_take(ps, p, wish);
	if (r)
		return err_up(r);
	/* Nobody overtakes who waits for a rate that has just become free. */
	line_move(ps, p->counters[PLACES_OPERATOR], now_ms);
	struct places_counter *by = blocker(p, now_ms);
	if (by)
		line_join(ps, by, p);
	else
		take(p, now_ms);
	return 0;
}

int places_hold(struct places *ps, struct place *p, const struct places_wish *wish)
{
	int r = counters_take(ps, p, wish);
	if (r)
		return err_up(r);
	p->per_minute = 0;
	take(p, 0);
	return 0;
}

void places_give(struct places *ps, struct place *p, uint64_t now_ms)
{
	if (p->next)
		line_leave(ps, p);
	for (int i = 0; i < PLACES_KIND_COUNT; i++)
		if (p->is_taken)
			p->counters[i]->taken--;
	p->is_taken = false;
	/* The widest first: who waits there waits for what more can have. */
	for (int i = PLACES_KIND_COUNT; i-- > 0;) {
		struct places_counter *c = TAKE(p->counters[i]);
		if (!c)
			continue;
		line_move(ps, c, now_ms);
		counter_put(ps, c, now_ms);
	}
}

bool places_tick(struct places *ps, uint64_t now_ms)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct places_counter **at = &ps->buckets[i];
		while (*at) {
			struct places_counter *c = *at;
			line_move(ps, c, now_ms);
			counter_sweep(at, now_ms);
			if (*at == c)
				at = &c->next;
		}
	}
	return ps->waiting != 0;
}

/* Who stands first in a counter's line: for one that is taken, or NULL. For a rate nobody can make
 * room. */
static const struct place *waiter_of(const struct places_counter *c, enum places_kind *ret_kind)
{
	const struct place *p = c->line.next;
	if (p == &c->line)
		return NULL;
	*ret_kind = PLACES_DOMAIN;
	while (p->counters[*ret_kind] != c)
		(*ret_kind)++;
	return p->limits[*ret_kind] && c->taken >= p->limits[*ret_kind] ? p : NULL;
}

void places_each_wanted(const struct places *ps,
                        void (*fn)(void *owner, bool is_domain, const char *name), void *owner)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct places_counter *c = ps->buckets[i]; c; c = c->next) {
			enum places_kind kind;
			const struct place *p = waiter_of(c, &kind);
			if (p)
				fn(owner, kind == PLACES_DOMAIN,
				   kind == PLACES_DOMAIN ? c->name : places_operator(p));
		}
}

const char *places_operator(const struct place *p)
{
	return p->counters[PLACES_OPERATOR]->name;
}
