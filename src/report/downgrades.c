#include "report/downgrades.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/settings.h"
#include "policy/rule.h"
#include "store/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOUR_S = 3600, WEEK_S = 7 * 24 * HOUR_S };

/* What the relay's memory says now. */
enum now { NOW_UNKNOWN, NOW_GOES, NOW_HELD, NOW_REFUSED };

struct downgrade {
	enum store_event_kind kind;
	enum store_leg leg;
	char *who, *mx, *edge, *detail;
	int64_t first_s, last_s;
	uint64_t count; /* 0: only memory knows */
	enum now now;
	int64_t held_until_s;
};

struct downgrades {
	const struct report_downgrades_asking *asking;
	struct downgrade *items;
	size_t count, cap;
	size_t event_count;
	bool may_hold;
};

static void downgrades_deinit(struct downgrades *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->items[i].who);
		free(d->items[i].mx);
		free(d->items[i].edge);
		free(d->items[i].detail);
	}
	free(d->items);
}

/* Texts of like are borrowed and copied. */
static int item_add(struct downgrades *d, const struct downgrade *like)
{
	if (d->count == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 64;
		struct downgrade *items = reallocarray(d->items, cap, sizeof(*items));
		if (!items)
			return err_raise(-ENOMEM);
		d->items = items;
		d->cap = cap;
	}
	struct downgrade *item = &d->items[d->count++];
	*item = *like;
	item->who = strdup(like->who);
	item->mx = strdup(like->mx);
	item->edge = strdup(like->edge);
	item->detail = strdup(like->detail);
	bool is_whole = item->who && item->mx && item->edge && item->detail;
	return is_whole ? 0 : err_raise(-ENOMEM);
}

static int event_take(void *owner, const struct store_ledger_event *e)
{
	const struct downgrade item = {
		.kind = e->kind,
		.leg = e->leg,
		.who = (char *)e->who,
		.mx = (char *)e->mx,
		.edge = (char *)e->edge,
		.detail = (char *)e->detail,
		.first_s = e->first_s,
		.last_s = e->last_s,
		.count = e->count,
	};
	return item_add(owner, &item);
}

/* --- memory --- */

static int hosts_compare(const struct downgrade *a, const struct downgrade *b)
{
	int order = strcmp(a->who, b->who);
	return order ? order : strcmp(a->mx, b->mx);
}

/* Events of the relay that lost TLS before all others, by host: memory's hosts are looked up. */
static int by_host(const void *a, const void *b)
{
	const struct downgrade *left = a, *right = b;
	bool left_is = left->leg == STORE_LEG_OUTBOUND && left->kind == STORE_EVENT_LOST_TLS;
	bool right_is = right->leg == STORE_LEG_OUTBOUND && right->kind == STORE_EVENT_LOST_TLS;
	if (left_is != right_is)
		return left_is ? -1 : 1;
	return hosts_compare(left, right);
}

static void now_judge(const struct downgrades *d, const char *domain,
                      const struct policy_memory *memory, struct downgrade *ret_item)
{
	const struct conf_relay *relay = d->asking->relay;
	struct policy_memory here = *memory;
	struct policy_memory_rules rules = {};
	here.may_hold = d->may_hold;
	if (relay)
		rules = (struct policy_memory_rules){
			.is_listed = policy_rule_is_listed(relay->hold, relay->hold_count, domain),
			.is_refused =
				policy_rule_is_listed(relay->refuse, relay->refuse_count, domain),
			.hold_s = relay->hold_for_ms / 1000,
		};
	enum policy_memory_verdict verdict = policy_memory_judge(&here, &rules, d->asking->now_s);
	ret_item->now = verdict == POLICY_MEMORY_HOLD     ? NOW_HELD
	                : verdict == POLICY_MEMORY_REFUSE ? NOW_REFUSED
	                                                  : NOW_GOES;
	if (ret_item->now == NOW_HELD)
		ret_item->held_until_s = memory->lost_since_s + rules.hold_s;
}

