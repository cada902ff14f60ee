/* A delivery waits for its place at a far end, in line with those of all workers (policy/place.h).
 */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>

static void waiting_leave(struct relay_delivery *d)
{
	struct relay_delivery **at = &d->client->relay->waiting;
	while (*at && *at != d)
		at = &(*at)->next_waiting;
	if (*at)
		*at = d->next_waiting;
	d->next_waiting = NULL;
}

static void on_placed(struct policy_place *p)
{
	struct relay_delivery *d = p->owner;
	waiting_leave(d);
	relay_delivery_go(d);
}

int relay_place_ask(struct relay_delivery *d)
{
	struct relay *r = d->client->relay;
	struct relay_delivery **at = &r->waiting;
	struct policy_place *p = calloc(1, sizeof(*p));
	if (!p)
		return err_raise(-ENOMEM);
	p->fn = on_placed;
	p->owner = d;
	p->limits = d->client->world->limits;
	snprintf(p->domain, sizeof(p->domain), "%s", d->domain);
	snprintf(p->host, sizeof(p->host), "%s", d->plan.targets[d->target].host->name);
	d->place = p;
	while (*at)
		at = &(*at)->next_waiting;
	*at = d;
	r->asker->place(r->asker, p);
	return 0;
}

void relay_place_forget(struct relay_delivery *d)
{
	struct relay *r = d->client->relay;
	struct policy_place *p = TAKE(d->place);
	if (!p)
		return;
	waiting_leave(d);
	r->asker->place_give(r->asker, p);
	free(p);
}
