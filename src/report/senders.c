#include "report/senders.h"

#include "base/err.h"
#include "base/hash.h"
#include "store/ledger_read.h"

#include <errno.h>
#include <stdlib.h>

enum { SLOTS_FIRST = 1024, ITEMS_FIRST = 512 };

void report_senders_deinit(struct report_senders *s)
{
	free(s->items);
	free(s->slots);
	buf_deinit(&s->texts);
	*s = (struct report_senders){};
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* The first slot for this hash from which on who it is may stand. */
static size_t slot_begin(const struct report_senders *s, uint64_t hash)
{
	return (hash ^ hash >> 32) & (s->slot_count - 1);
}

static size_t slot_next(const struct report_senders *s, size_t at)
{
	return (at + 1) & (s->slot_count - 1);
}

static uint64_t hash_of(const struct report_senders *s, const char *edge, const char *who)
{
	uint64_t hash = hash_bytes(HASH_START ^ s->seed, edge, strlen(edge) + 1);
	return hash_bytes(hash, who, strlen(who));
}

/* A quarter of the slots stays free. */
static int slots_grow(struct report_senders *s)
{
	if (s->count + REPORT_SENDERS_WAITING < s->slot_count - s->slot_count / 4)
		return 0;
	size_t slot_count = s->slot_count ? 4 * s->slot_count : SLOTS_FIRST;
	struct report_sender_slot *slots = calloc(slot_count, sizeof(*slots));
	if (!slots || slot_count > UINT32_MAX) {
		free(slots);
		return err_raise(-ENOMEM);
	}
	free(s->slots);
	s->slots = slots;
	s->slot_count = slot_count;
	for (size_t i = 0; i < s->count; i++) {
		uint64_t hash = hash_of(s, report_sender_edge(s, i), report_sender_who(s, i));
		size_t at = slot_begin(s, hash);
		while (s->slots[at].index)
			at = slot_next(s, at);
		s->slots[at] = (struct report_sender_slot){ (uint32_t)i + 1, tag_of(hash) };
	}
	return 0;
}

static int items_grow(struct report_senders *s)
{
	size_t cap = s->cap ? 2 * s->cap : ITEMS_FIRST;
	if (s->count + REPORT_SENDERS_WAITING <= s->cap)
		return 0;
	struct report_sender *items = reallocarray(s->items, cap, sizeof(*items));
	if (!items)
		return err_raise(-ENOMEM);
	s->items = items;
	s->cap = cap;
	return 0;
}

/* What was refused says nothing of what the others had. */
static enum store_seal weaker(enum store_seal a, enum store_seal b)
{
	if (a == STORE_SEAL_NONE || b == STORE_SEAL_NONE)
		return a == STORE_SEAL_NONE ? b : a;
	return store_ledger_weakness(a) < store_ledger_weakness(b) ? a : b;
}

/* The edge, and behind its end the address. */
static bool text_is_same(const struct report_senders *s, uint32_t a, uint32_t b)
{
	const char *texts = (const char *)s->texts.data + s->texts.start;
	size_t edge_len = strlen(texts + a) + 1;
	return !memcmp(texts + a, texts + b, edge_len) &&
	       !strcmp(texts + a + edge_len, texts + b + edge_len);
}

static bool is_of(const struct report_senders *s, const struct report_sender_slot *slot,
                  const struct report_sender_waiting *w)
{
	return slot->tag == tag_of(w->hash) &&
	       text_is_same(s, w->sender.text, s->items[slot->index - 1].text);
}

/* There is room for it. */
static void waiting_settle(struct report_senders *s, const struct report_sender_waiting *w)
{
	size_t at = slot_begin(s, w->hash);
	while (s->slots[at].index && !is_of(s, &s->slots[at], w))
		at = slot_next(s, at);
	if (!s->slots[at].index) {
		s->items[s->count++] = w->sender;
		s->slots[at] = (struct report_sender_slot){ (uint32_t)s->count, tag_of(w->hash) };
		return;
	}
	struct report_sender *item = &s->items[s->slots[at].index - 1];
	item->weakest = weaker(item->weakest, w->sender.weakest);
	item->sessions += w->sender.sessions;
	item->messages += w->sender.messages;
}

static int all_settle(struct report_senders *s)
{
	for (size_t i = 0; i < s->waiting_count; i++)
		waiting_settle(s, &s->waiting[i]);
	s->waiting_count = 0;
	int r = slots_grow(s);
	return r ? err_up(r) : err_up(items_grow(s));
}

int report_senders_add(struct report_senders *s, const struct store_ledger_name *row)
{
	size_t text = buf_len(&s->texts);
	int r = text > UINT32_MAX ? err_raise(-ENOMEM) : 0;
	if (!r && (!s->slots || s->waiting_count == REPORT_SENDERS_WAITING))
		r = all_settle(s);
	if (!r)
		r = buf_add(&s->texts, slice_of(row->edge, strlen(row->edge) + 1));
	if (!r)
		r = buf_add(&s->texts, slice_of(row->who, strlen(row->who) + 1));
	if (r)
		return err_up(r);
	struct report_sender_waiting *w = &s->waiting[s->waiting_count++];
	*w = (struct report_sender_waiting){ .hash = hash_of(s, row->edge, row->who),
		                             .sender = { .sessions = row->sessions,
		                                         .messages = row->messages,
		                                         .text = (uint32_t)text,
		                                         .weakest = row->seal } };
	__builtin_prefetch(&s->slots[slot_begin(s, w->hash)]);
	return 0;
}

/* --- the first of them --- */

static int compare(const void *a, const void *b)
{
	const struct report_sender *left = a, *right = b;
	unsigned l = store_ledger_weakness(left->weakest),
		 r = store_ledger_weakness(right->weakest);
	if (l != r)
		return l < r ? -1 : 1;
	if (left->messages != right->messages)
		return left->messages > right->messages ? -1 : 1;
	if (left->sessions != right->sessions)
		return left->sessions > right->sessions ? -1 : 1;
	return left->text < right->text ? -1 : left->text > right->text;
}

/* items[0, count) is a heap with the last in order on top, but for the one at i. */
static void sink(struct report_sender *items, size_t count, size_t i)
{
	for (;;) {
		size_t next = 2 * i + 1;
		if (next >= count)
			return;
		if (next + 1 < count && compare(&items[next + 1], &items[next]) > 0)
			next++;
		if (compare(&items[next], &items[i]) <= 0)
			return;
		struct report_sender moved = items[i];
		items[i] = items[next];
		items[next] = moved;
		i = next;
	}
}

/* The first limit come to the front, in any order: sorting millions for a hundred takes seconds. */
static void front_pick(struct report_senders *s, size_t limit)
{
	for (size_t i = limit / 2; i-- > 0;)
		sink(s->items, limit, i);
	for (size_t i = limit; i < s->count; i++)
		if (compare(&s->items[i], &s->items[0]) < 0) {
			s->items[0] = s->items[i];
			sink(s->items, limit, 0);
		}
	s->count = limit;
}

static void weak_keep(struct report_senders *s)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].weakest < STORE_SEAL_SEALED)
			s->items[kept++] = s->items[i];
	s->count = kept;
}

int report_senders_pick(struct report_senders *s, size_t limit, bool only_weak, size_t *ret_all)
{
	int r = all_settle(s);
	if (r)
		return err_up(r);
	free(s->slots);
	s->slots = NULL;
	s->slot_count = 0;
	if (only_weak)
		weak_keep(s);
	*ret_all = s->count;
	if (limit && limit < s->count)
		front_pick(s, limit);
	if (s->count)
		qsort(s->items, s->count, sizeof(*s->items), compare);
	return 0;
}
