#include "worker/resolver.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/outcome.h"
#include "proc/peer.h"
#include "proc/way.h"
#include "worker/hosts.h"
#include "worker/places.h"

#include <errno.h>
#include <stdio.h>

/* Bytes that wait, and that questions wait behind: more outcomes are not counted. */
enum { OUTCOMES_QUEUED_MAX = 64 * 1024 };

struct worker_resolver {
	struct policy_asker asker; /* first: the callbacks get back to us by it */
	struct io_loop *loop;
	void (*on_broken)(void *owner);
	void *owner;
	struct proc_peer *peer;
	struct policy_question questions; /* a ring, this is its head */
	struct worker_places places;
	struct worker_hosts hosts;
	size_t count;
	uint32_t number;
	uint32_t outcomes_lost;
	struct buf packed;
};

static void send(struct worker_resolver *r, const struct policy_question *q)
{
	uint8_t payload[4 + 1 + 2 + POLICY_WAY_NAME_CAP];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	if (!r->peer)
		return; /* asked when the next resolver is attached */
	proc_pack_u32(&p, q->number);
	proc_pack_u8(&p, q->is_host);
	proc_pack_str(&p, q->domain);
	if (proc_peer_queue(r->peer, PROC_MSG_RESOLVE, proc_packed(&p)))
		log_warn(NULL, "question to resolver not sent", kv_str("domain", q->domain));
}

static void on_ask(struct policy_asker *asker, struct policy_question *q)
{
	struct worker_resolver *r = (struct worker_resolver *)asker;
	q->number = ++r->number;
	q->next = &r->questions;
	q->prev = r->questions.prev;
	q->prev->next = q;
	r->questions.prev = q;
	r->count++;
	send(r, q);
}

static void take_out(struct worker_resolver *r, struct policy_question *q)
{
	q->prev->next = q->next;
	q->next->prev = q->prev;
	q->next = q->prev = NULL;
	r->count--;
}

static void on_cancel(struct policy_asker *asker, struct policy_question *q)
{
	if (q->next)
		take_out((struct worker_resolver *)asker, q);
}

/* Nobody is there to tell: what was met is not remembered. */
static void on_note(struct policy_asker *asker, const char *domain, const char *mx,
                    enum policy_seen seen)
{
	struct worker_resolver *r = (struct worker_resolver *)asker;
	uint8_t payload[1 + 2 * (2 + POLICY_WAY_NAME_CAP)];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	if (!r->peer)
		return;
	proc_pack_u8(&p, (uint8_t)seen);
	proc_pack_str(&p, domain);
	proc_pack_str(&p, mx);
	if (proc_peer_queue(r->peer, PROC_MSG_SEEN, proc_packed(&p)))
		log_warn(NULL, "question to resolver not sent", kv_str("domain", domain));
}

static void on_fault(struct policy_asker *asker, const char *mx, enum policy_fault_seen seen)
{
	struct worker_resolver *r = (struct worker_resolver *)asker;
	uint8_t payload[1 + 2 + POLICY_WAY_NAME_CAP];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	if (!r->peer)
		return;
	proc_pack_u8(&p, (uint8_t)seen);
	proc_pack_str(&p, mx);
	if (proc_peer_queue(r->peer, PROC_MSG_FAULT, proc_packed(&p)))
		log_warn(NULL, "question to resolver not sent", kv_str("domain", mx));
}

static bool outcome_send(struct worker_resolver *r, const struct policy_outcome *outcome)
{
	if (!r->peer || !policy_outcome_is_fine(outcome) ||
	    proc_chan_queued(proc_peer_chan(r->peer)) > OUTCOMES_QUEUED_MAX)
		return false;
	struct proc_packer p = proc_packer_onto(&r->packed);
	proc_pack_u32(&p, r->outcomes_lost);
	proc_outcome_pack(&p, outcome);
	return !p.has_failed && !proc_peer_queue(r->peer, PROC_MSG_OUTCOME, proc_packed(&p));
}

/* Mail does not wait for what is counted: what cannot be told is lost, and the next one says so. */
static void on_count(struct policy_asker *asker, const struct policy_outcome *outcome)
{
	struct worker_resolver *r = (struct worker_resolver *)asker;
	if (outcome_send(r, outcome))
		r->outcomes_lost = 0;
	else if (r->outcomes_lost < UINT32_MAX)
		r->outcomes_lost++;
}

static void on_place(struct policy_asker *asker, struct policy_place *p)
{
	struct worker_resolver *r = (struct worker_resolver *)asker;
	worker_places_ask(&r->places, r->peer, p);
}

static void on_place_give(struct policy_asker *asker, struct policy_place *p)
{
	struct worker_resolver *r = (struct worker_resolver *)asker;
	worker_places_give(&r->places, r->peer, p);
}

