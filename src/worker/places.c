#include "worker/places.h"

#include "base/err.h"
#include "base/log.h"
#include "proc/peer.h"

#include <errno.h>

void worker_places_init(struct worker_places *ps)
{
	ps->ring.next = ps->ring.prev = &ps->ring;
}

static void send(struct proc_peer *resolver, const struct policy_place *place)
{
	uint8_t payload[4 + 1 + 2 * (2 + POLICY_WAY_NAME_CAP) + 4 * 4];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	const struct policy_place_limits *limits = &place->limits;
	proc_pack_u32(&p, place->number);
	proc_pack_u8(&p, place->is_taken);
	proc_pack_str(&p, place->domain);
	proc_pack_str(&p, place->host);
	proc_pack_u32(&p, limits->domain);
	proc_pack_u32(&p, limits->host);
	proc_pack_u32(&p, limits->mx_operator);
	proc_pack_u32(&p, limits->per_minute);
	if (proc_peer_queue(resolver, PROC_MSG_PLACE, proc_packed(&p)))
		log_warn(NULL, "question to resolver not sent", kv_str("domain", place->domain));
}

void worker_places_ask(struct worker_places *ps, struct proc_peer *resolver, struct policy_place *p)
{
	p->number = ++ps->number;
	p->is_taken = false;
	p->next = &ps->ring;
	p->prev = ps->ring.prev;
	p->prev->next = p->next->prev = p;
	if (resolver)
		send(resolver, p);
}

void worker_places_give(struct worker_places *ps, struct proc_peer *resolver,
                        struct policy_place *place)
{
	uint8_t payload[4];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	if (!place->next)
		return;
	place->prev->next = place->next;
	place->next->prev = place->prev;
	place->next = place->prev = NULL;
	proc_pack_u32(&p, place->number);
	if (resolver && proc_peer_queue(resolver, PROC_MSG_PLACE_GIVE, proc_packed(&p)))
		log_warn(NULL, "question to resolver not sent", kv_str("domain", place->domain));
}

void worker_places_tell_again(const struct worker_places *ps, struct proc_peer *resolver)
{
	for (const struct policy_place *p = ps->ring.next; p != &ps->ring; p = p->next)
		send(resolver, p);
}

int worker_places_on_placed(struct worker_places *ps, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	char mx_operator[POLICY_WAY_NAME_CAP];
	uint32_t number;
	struct policy_place *p = ps->ring.prev; /* mostly it is one of the last */
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_str(&u, mx_operator, sizeof(mx_operator)))
		return err_raise(-EPROTO);
	while (p != &ps->ring && p->number != number)
		p = p->prev;
	if (p == &ps->ring || p->is_taken)
		return 0; /* it was given back: resolver knows by the message on its way */
	p->is_taken = true;
	memcpy(p->mx_operator, mx_operator, sizeof(p->mx_operator));
	p->fn(p);
	return 0;
}
