#include "report/peers.h"

#include "base/clean.h"
#include "base/err.h"
#include "report/senders.h"

#include <errno.h>
#include <stdlib.h>

enum text { EDGE, PEER, NAME, VERSION, CIPHER, GROUP, POLICY, RESULT, TEXT_COUNT };

struct peer {
	enum store_leg leg;
	enum store_seal weakest, seal; /* of all its rows, of the last session */
	char *texts[TEXT_COUNT];
	int64_t first_s, last_s;
	uint64_t sessions, failed, messages, bytes;
};

struct peers {
	const struct report_peers_wish *wish;
	struct peer *items;
	size_t count, cap;
	bool has_more;    /* than were asked for */
	const char *edge; /* that rows are to be of */
};

static void peers_deinit(struct peers *p)
{
	for (size_t i = 0; i < p->count; i++)
		for (int n = 0; n < TEXT_COUNT; n++)
			free(p->items[i].texts[n]);
	free(p->items);
}

/* At the end, all zero. */
static int peer_new(struct peers *p, struct peer **ret_peer)
{
	if (p->count == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct peer *items = reallocarray(p->items, cap, sizeof(*items));
		if (!items)
			return err_raise(-ENOMEM);
		p->items = items;
		p->cap = cap;
	}
	*ret_peer = &p->items[p->count++];
	**ret_peer = (struct peer){};
	return 0;
}

static int texts_take(struct peer *peer, const char *const texts[TEXT_COUNT])
{
	for (int i = 0; i < TEXT_COUNT; i++) {
		free(peer->texts[i]);
		peer->texts[i] = strdup(texts[i]);
		if (!peer->texts[i])
			return err_raise(-ENOMEM);
	}
	return 0;
}

/* --- who brings mail --- */

/* One ClientHello of the sender that is last in the list. */
static int name_take(void *owner, const struct store_ledger_name *n)
{
	struct peers *p = owner;
	struct peer *peer = &p->items[p->count - 1];
	if (n->leg != STORE_LEG_INBOUND || strcmp(n->edge, p->edge) != 0)
		return 0;
	bool is_last = n->last_s >= peer->last_s;
	if (!peer->first_s || n->first_s < peer->first_s)
		peer->first_s = n->first_s;
	peer->sessions += n->sessions;
	peer->failed += n->refused;
	peer->messages += n->messages;
	peer->bytes += n->bytes;
	if (!is_last)
		return 0;
	const char *const texts[TEXT_COUNT] = {
		[EDGE] = n->edge,       [PEER] = n->who,      [NAME] = n->software,
		[VERSION] = n->version, [CIPHER] = n->cipher, [GROUP] = n->group,
		[POLICY] = "",          [RESULT] = "",
	};
	peer->last_s = n->last_s;
	peer->seal = n->seal;
	return texts_take(peer, texts);
}

static int row_take(void *owner, const struct store_ledger_name *row)
{
	return report_senders_add(owner, row);
}

static int senders_read(struct peers *p, struct store_ledger_read *l)
{
	const struct report_peers_wish *wish = p->wish;
	CLEAN(report_senders_deinit) struct report_senders s = { .seed = wish->seed };
	int r = store_ledger_read_senders(l, &wish->filter, row_take, &s);
	size_t all = 0;
	if (!r)
		r = report_senders_pick(&s, wish->limit, wish->only_weak, &all);
	p->has_more = all > s.count;
	for (size_t i = 0; !r && i < s.count; i++) {
		struct peer *peer;
		r = peer_new(p, &peer);
		if (r)
			return err_up(r);
		peer->weakest = s.items[i].weakest;
		p->edge = report_sender_edge(&s, i);
		r = store_ledger_read_names(l, report_sender_who(&s, i), false, name_take, p);
		if (!peer->texts[PEER]) /* it was deleted meanwhile */
			p->count--;
	}
	return err_up(r);
}

/* --- where mail goes --- */

static int far_take(void *owner, const struct store_ledger_far *f)
{
	const char *const texts[TEXT_COUNT] = {
		[EDGE] = f->relay,      [PEER] = f->domain,   [NAME] = f->mx,
		[VERSION] = f->version, [CIPHER] = f->cipher, [GROUP] = f->group,
		[POLICY] = f->policy,   [RESULT] = f->result,
	};
	struct peer *peer;
	int r = peer_new(owner, &peer);
	if (r)
		return err_up(r);
	peer->leg = STORE_LEG_OUTBOUND;
	peer->weakest = peer->seal = f->seal;
	peer->first_s = f->first_s;
	peer->last_s = f->last_s;
	peer->sessions = f->sessions;
	peer->failed = f->failed;
	peer->messages = f->messages;
	peer->bytes = f->bytes;
	return texts_take(peer, texts);
}

