/* What got weaker: once a day for each kind and who, counted. */
#include "store/ledger_inside.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400 };

struct event {
	struct ledger_entry entry;
	enum store_event_kind kind;
	int64_t day;
	const char *edge; /* word */
	enum store_leg leg;
	bool is_stored;
	int64_t first_s, last_s, count;
	char who[STORE_TEXT_MAX + 1];
	char mx[STORE_TEXT_MAX + 1];
	char detail[STORE_TEXT_MAX + 1];
};

static uint64_t hash_of(const struct store_ledger *l, const struct event *e)
{
	uint64_t hash = ledger_hash(l, (uint64_t)e->kind ^ (uint64_t)e->day << 8, e->edge);
	return ledger_hash(l, ledger_hash(l, hash, e->who), e->mx);
}

static bool is_same(const struct event *a, const struct event *b)
{
	return a->kind == b->kind && a->day == b->day && a->edge == b->edge &&
	       !strcmp(a->who, b->who) && !strcmp(a->mx, b->mx);
}

static struct event *find(const struct store_ledger *l, const struct event *key)
{
	struct event *e = ledger_table_find(&l->events, hash_of(l, key));
	while (e && !is_same(e, key))
		e = ledger_table_next(e);
	return e;
}

static struct ledger_binder key_bind(struct store_ledger *l, enum ledger_query query,
                                     const struct event *e)
{
	struct ledger_binder b = ledger_bind(l, query);
	ledger_bind_number(&b, e->kind);
	ledger_bind_text(&b, e->who);
	ledger_bind_text(&b, e->edge);
	ledger_bind_text(&b, e->mx);
	ledger_bind_number(&b, e->day);
	return b;
}

static void detail_write(struct event *e, const struct ledger_seen *seen,
                         const struct ledger_past *past)
{
	unsigned long long before = past ? past->sealed.sessions : seen->record->sealed_before;
	const char *why = *seen->error ? seen->error : seen->result;
	switch (e->kind) {
	case STORE_EVENT_LOST_TLS:
		snprintf(e->detail, sizeof(e->detail), "%llu sealed sessions before", before);
		return;
	case STORE_EVENT_FELL_TO_PLAIN:
		snprintf(e->detail, sizeof(e->detail), "its handshake was refused before");
		return;
	case STORE_EVENT_OLDER:
		snprintf(e->detail, sizeof(e->detail), "now %s %s", seen->version, seen->cipher);
		return;
	case STORE_EVENT_LOST_CA:
		snprintf(e->detail, sizeof(e->detail), "%s", why);
		return;
	case STORE_EVENT_COUNT:
		return;
	}
}

static void event_make(struct event *e, const struct ledger_seen *seen)
{
	bool is_far = seen->record->leg == STORE_LEG_OUTBOUND;
	e->day = seen->record->ended_s / DAY_S;
	e->leg = seen->record->leg;
	e->edge = seen->edge;
	snprintf(e->who, sizeof(e->who), "%s", is_far ? seen->domain : seen->address);
	snprintf(e->mx, sizeof(e->mx), "%s", is_far ? seen->mx : "");
}

/* One of all that are too many to tell apart. */
static void event_make_rest(struct event *e)
{
	e->edge = ledger_word_none;
	e->who[0] = e->mx[0] = '\0';
	snprintf(e->detail, sizeof(e->detail), "more than are told apart in a day");
}

/* The newest day is the one that counts, with what comes late of the one before; it is another
 * where the clock was far ahead for a while. */
static int day_begin(struct store_ledger *l, int64_t day)
{
	if (day == l->event_day || day == l->event_day - 1)
		return 0;
	struct ledger_binder b = ledger_bind(l, LEDGER_EVENT_COUNT);
	ledger_bind_number(&b, day);
	int r = ledger_number(&b, &l->events_kept.count);
	if (!r)
		l->event_day = day;
	return err_up(r);
}

static int stored_find(struct store_ledger *l, struct event *e)
{
	struct ledger_binder b = key_bind(l, LEDGER_EVENT_GET, e);
	int64_t one;
	int r = ledger_number(&b, &one);
	e->is_stored = !r;
	return r == LEDGER_NO_ROW ? 0 : err_up(r);
}

/* In memory, or whether it is in the file. */
static int look(struct store_ledger *l, struct event *e, struct event **ret_event)
{
	*ret_event = find(l, e);
	return *ret_event ? 0 : err_up(stored_find(l, e));
}

static struct event *event_add(struct store_ledger *l, const struct event *e)
{
	struct event *at = ledger_table_add(&l->events, hash_of(l, e), sizeof(*at));
	if (!at)
		return NULL;
	struct ledger_entry entry = at->entry;
	*at = *e;
	at->entry = entry;
	l->events_kept.count += !e->is_stored;
	return at;
}

/*
 * What strangers make at will, by addresses of theirs alone, does not take the room of what they
 * have to behave well for first, nor both that of our own deliveries.
 */
static bool is_full_for(const struct store_ledger *l, const struct event *e)
{
	int64_t shares = e->leg == STORE_LEG_OUTBOUND           ? 3
	                 : e->kind != STORE_EVENT_FELL_TO_PLAIN ? 2
	                                                        : 1;
	return l->events_kept.count >= shares * l->events_kept.max;
}

/* Its entry; e may become one of the rest. LEDGER_FULL: there is no room. */
static int event_get(struct store_ledger *l, struct event *e, struct event **ret_event)
{
	int r = look(l, e, ret_event);
	if (r || *ret_event)
		return err_up(r);
	if (!e->is_stored && is_full_for(l, e)) {
		event_make_rest(e);
		r = look(l, e, ret_event);
	}
	if (r || *ret_event)
		return err_up(r);
	*ret_event = event_add(l, e);
	return *ret_event ? 0 : LEDGER_FULL;
}

static int event_count(struct store_ledger *l, struct event *e, int64_t at_s)
{
	struct event *at = NULL;
	int r = day_begin(l, e->day);
	if (!r)
		r = event_get(l, e, &at);
	if (r)
		return r == LEDGER_FULL ? r : err_up(r);
	at->first_s = at->first_s && at->first_s < at_s ? at->first_s : at_s;
	at->last_s = at->last_s > at_s ? at->last_s : at_s;
	at->count++;
	return 0;
}

int ledger_events_note(struct store_ledger *l, const struct ledger_seen *seen, unsigned kinds,
                       const struct ledger_past *past)
{
	int r = 0;
	for (int kind = 0; kind < STORE_EVENT_COUNT && r >= 0; kind++) {
		struct event e = { .kind = (enum store_event_kind)kind };
		if (!(kinds & 1u << kind))
			continue;
		event_make(&e, seen);
		detail_write(&e, seen, past);
		int full = event_count(l, &e, seen->record->ended_s);
		r = full ? full : r;
	}
	return r == LEDGER_FULL ? r : err_up(r);
}

static int event_write(struct store_ledger *l, const struct event *e)
{
	struct ledger_binder b = key_bind(l, LEDGER_EVENT_PUT, e);
	ledger_bind_number(&b, e->leg);
	ledger_bind_text(&b, e->detail);
	ledger_bind_number(&b, e->first_s);
	ledger_bind_number(&b, e->last_s);
	ledger_bind_number(&b, e->count);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_events_write(struct store_ledger *l)
{
	for (const struct ledger_entry *e = l->events.first; e; e = e->next) {
		int r = event_write(l, (const struct event *)e);
		if (r)
			return err_up(r);
	}
	return 0;
}
