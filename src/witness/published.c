#include "witness/published.h"

#include "ask/sts.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct published {
	struct published_settings set;
	struct buf list;   /* of domains, as it came */
	struct slice rest; /* of it, of the round under way */
	uint32_t every_ms;
	char domain[PROC_PUBLISHED_DOMAIN_CAP]; /* that is looked at */
	struct sts_search *search;
	struct policy_sts_facts facts;
	struct io_deadline round;
	struct io_later next; /* a search is not freed by its own answer */
};

#define PUBLISHED_OF(node, member)                                                                 \
	((struct published *)((char *)(node)-offsetof(struct published, member)))

static void on_found(void *owner, const struct sts_result *result)
{
	struct published *p = owner;
	struct proc_published seen = { .state = p->facts.state, .text = result->text };
	snprintf(seen.domain, sizeof(seen.domain), "%s", p->domain);
	snprintf(seen.id, sizeof(seen.id), "%s", p->facts.id);
	snprintf(seen.why, sizeof(seen.why), "%s", p->facts.why);
	p->set.on_seen(p->set.owner, &seen);
	io_later_add(p->set.loop, &p->next);
}

/* The next domain of the round; none: the round is over. */
static void on_next(struct io_later *later)
{
	struct published *p = PUBLISHED_OF(later, next);
	struct proc_unpacker u = proc_unpacker_over(p->rest);
	sts_search_free(TAKE(p->search));
	p->facts = (struct policy_sts_facts){};
	if (!p->rest.len || !proc_unpack_str(&u, p->domain, sizeof(p->domain)))
		return;
	p->rest = u.rest;
	const struct sts_settings set = { .lookup = p->set.lookup,
		                          .fetch = p->set.fetch,
		                          .domain = p->domain,
		                          .facts = &p->facts };
	if (!sts_search_new(&p->search, &set, on_found, p))
		return;
	log_warn(NULL, "a policy of our own is not looked at", kv_str("domain", p->domain));
	p->rest = (struct slice){}; /* the next round begins with the first */
}

static void on_round(struct io_deadline *d)
{
	struct published *p = PUBLISHED_OF(d, round);
	io_deadline_arm(p->set.loop, d, p->every_ms);
	if (p->rest.len) /* the one before takes long */
		return;
	p->rest = buf_slice(&p->list);
	if (!p->search)
		io_later_add(p->set.loop, &p->next);
}

int published_domains_set(struct published *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	if (!proc_unpack_u32(&u, &p->every_ms))
		return err_raise(-EPROTO);
	p->rest = (struct slice){};
	buf_clear(&p->list);
	int r = buf_add(&p->list, u.rest);
	if (r)
		return err_up(r);
	if (p->every_ms && u.rest.len)
		io_deadline_arm(p->set.loop, &p->round, 0);
	else
		io_deadline_disarm(&p->round);
	return 0;
}

int published_new(struct published **ret_published, const struct published_settings *set)
{
	struct published *p = calloc(1, sizeof(*p));
	if (!p)
		return err_raise(-ENOMEM);
	p->set = *set;
	p->round.fn = on_round;
	p->next.fn = on_next;
	*ret_published = p;
	return 0;
}

void published_free(struct published *p)
{
	if (!p)
		return;
	io_deadline_disarm(&p->round);
	io_later_remove(p->set.loop, &p->next);
	sts_search_free(p->search);
	buf_deinit(&p->list);
	free(p);
}
