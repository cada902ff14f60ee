/*
 * The table of flows: two ends, what was counted of them, and the flow itself while it is looked
 * at. A flow that was judged for good costs no more than its place here. Open addressing over a
 * fixed run of pairs: nothing is allocated after the beginning. Both directions have the same
 * place, by a keyed hash, as strangers choose what stands in it. Pure.
 *
 * Pairs are kept by age, which is the second of their last packet: those whose connection ended,
 * those that were judged, those that are looked at.
 */
#ifndef WATCH_PAIRS_H
#define WATCH_PAIRS_H

#include "watch/flow.h"
#include "watch/rows.h"

enum watch_age {
	WATCH_ENDED, /* FIN from both sides, or RST; datagrams: they were judged */
	WATCH_JUDGED,
	WATCH_OPEN,
	WATCH_AGE_COUNT
};

struct watch_pair {
	struct watch_address client, server; /* as far as is known: who began, or spoke first */
	uint16_t client_port, server_port;
	uint8_t transport;
	uint8_t age; /* enum watch_age */
	bool has_fin[WATCH_SIDE_COUNT];
	bool is_left_out; /* there was no room for a row */
	bool is_passed;   /* its first frame (struct watch_frame) */
	uint32_t hash;
	struct watch_pair *newer, *older;
	struct watch_flow *flow; /* NULL: judged, and only counted */
	struct watch_row *row;   /* NULL: it said nothing yet */
	uint64_t bytes;
	int64_t first_s, last_s;
};

struct watch_age_list {
	struct watch_pair *newest, *oldest;
};

/* Starts as {}. */
struct watch_pairs {
	uint64_t key[2];
	size_t max, count;
	struct watch_pair *all;  /* max of them; untouched memory until they are used */
	struct watch_pair *free; /* linked by older */
	size_t fresh;            /* of all, the first that was never used */
	uint64_t *places;        /* hash in the upper half, 1 + number of the pair below; 0: none */
	size_t place_count;      /* a power of two */
	struct watch_age_list ages[WATCH_AGE_COUNT];
};

/* max: from 1 to 2^31. seed: random. 0 or -ENOMEM. */
[[nodiscard]] int watch_pairs_init(struct watch_pairs *p, size_t max, uint64_t seed);
void watch_pairs_deinit(struct watch_pairs *p);

/* NULL: there is none. *ret_side: who sent the packet. */
struct watch_pair *watch_pairs_find(const struct watch_pairs *p, const struct watch_packet *packet,
                                    enum watch_side *ret_side);

/* A new one, open, as of this packet, whose sender is *ret_side. There must be room, and none of
 * the same ends. */
struct watch_pair *watch_pairs_add(struct watch_pairs *p, const struct watch_packet *packet,
                                   int64_t at_s, enum watch_side *ret_side);
void watch_pairs_remove(struct watch_pairs *p, struct watch_pair *pair);

/* A packet came. */
void watch_pairs_touch(struct watch_pairs *p, struct watch_pair *pair, int64_t at_s);
void watch_pairs_age(struct watch_pairs *p, struct watch_pair *pair, enum watch_age age);

/* Who gives way first: the oldest that ended, else the oldest of all. NULL: there is none. */
struct watch_pair *watch_pairs_oldest(const struct watch_pairs *p);

/* Client and server were taken for each other. */
void watch_pair_swap(struct watch_pair *pair);

#endif