static int fars_read(struct peers *p, struct store_ledger_read *l)
{
	const struct report_peers_wish *wish = p->wish;
	size_t one_more = wish->limit ? wish->limit + 1 : 0;
	return store_ledger_read_fars(l, &wish->filter, wish->only_weak, one_more, far_take, p);
}

/* --- both --- */

static int compare(const void *a, const void *b)
{
	const struct peer *left = a, *right = b;
	unsigned l = store_ledger_weakness(left->weakest),
		 r = store_ledger_weakness(right->weakest);
	if (l != r)
		return l < r ? -1 : 1;
	if (left->messages != right->messages)
		return left->messages > right->messages ? -1 : 1;
	if (left->sessions != right->sessions)
		return left->sessions > right->sessions ? -1 : 1;
	int order = strcmp(left->texts[PEER], right->texts[PEER]);
	return order ? order : strcmp(left->texts[NAME], right->texts[NAME]);
}

static int row_add(struct report_table *t, const struct peer *p)
{
	return REPORT_ROW(t, report_text(store_leg_name(p->leg)), report_text(p->texts[PEER]),
	                  report_text(p->texts[NAME]), report_text(store_seal_name(p->weakest)),
	                  report_text(store_seal_name(p->seal)), report_count(p->messages),
	                  report_time(p->last_s), report_count(p->sessions),
	                  report_count(p->failed), report_text(p->texts[VERSION]),
	                  report_text(p->texts[CIPHER]), report_text(p->texts[GROUP]),
	                  report_text(p->texts[POLICY]), report_text(p->texts[RESULT]),
	                  report_bytes(p->bytes), report_time(p->first_s),
	                  report_text(p->texts[EDGE]));
}

static int rows_add(struct report_table *t, struct peers *p)
{
	size_t limit = p->wish->limit && p->wish->limit < p->count ? p->wish->limit : p->count;
	bool has_more = p->has_more || limit < p->count;
	int r = 0;
	if (p->count)
		qsort(p->items, p->count, sizeof(*p->items), compare);
	for (size_t i = 0; !r && i < limit; i++)
		r = row_add(t, &p->items[i]);
	if (!r && has_more)
		r = report_table_note(t, "The first %zu of more: --limit 0 shows all, --csv too.",
		                      limit);
	return err_up(r);
}

int report_peers_table(struct report_table *ret_table, struct store_ledger_read *l,
                       const struct report_peers_wish *wish)
{
	static const struct report_column columns[] = {
		{ "leg", "leg", REPORT_TEXT },           { "peer", "peer", REPORT_TEXT },
		{ "name", "its name, MX", REPORT_TEXT }, { "weakest", "weakest", REPORT_TEXT },
		{ "seal", "last seal", REPORT_TEXT },    { "messages", "messages", REPORT_COUNT },
		{ "last", "last", REPORT_TIME },         { "sessions", "sessions", REPORT_COUNT },
		{ "failed", "failed", REPORT_COUNT },    { "version", "version", REPORT_TEXT },
		{ "cipher", "cipher", REPORT_TEXT },     { "group", "group", REPORT_TEXT },
		{ "policy", "policy", REPORT_TEXT },     { "result", "result", REPORT_TEXT },
		{ "bytes", "bytes", REPORT_BYTES },      { "first", "first", REPORT_TIME },
		{ "edge", "edge", REPORT_TEXT },
	};
	CLEAN(peers_deinit) struct peers p = { .wish = wish };
	int leg = wish->filter.leg;
	int r = 0;
	*ret_table = (struct report_table){
		.id = "peers",
		.title = wish->only_weak ? "Partners that are not always sealed" : "Partners",
		.empty = "none",
		.columns = columns,
		.column_count = COUNT_OF(columns),
		.spare_from = 6,
	};
	if (leg < 0 || leg == STORE_LEG_INBOUND)
		r = senders_read(&p, l);
	if (!r && (leg < 0 || leg == STORE_LEG_OUTBOUND))
		r = fars_read(&p, l);
	return r ? err_up(r) : err_up(rows_add(ret_table, &p));
}
