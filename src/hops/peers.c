#include "hops/peers.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

/* The place of a name, or the free one where it goes. */
static size_t *place_find(const struct hops_peers *p, const char *name)
{
	size_t places = 2 * p->cap;
	size_t at = hash_place(hash_name(HASH_START ^ p->seed, name), places);
	while (p->places[at] &&
	       !slice_equal_nocase(slice_str(p->rows[p->places[at] - 1].name), slice_str(name)))
		at = (at + 1) % places;
	return &p->places[at];
}

static int grow(struct hops_peers *p)
{
	size_t cap = p->cap ? 2 * p->cap : 64;
	struct hops_peer_sum *rows = reallocarray(p->rows, cap, sizeof(*rows));
	if (!rows)
		return err_raise(-ENOMEM);
	p->rows = rows;
	size_t *places = calloc(2 * cap, sizeof(*places));
	if (!places)
		return err_raise(-ENOMEM);
	free(p->places);
	p->places = places;
	p->cap = cap;
	for (size_t i = 0; i < p->count; i++)
		*place_find(p, p->rows[i].name) = i + 1;
	return 0;
}

static int row_get(struct hops_peers *p, const char *name, struct hops_peer_sum **ret_row)
{
	int r = p->count == p->cap && p->count < HOPS_PEERS_MAX ? grow(p) : 0;
	if (r)
		return err_up(r);
	size_t *place = place_find(p, name);
	if (!*place && p->count >= HOPS_PEERS_MAX) {
		*ret_row = &p->others;
		return 0;
	}
	if (!*place) {
		struct hops_peer_sum *row = &p->rows[p->count++];
		*row = (struct hops_peer_sum){};
		memcpy(row->name, name, strlen(name) + 1);
		*place = p->count;
	}
	*ret_row = &p->rows[*place - 1];
	return 0;
}

static void count(struct hops_peer_sum *row, const struct hops_hop *hop)
{
	row->hops++;
	row->encrypted += hop->verdict == HOPS_ENCRYPTED;
	row->plain += hop->verdict == HOPS_PLAINTEXT;
	row->not_stated += hop->verdict == HOPS_NOT_STATED;
	row->sealed += hop->verdict == HOPS_ENCRYPTED && hop->grade == HOPS_SEALED;
	row->legacy += hop->verdict == HOPS_ENCRYPTED && hop->grade == HOPS_LEGACY;
}

int hops_peers_add(struct hops_peers *p, const struct hops_way *w)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct hops_hop *hop = &w->hops[i];
		struct hops_peer_sum *row = NULL;
		char address[HOPS_ADDRESS_CAP];
		if (hop->leg != HOPS_LEG_BETWEEN || !hops_way_counts(w, hop))
			continue;
		hops_address_print(&hop->address, address);
		int r = row_get(p, hop->name[0] ? hop->name : address, &row);
		if (r)
			return err_up(r);
		count(row, hop);
	}
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct hops_peer_sum *a = left, *b = right;
	if (a->plain != b->plain)
		return a->plain < b->plain ? 1 : -1;
	if (a->hops != b->hops)
		return a->hops < b->hops ? 1 : -1;
	return strcmp(a->name, b->name);
}

void hops_peers_sort(struct hops_peers *p)
{
	if (p->count)
		qsort(p->rows, p->count, sizeof(*p->rows), compare);
	free(p->places);
	p->places = NULL;
}

void hops_peers_deinit(struct hops_peers *p)
{
	free(p->rows);
	free(p->places);
	*p = (struct hops_peers){};
}
