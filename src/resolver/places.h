/*
 * Places at far ends: how many connections there may be to a domain, to an MX host, and to an MX
 * operator (who has many hosts), and how often one may be made to an operator, whichever worker
 * makes it. Who finds none free waits in line, the first come first. No clock, no I/O.
 */
#ifndef RESOLVER_PLACES_H
#define RESOLVER_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum places_kind { PLACES_DOMAIN, PLACES_HOST, PLACES_OPERATOR, PLACES_KIND_COUNT };

enum {
	PLACES_OPERATOR_CAP = 256,
	PLACES_TICK_MS = 100, /* how often places_tick() is wanted while somebody waits */
	PLACES_SLACK_MS =
		300, /* and how late it may be: what a rate allowed meanwhile is made up */
};

struct places;
struct places_counter;

/* 0 in any of these: no limit. */
struct places_wish {
	const char *domain;
	const char *host; /* a name, or an address */
	unsigned limits[PLACES_KIND_COUNT];
	unsigned per_minute; /* connections begun to the operator, evenly spaced */
};

/* Embedded in who wants one; all its own after places_ask(). Not asked: all zero but fn. */
struct place {
	struct place *next, *prev; /* in line */
	struct places_counter *counters[PLACES_KIND_COUNT];
	unsigned limits[PLACES_KIND_COUNT];
	unsigned per_minute;
	bool is_taken;
	void (*fn)(struct place *p); /* it waited and is taken now; must not call places_...() */
};

/* seed: of the table of names. NULL: no memory. */
struct places *places_new(uint64_t seed);
/* Nobody may hold one or wait any more. */
void places_free(struct places *ps);

/* 0: look at is_taken, else fn follows. Or -ENOMEM, and nothing is asked. */
[[nodiscard]] int places_ask(struct places *ps, struct place *p, const struct places_wish *wish,
                             uint64_t now_ms);
/* It is held already, whatever the limits say (this process is new). 0 or -ENOMEM. */
[[nodiscard]] int places_hold(struct places *ps, struct place *p, const struct places_wish *wish);
/* Of one that is taken, waits, or was not asked: who waited behind it may come. */
void places_give(struct places *ps, struct place *p, uint64_t now_ms);

/* Time has passed: who waited for a rate may come. False: nobody waits. */
bool places_tick(struct places *ps, uint64_t now_ms);
/* Each domain, and each operator of a host, where somebody waits for one that is taken. */
void places_each_wanted(const struct places *ps,
                        void (*fn)(void *owner, bool is_domain, const char *name), void *owner);
/* Never empty: the registrable domain of a host name, an address as it is. */
const char *places_operator(const struct place *p);

#endif
