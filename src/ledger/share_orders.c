/*
 * Orders of certificates, of which one node has the lease (SET NX, for a time), and what came of
 * them, by certificate and key. Nothing is believed here: the parent looks at a chain as at any.
 */
#include "base/clean.h"
#include "base/err.h"
#include "ledger/share_inside.h"
#include "proc/msg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LEASE_S "900"      /* longer than any order */
#define CHAIN_S "34560000" /* 400 days: no certificate lasts longer */

/* A question that is on its way. */
struct asked {
	struct share *share;
	enum proc_order_ask ask;
	uint32_t number;
};

static void answer(struct share *s, const struct asked *a, enum proc_order_answer how,
                   struct slice chain)
{
	s->set.on_order(s->set.owner, &(struct share_order){ .ask = a->ask,
	                                                     .number = a->number,
	                                                     .answer = how,
	                                                     .chain = chain });
}

static void on_answer(void *owner, const struct cluster_value *value)
{
	CLEAN(freep) struct asked *a = owner;
	bool is_chain = value && value->kind == CLUSTER_TEXT && a->ask == PROC_ORDER_GET;
	if (!value || value->kind == CLUSTER_ERROR)
		answer(a->share, a, PROC_ORDER_AWAY, (struct slice){});
	else if (value->kind == CLUSTER_NIL)
		answer(a->share, a, PROC_ORDER_NO, (struct slice){});
	else
		answer(a->share, a, PROC_ORDER_YES, is_chain ? value->text : (struct slice){});
	if (a->ask == PROC_ORDER_RELEASE) {
		a->share->releases--;
		share_told(a->share);
	}
}

static bool store_ask(struct share *s, const struct share_order *order, struct asked *a)
{
	char name[SHARE_KEY_CAP];
	bool is_chain = order->ask == PROC_ORDER_PUT || order->ask == PROC_ORDER_GET;
	snprintf(name, sizeof(name), "%s:%s", is_chain ? "chain" : "order", order->id);
	struct share_key key = share_key_of(s, name);
	const struct slice at = slice_str(key.text);
	const struct slice words[][6] = {
		[PROC_ORDER_CLAIM] = { slice_str("SET"), at, slice_str(s->set.hostname),
		                       slice_str("EX"), slice_str(LEASE_S), slice_str("NX") },
		[PROC_ORDER_RELEASE] = { slice_str("DEL"), at },
		[PROC_ORDER_PUT] = { slice_str("SET"), at, order->chain, slice_str("EX"),
		                     slice_str(CHAIN_S) },
		[PROC_ORDER_GET] = { slice_str("GET"), at },
	};
	static const size_t counts[] = { [PROC_ORDER_CLAIM] = 6,
		                         [PROC_ORDER_RELEASE] = 2,
		                         [PROC_ORDER_PUT] = 5,
		                         [PROC_ORDER_GET] = 2 };
	_Static_assert(COUNT_OF(counts) == PROC_ORDER_ASK_COUNT, "every question");
	return share_ask(s, words[order->ask], counts[order->ask], on_answer, a);
}

void share_order_ask(struct share *s, const struct share_order *order)
{
	CLEAN(freep) struct asked *a = calloc(1, sizeof(*a));
	struct asked now = { s, order->ask, order->number };
	if (!a || !cluster_client_is_reached(s->client)) {
		answer(s, &now, PROC_ORDER_AWAY, (struct slice){});
		return;
	}
	*a = now;
	if (store_ask(s, order, a)) {
		s->releases += order->ask == PROC_ORDER_RELEASE;
		(void)TAKE(a);
	} else {
		answer(s, &now, PROC_ORDER_AWAY, (struct slice){});
	}
}