static void on_host(struct policy_asker *asker, struct policy_host_question *q)
{
	struct worker_resolver *r = (struct worker_resolver *)asker;
	worker_hosts_ask(&r->hosts, r->peer, q);
}

static void on_host_cancel(struct policy_asker *asker, struct policy_host_question *q)
{
	(void)asker;
	worker_hosts_cancel(q);
}

static int wanted_tell(struct worker_resolver *r, struct proc_unpacker *u)
{
	char name[POLICY_WAY_NAME_CAP];
	uint8_t is_domain;
	if (!proc_unpack_u8(u, &is_domain) || !proc_unpack_str(u, name, sizeof(name)))
		return err_raise(-EPROTO);
	if (r->asker.on_wanted)
		r->asker.on_wanted(r->asker.holder, is_domain, name);
	return 0;
}

/* --- answers --- */

/* Answers come about in the order of the questions. */
static struct policy_question *question_of(struct worker_resolver *r, uint32_t number)
{
	for (struct policy_question *q = r->questions.next; q != &r->questions; q = q->next)
		if (q->number == number)
			return q;
	return NULL;
}

static void lost_give(struct policy_question *q)
{
	static const struct policy_sts_facts none;
	struct policy_way way = { .end = POLICY_WAY_LOST, .mx = POLICY_DNS_FAILED };
	snprintf(way.domain, sizeof(way.domain), "%s", q->domain);
	q->fn(q, &way, &none);
}

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct worker_resolver *r = owner;
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	CLEAN(proc_way_freep) struct proc_way *w = NULL;
	uint32_t number;
	if (msg->type == PROC_MSG_PLACED)
		return err_up(worker_places_on_placed(&r->places, msg->payload));
	if (msg->type == PROC_MSG_HOST_FOUND)
		return err_up(worker_hosts_on_found(&r->hosts, msg->payload));
	if (msg->type == PROC_MSG_PLACE_WANTED)
		return err_up(wanted_tell(r, &u));
	if (!proc_unpack_u32(&u, &number))
		return err_raise(-EPROTO);
	struct policy_question *q = question_of(r, number);
	if (!q)
		return 0; /* it was cancelled */
	int result = proc_way_unpack(&u, &w);
	take_out(r, q);
	if (result) { /* asked again, it might come again: it counts as lost */
		log_error(NULL, "answer of resolver is not understood",
		          kv_str("domain", q->domain));
		lost_give(q);
		return 0;
	}
	q->fn(q, &w->way, &w->sts);
	return 0;
}

/* Of a resolver that died the parent knows, makes another and sends its channel. */
static void on_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct worker_resolver *r = owner;
	proc_peer_free(TAKE(r->peer));
	r->on_broken(r->owner);
}

int worker_resolver_new(struct worker_resolver **ret_r, struct io_loop *loop,
                        void (*on_broken)(void *owner), void *owner)
{
	struct worker_resolver *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->asker = (struct policy_asker){
		.ask = on_ask,
		.note = on_note,
		.fault = on_fault,
		.count = on_count,
		.cancel = on_cancel,
		.place = on_place,
		.place_give = on_place_give,
		.host = on_host,
		.host_cancel = on_host_cancel,
	};
	r->loop = loop;
	r->on_broken = on_broken;
	r->owner = owner;
	r->questions.next = r->questions.prev = &r->questions;
	worker_places_init(&r->places);
	worker_hosts_init(&r->hosts);
	*ret_r = r;
	return 0;
}

void worker_resolver_free(struct worker_resolver *r)
{
	if (!r)
		return;
	proc_peer_free(r->peer);
	buf_deinit(&r->packed);
	free(r);
}

struct policy_asker *worker_resolver_asker(struct worker_resolver *r)
{
	return &r->asker;
}

int worker_resolver_attach(struct worker_resolver *r, int fd)
{
	proc_peer_free(TAKE(r->peer));
	int result = proc_peer_new(&r->peer, &(struct proc_peer_settings){
						     .loop = r->loop,
						     .fd = fd,
						     .self = PROC_ROLE_WORKER,
						     .peer = PROC_ROLE_RESOLVER,
						     .owner = r,
						     .on_message = on_message,
						     .on_end = on_end,
					     });
	if (result)
		return err_up(result);
	for (struct policy_question *q = r->questions.next; q != &r->questions; q = q->next)
		send(r, q);
	worker_places_tell_again(&r->places, r->peer);
	worker_hosts_ask_again(&r->hosts, r->peer);
	return 0;
}

size_t worker_resolver_pending(const struct worker_resolver *r)
{
	return r->count;
}
