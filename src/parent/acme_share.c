/*
 * Orders in a cluster. A node takes the lease of a certificate in the store before it orders, and
 * puts there what it got, under the key that it is for; the others take it if they have that key.
 * Nodes with other keys order one after the other. A store that is away is waited for a minute,
 * then each node orders for itself: no certificate ends because of it.
 */
#include "parent/acme_files.h"
#include "parent/acme_state.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	AWAY_S = 60,
	HELD_S = 5,    /* until it is asked again whether the other node is done */
	ANSWER_S = 30, /* ledger may have died */
	LOOK_S = 10,   /* between two looks, at one certificate each */
};

bool parent_acme_is_shared(const struct parent *p)
{
	return p->plan->settings->cluster.is_set;
}

struct question {
	enum proc_order_ask ask;
	const char *name;
	const uint8_t *digest; /* of a chain's key; NULL: it is about the lease */
	struct slice chain;
};

static void ask(struct parent *p, const struct question *q)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer packer = proc_packer_onto(&payload);
	char id[PROC_ORDER_ID_CAP], hex[2 * PROC_SPKI_LEN + 1] = "";
	if (q->digest)
		for (size_t i = 0; i < PROC_SPKI_LEN; i++)
			snprintf(hex + 2 * i, 3, "%02x", q->digest[i]);
	/* In one slot, so that they are done in the order that they are said. */
	snprintf(id, sizeof(id), "{%.70s}%s%s", q->name, q->digest ? ":" : "", hex);
	proc_pack_u8(&packer, (uint8_t)q->ask);
	proc_pack_u32(&packer, ++p->acme->asked);
	proc_pack_str(&packer, id);
	proc_pack_raw(&packer, q->chain);
	if (!packer.has_failed)
		parent_send(&p->ledger, PROC_MSG_ORDER_ASK, buf_slice(&payload), -1);
}

/* --- the lease --- */

static void step_leave(struct parent *p)
{
	p->acme->step = PARENT_ORDER_NONE;
	p->acme->claim_due_s = time(NULL) + HELD_S;
}

void parent_acme_share_release(struct parent *p)
{
	if (p->acme->has_lease)
		ask(p, &(struct question){ .ask = PROC_ORDER_RELEASE, .name = p->acme->name });
	p->acme->has_lease = false;
}

/* The store does not answer. */
static void on_away(struct parent *p, const struct conf_certificate *c)
{
	struct parent_acme *a = p->acme;
	if (!a->away_s)
		a->away_s = time(NULL);
	if (a->away_s + AWAY_S > time(NULL)) {
		step_leave(p);
		return;
	}
	log_warn(NULL, "the cluster's store is away: this node orders for itself",
	         kv_str("certificate", c->name));
	(void)parent_acme_order_begin(p, c, PARENT_ORDER_CURRENT);
}

const char *parent_acme_share_claim(struct parent *p, const struct conf_certificate *c)
{
	struct parent_acme *a = p->acme;
	if (!p->ledger.is_ready) { /* nobody would answer */
		on_away(p, c);
		return NULL;
	}
	a->step = PARENT_ORDER_CLAIM;
	a->key = PARENT_ORDER_CURRENT;
	a->claimed_s = time(NULL);
	snprintf(a->name, sizeof(a->name), "%s", c->name);
	ask(p, &(struct question){ .ask = PROC_ORDER_CLAIM, .name = c->name });
	return NULL;
}

static size_t number_of(const struct parent *p, const struct conf_certificate *c)
{
	return (size_t)(c - p->plan->settings->certificates);
}

static void look_for(struct parent *p, const struct conf_certificate *c)
{
	ask(p, &(struct question){ .ask = PROC_ORDER_GET,
	                           .name = c->name,
	                           .digest = p->plan->certificates[number_of(p, c)].chain_digest });
}