/* Where the events of this host begin, of whichever relay; event_count: there are none. */
static size_t event_find(const struct downgrades *d, const struct downgrade *host)
{
	size_t low = 0, high = d->event_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_host(&d->items[middle], host) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bool is_there = low < d->event_count && !by_host(&d->items[low], host);
	return is_there ? low : d->event_count;
}

static int lost_take(void *owner, const char *domain, const char *mx,
                     const struct policy_memory *memory)
{
	struct downgrades *d = owner;
	struct downgrade item = {
		.kind = STORE_EVENT_LOST_TLS,
		.leg = STORE_LEG_OUTBOUND,
		.who = (char *)domain,
		.mx = (char *)mx,
		.edge = "",
		.detail = "",
		.first_s = memory->lost_since_s,
		.last_s = memory->lost_since_s,
	};
	now_judge(d, domain, memory, &item);
	size_t i = event_find(d, &item);
	if (i == d->event_count)
		return item_add(d, &item);
	for (; i < d->event_count && !by_host(&d->items[i], &item); i++) {
		d->items[i].now = item.now;
		d->items[i].held_until_s = item.held_until_s;
	}
	return 0;
}

static int memory_read(struct downgrades *d)
{
	struct store_memory *memory = d->asking->memory;
	int64_t now_s = d->asking->now_s;
	size_t known = 0, lost = 0, ignored;
	int r = store_memory_count(memory, now_s - WEEK_S, &known, &ignored);
	if (!r)
		r = store_memory_count(memory, now_s - HOUR_S, &ignored, &lost);
	d->may_hold = !policy_memory_is_our_fault(lost, known);
	d->event_count = d->count;
	if (d->count)
		qsort(d->items, d->count, sizeof(*d->items), by_host);
	return r ? err_up(r) : err_up(store_memory_read_lost(memory, lost_take, d));
}

/* --- what is shown --- */

/* What a stranger needs nothing for but an address. */
static bool is_anybodys(const struct downgrade *d)
{
	return d->kind == STORE_EVENT_FELL_TO_PLAIN;
}

static int by_weight(const void *a, const void *b)
{
	const struct downgrade *left = a, *right = b;
	bool left_waits = left->now >= NOW_HELD, right_waits = right->now >= NOW_HELD;
	if (left_waits != right_waits)
		return left_waits ? -1 : 1;
	if (left->last_s != right->last_s)
		return left->last_s > right->last_s ? -1 : 1;
	return left->kind != right->kind ? (int)left->kind - (int)right->kind
	                                 : hosts_compare(left, right);
}

/* Where some are not shown: a crowd of strangers does not hide who lost something. */
static int by_worth(const void *a, const void *b)
{
	bool left_is = is_anybodys(a), right_is = is_anybodys(b);
	return left_is != right_is ? (left_is ? 1 : -1) : by_weight(a, b);
}

static void sort(struct downgrades *d)
{
	bool is_cut = d->asking->limit && d->asking->limit < d->count;
	if (d->count)
		qsort(d->items, d->count, sizeof(*d->items), is_cut ? by_worth : by_weight);
}

static const char *const nows[] = {
	[NOW_UNKNOWN] = "",
	[NOW_GOES] = "goes in clear",
	[NOW_HELD] = "is held",
	[NOW_REFUSED] = "is refused",
};

static const char *mend_of(const struct downgrade *d)
{
	bool is_out = d->leg == STORE_LEG_OUTBOUND;
	switch (d->kind) {
	case STORE_EVENT_LOST_TLS:
		return is_out ? "ask its postmaster; if it is meant so: mailseal ctl release DOMAIN"
		              : "ask its postmaster; require_tls_from refuses it in clear";
	case STORE_EVENT_FELL_TO_PLAIN:
		return "mailseal report impact: what it offers; a dated exception keeps it in TLS";
	case STORE_EVENT_OLDER:
		return "ask its postmaster for TLS 1.2 or later";
	case STORE_EVENT_LOST_CA:
		return "ask its postmaster to renew its certificate";
	case STORE_EVENT_COUNT:
		break;
	}
	return "";
}

