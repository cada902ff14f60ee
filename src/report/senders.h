/*
 * The weakest and busiest of very many addresses, each of which comes in several rows (one for each
 * kind of ClientHello) in any order.
 */
#ifndef REPORT_SENDERS_H
#define REPORT_SENDERS_H

#include "base/buf.h"
#include "store/record.h"

struct report_sender {
	uint64_t sessions, messages;
	uint32_t text;           /* where its edge, and behind that its address, stand in texts */
	enum store_seal weakest; /* of the last sessions of its rows; NONE: all were refused */
};

/* Where an item is; half of the hash beside it, so that others are not looked at. */
struct report_sender_slot {
	uint32_t index; /* + 1; 0: free */
	uint32_t tag;
};

/* A table larger than the cache is slow to look at: what came waits here until there are some, and
 * its slots are fetched meanwhile. */
enum { REPORT_SENDERS_WAITING = 16 };
struct report_sender_waiting {
	uint64_t hash;
	struct report_sender sender;
};

/* All zero but seed is empty. */
struct report_senders {
	uint64_t seed; /* what strangers cannot guess */
	struct report_sender *items;
	size_t count, cap;
	struct report_sender_slot *slots; /* by hash */
	size_t slot_count;                /* a power of 2 */
	struct buf texts;
	struct report_sender_waiting waiting[REPORT_SENDERS_WAITING];
	size_t waiting_count;
};

struct store_ledger_name;

void report_senders_deinit(struct report_senders *s);

/* 0 or -ENOMEM (also: more than 4 GiB of names). */
[[nodiscard]] int report_senders_add(struct report_senders *s, const struct store_ledger_name *row);

/* Once they were picked. */
static inline const char *report_sender_edge(const struct report_senders *s, size_t i)
{
	return (const char *)s->texts.data + s->texts.start + s->items[i].text;
}

static inline const char *report_sender_who(const struct report_senders *s, size_t i)
{
	const char *edge = report_sender_edge(s, i);
	return edge + strlen(edge) + 1;
}

/*
 * Leaves the first limit (0: all) in order: the weakest, and among equals those with most messages,
 * then sessions. only_weak: without those whose weakest is sealed. No more are added after that.
 * ret_all: how many there would be without a limit. 0 or -ENOMEM.
 */
[[nodiscard]] int report_senders_pick(struct report_senders *s, size_t limit, bool only_weak,
                                      size_t *ret_all);

#endif