static void on_claimed(struct parent *p, const struct conf_certificate *c,
                       enum proc_order_answer how)
{
	if (how == PROC_ORDER_AWAY) {
		on_away(p, c);
		return;
	}
	p->acme->away_s = 0;
	p->acme->has_lease = how == PROC_ORDER_YES;
	if (p->acme->has_lease) {
		look_for(p, c); /* the one before may have got it just now */
		return;
	}
	log_info(NULL, "another node orders the certificate", kv_str("certificate", c->name));
	step_leave(p);
}

/* --- what others got --- */

void parent_acme_share_put(struct parent *p, const struct parent_issued *issued)
{
	if (parent_acme_is_shared(p) && issued->key == PARENT_ORDER_CURRENT)
		ask(p, &(struct question){ .ask = PROC_ORDER_PUT,
		                           .name = issued->c->name,
		                           .digest = issued->digest,
		                           .chain = issued->pem });
}

/* It is kept if it began later than what is here. */
static bool take(struct parent *p, const struct conf_certificate *c, struct slice pem)
{
	size_t number = number_of(p, c);
	const struct parent_issued issued = { c, PARENT_ORDER_CURRENT,
		                              p->plan->certificates[number].chain_digest, pem };
	struct acme_record record = { .began_s = time(NULL) };
	if (!parent_acme_issued_is_later(p, number, pem))
		return false;
	const char *why = parent_acme_issued_keep(p, &issued);
	if (why) {
		log_warn(NULL, "what another node put into the store is not taken",
		         kv_str("certificate", c->name), kv_str("reason", why));
		return false;
	}
	acme_record_end(&record, time(NULL), (struct slice){});
	parent_acme_record_put(p, c, &record);
	return true;
}

static void on_found(struct parent *p, struct slice pem)
{
	struct parent_acme *a = p->acme;
	const struct conf_settings *s = p->plan->settings;
	if (a->step != PARENT_ORDER_CLAIM) {
		if (a->step == PARENT_ORDER_NONE && a->looked < s->certificate_count &&
		    s->certificates[a->looked].acme)
			(void)take(p, &s->certificates[a->looked], pem);
		return;
	}
	const struct conf_certificate *c = parent_acme_certificate(p, a->name);
	if (c && !take(p, c, pem)) {
		(void)parent_acme_order_begin(p, c, PARENT_ORDER_CURRENT);
		return;
	}
	parent_acme_share_release(p);
	step_leave(p);
}

void parent_acme_share_came(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct parent_acme *a = p->acme;
	uint8_t ask, how;
	uint32_t number;
	struct slice chain;
	if (!p->plan || !proc_unpack_u8(&u, &ask) || !proc_unpack_u32(&u, &number) ||
	    !proc_unpack_u8(&u, &how) || !proc_unpack_text(&u, &chain) || number != a->asked)
		return;
	const struct conf_certificate *c = parent_acme_certificate(p, a->name);
	if (ask == PROC_ORDER_CLAIM && a->step == PARENT_ORDER_CLAIM && c)
		on_claimed(p, c, (enum proc_order_answer)how);
	else if (ask == PROC_ORDER_CLAIM)
		step_leave(p);
	else if (ask == PROC_ORDER_GET)
		on_found(p, chain);
}

/* --- turns --- */

void parent_acme_share_reached(struct parent *p)
{
	if (!p->acme || p->acme->step == PARENT_ORDER_CLAIM)
		return;
	p->acme->claim_due_s = 0;
	parent_acme_tick(p);
}

void parent_acme_share_tick(struct parent *p)
{
	const struct conf_settings *s = p->plan->settings;
	struct parent_acme *a = p->acme;
	int64_t now_s = time(NULL);
	if (!parent_acme_is_shared(p))
		return;
	if (a->step == PARENT_ORDER_CLAIM && a->claimed_s + ANSWER_S < now_s)
		step_leave(p);
	if (a->step != PARENT_ORDER_NONE || a->looked_s + LOOK_S > now_s || !s->certificate_count)
		return;
	a->looked_s = now_s;
	a->looked = (a->looked + 1) % s->certificate_count;
	if (s->certificates[a->looked].acme)
		look_for(p, &s->certificates[a->looked]);
}