static int row_add(struct report_table *t, const struct downgrade *d)
{
	return REPORT_ROW(t, report_text(store_leg_name(d->leg)),
	                  report_text(d->who[0] ? d->who : "(too many to tell apart)"),
	                  report_text(store_event_name(d->kind)), report_text(nows[d->now]),
	                  report_time(d->first_s), report_time(d->held_until_s),
	                  report_time(d->last_s),
	                  d->count ? report_count(d->count) : report_unknown(), report_text(d->mx),
	                  report_text(d->edge), report_text(d->detail), report_text(mend_of(d)));
}

/* One for each kind and way that is among the rows. */
static int mends_note(struct report_table *t, const struct downgrades *d, size_t shown)
{
	bool is_said[STORE_EVENT_COUNT][STORE_LEG_COUNT] = {};
	int r = 0;
	for (size_t i = 0; !r && i < shown; i++) {
		const struct downgrade *item = &d->items[i];
		if ((unsigned)item->kind >= STORE_EVENT_COUNT ||
		    (unsigned)item->leg >= STORE_LEG_COUNT || is_said[item->kind][item->leg])
			continue;
		is_said[item->kind][item->leg] = true;
		r = report_table_note(t, "%s (%s): %s.", store_event_name(item->kind),
		                      store_leg_name(item->leg), mend_of(item));
	}
	return err_up(r);
}

static int rows_add(struct report_table *t, const struct downgrades *d)
{
	size_t shown =
		d->asking->limit && d->asking->limit < d->count ? d->asking->limit : d->count;
	int r = 0;
	for (size_t i = 0; !r && i < shown; i++)
		r = row_add(t, &d->items[i]);
	if (!r)
		r = mends_note(t, d, shown);
	if (!r && shown < d->count)
		r = report_table_note(t, "The first %zu of %zu: --limit 0 shows all.", shown,
		                      d->count);
	if (!r && d->asking->memory && !d->may_hold)
		r = report_table_note(t,
		                      "Many hosts lost TLS within an hour: the fault is presumed "
		                      "here, and no mail is held.");
	return err_up(r);
}

int report_downgrades_table(struct report_table *ret_table,
                            const struct report_downgrades_asking *asking,
                            const struct store_ledger_filter *filter)
{
	static const struct report_column columns[] = {
		{ "leg", "leg", REPORT_TEXT },       { "who", "who", REPORT_TEXT },
		{ "what", "what", REPORT_TEXT },     { "mail", "its mail", REPORT_TEXT },
		{ "since", "since", REPORT_TIME },   { "held_until", "held until", REPORT_TIME },
		{ "last", "last", REPORT_TIME },     { "count", "count", REPORT_COUNT },
		{ "mx", "mx", REPORT_TEXT },         { "edge", "edge", REPORT_TEXT },
		{ "detail", "detail", REPORT_TEXT }, { "mend", "mend", REPORT_TEXT },
	};
	CLEAN(downgrades_deinit) struct downgrades d = { .asking = asking };
	*ret_table = (struct report_table){ .id = "downgrades",
		                            .title = "What got weaker",
		                            .empty = "nothing",
		                            .columns = columns,
		                            .column_count = COUNT_OF(columns),
		                            .spare_from = 5 };
	bool has_memory = asking->memory && !filter->edge &&
	                  (filter->leg < 0 || filter->leg == STORE_LEG_OUTBOUND);
	int r = store_ledger_read_events(asking->ledger, filter, event_take, &d);
	if (!r && has_memory)
		r = memory_read(&d);
	sort(&d);
	return r ? err_up(r) : err_up(rows_add(ret_table, &d));
}
