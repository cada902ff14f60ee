#include "relay/faults.h"

#include "base/hash.h"

enum { NEIGHBOURS = 8 }; /* a host may stand in one of so many places */

static bool is_stale(const struct relay_fault *p, uint64_t now_ms)
{
	return p->last_ms + RELAY_FAULTS_FORGET_MS <= now_ms;
}

/* Its place, or the one it would take: a free one, or that of the longest silent. */
static struct relay_fault *place_of(struct relay_faults *f, const char *host, uint64_t now_ms,
                                    bool *ret_is_its)
{
	uint64_t key = hash_name(f->seed ^ HASH_START, host) | 1;
	size_t at = hash_place(key, RELAY_FAULTS_PLACES);
	struct relay_fault *best = NULL;
	*ret_is_its = false;
	for (size_t i = 0; i < NEIGHBOURS; i++) {
		struct relay_fault *p = &f->places[(at + i) % RELAY_FAULTS_PLACES];
		if (p->key && is_stale(p, now_ms))
			*p = (struct relay_fault){};
		if (p->key == key) {
			*ret_is_its = true;
			return p;
		}
		if (!best || (best->key && (!p->key || p->last_ms < best->last_ms)))
			best = p;
	}
	*best = (struct relay_fault){ .key = key, .first_ms = now_ms, .last_ms = now_ms };
	return best;
}

static struct relay_fault *place_find(struct relay_faults *f, const char *host, uint64_t now_ms)
{
	uint64_t key = hash_name(f->seed ^ HASH_START, host) | 1;
	size_t at = hash_place(key, RELAY_FAULTS_PLACES);
	for (size_t i = 0; i < NEIGHBOURS; i++) {
		struct relay_fault *p = &f->places[(at + i) % RELAY_FAULTS_PLACES];
		if (p->key == key && !is_stale(p, now_ms))
			return p;
	}
	return NULL;
}

uint64_t relay_faults_note(struct relay_faults *f, const char *host, uint64_t now_ms)
{
	bool is_its;
	struct relay_fault *p = place_of(f, host, now_ms, &is_its);
	if (is_its && !p->first_ms)
		p->first_ms = now_ms;
	p->last_ms = now_ms;
	return now_ms - p->first_ms;
}

void relay_faults_clear(struct relay_faults *f, const char *host, uint64_t now_ms)
{
	struct relay_fault *p = place_find(f, host, now_ms);
	if (p && p->needs_small_hello)
		p->first_ms = 0;
	else if (p)
		*p = (struct relay_fault){};
}

void relay_faults_note_small(struct relay_faults *f, const char *host, uint64_t now_ms)
{
	bool is_its;
	struct relay_fault *p = place_of(f, host, now_ms, &is_its);
	p->first_ms = 0;
	p->last_ms = now_ms;
	p->needs_small_hello = true;
}

bool relay_faults_wants_small(struct relay_faults *f, const char *host, uint64_t now_ms)
{
	const struct relay_fault *p = place_find(f, host, now_ms);
	return p && p->needs_small_hello;
}
