/* Who asks: workers and site, their questions, and what workers tell of far ends. */
#include "resolver/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/outcome.h"
#include "proc/way.h"
#include "resolver/host_askers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { QUESTIONS_MAX = 20000 }; /* of one worker at a time */

/* A worker that asks, or site. */
struct asker {
	struct asker *next;
	struct resolver *resolver;
	struct proc_peer *peer;
	struct seats_worker *seats;
	struct host_asker *hosts;
	struct question *questions;
	size_t count;
	struct io_later end;
};

struct question {
	struct question *next;
	struct asker *asker;
	struct finder_wish *wish;
	struct resolver_heard *heard; /* what other nodes know of it; NULL: nobody was asked */
	uint32_t number;              /* as the worker counts */
	bool is_host;
	char domain[POLICY_WAY_NAME_CAP];
};

static void question_free(struct question *q)
{
	struct question **at = &q->asker->questions;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->asker->count--;
	finder_wish_free(q->wish);
	resolver_heard_free(q->heard);
	free(q);
}

/* Of this node and the others. */
static void memory_get(const struct question *q, const char *domain, const char *mx,
                       struct policy_memory *ret_memory)
{
	struct resolver *r = q->asker->resolver;
	resolver_memory_get(r->memory, domain, mx, ret_memory);
	if (!r->shared)
		return;
	const struct policy_shared_memory own = resolver_memory_own(r->memory, domain, mx);
	resolver_shared_add(r->shared, q->heard, mx, &own, ret_memory);
	/* Or nobody would know since when it is lost, and mail would be held for ever. */
	if (!own.sealed_since_s && ret_memory->sessions)
		resolver_memory_seed(r->memory, domain, mx, ret_memory->sealed_since_s);
}

static void on_found(void *owner, const struct policy_way *way, const struct policy_sts_facts *sts)
{
	struct question *q = owner;
	struct resolver *r = q->asker->resolver;
	struct policy_memory memories[POLICY_WAY_HOSTS_MAX] = {};
	struct proc_packer p = proc_packer_onto(&r->packed);
	for (size_t i = 0; i < way->host_count; i++)
		memory_get(q, way->domain, way->hosts[i].name, &memories[i]);
	proc_pack_u32(&p, q->number);
	proc_way_pack(&p, way, sts, memories);
	if (p.has_failed || proc_peer_queue(q->asker->peer, PROC_MSG_RESOLVED, proc_packed(&p)))
		log_warn(NULL, "answer to a worker not sent", kv_str("domain", way->domain));
	buf_release(&r->packed);
	question_free(q);
}

/* Later, then: as if DNS had not answered. */
static void lost_answer(struct asker *a, uint32_t number, const char *domain)
{
	struct resolver *r = a->resolver;
	struct policy_way way = { .end = POLICY_WAY_LOST,
		                  .mx = POLICY_DNS_FAILED,
		                  .why = "the resolver has too much to do" };
	static const struct policy_sts_facts none;
	struct proc_packer p = proc_packer_onto(&r->packed);
	snprintf(way.domain, sizeof(way.domain), "%s", domain);
	proc_pack_u32(&p, number);
	proc_way_pack(&p, &way, &none, NULL);
	if (p.has_failed || proc_peer_queue(a->peer, PROC_MSG_RESOLVED, proc_packed(&p)))
		log_warn(NULL, "answer to a worker not sent", kv_str("domain", domain));
	buf_release(&r->packed);
}

/* A flood of domains, or servers of names that do not answer. */
static void busy_complain(struct resolver *r)
{
	uint64_t unsaid;
	if (log_calm(&r->busy, io_loop_now_ms(r->loop), &unsaid))
		log_warn(NULL, "too many domains are looked up at a time, one more waits",
		         kv_int("domains", FINDER_SEARCHES_MAX), kv_int("unsaid", (int64_t)unsaid));
}

static void on_heard(void *owner)
{
	struct question *q = owner;
	struct asker *a = q->asker;
	int r = finder_wish(&q->wish, a->resolver->finder, q->domain, q->is_host, on_found, q);
	if (r == FINDER_BUSY)
		busy_complain(a->resolver);
	if (!r)
		return;
	lost_answer(a, q->number, q->domain);
	question_free(q);
}

static int on_question(struct asker *a, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	char domain[POLICY_WAY_NAME_CAP];
	uint32_t number;
	uint8_t is_host;
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_u8(&u, &is_host) ||
	    !proc_unpack_str(&u, domain, sizeof(domain)) || !dns_name_is_host(domain))
		return err_raise(-EPROTO);
	if (a->count == QUESTIONS_MAX) {
		log_warn(NULL, "too many questions of one worker, one is not asked");
		lost_answer(a, number, domain);
		return 0;
	}
	struct question *q = calloc(1, sizeof(*q));
	if (!q) {
		lost_answer(a, number, domain);
		return 0;
	}
	*q = (struct question){
		.next = a->questions, .asker = a, .number = number, .is_host = is_host
	};
	snprintf(q->domain, sizeof(q->domain), "%s", domain);
	a->questions = q;
	a->count++;
	if (resolver_shared_ask(&q->heard, a->resolver->shared, domain, on_heard, q))
		on_heard(q); /* by itself */
	return 0;
}

static int on_seen(struct asker *a, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	char domain[POLICY_WAY_NAME_CAP], mx[POLICY_WAY_NAME_CAP];
	uint8_t seen;
	if (!proc_unpack_u8(&u, &seen) || seen >= POLICY_SEEN_COUNT ||
	    !proc_unpack_str(&u, domain, sizeof(domain)) || !proc_unpack_str(&u, mx, sizeof(mx)) ||
	    !proc_unpack_ends(&u))
		return err_raise(-EPROTO);
	resolver_memory_note(a->resolver->memory, domain, mx, (enum policy_seen)seen);
	return 0;
}

static int on_fault(struct asker *a, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	char mx[POLICY_WAY_NAME_CAP];
	uint8_t seen;
	if (!proc_unpack_u8(&u, &seen) || seen >= POLICY_FAULT_SEEN_COUNT ||
	    !proc_unpack_str(&u, mx, sizeof(mx)) || !proc_unpack_ends(&u))
		return err_raise(-EPROTO);
	resolver_memory_fault(a->resolver->memory, mx, (enum policy_fault_seen)seen);
	return 0;
}

static int on_outcome(struct asker *a, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct policy_outcome outcome;
	uint32_t lost;
	if (!proc_unpack_u32(&u, &lost) || !proc_outcome_unpack(&u, &outcome))
		return err_raise(-EPROTO);
	outcomes_count(a->resolver->outcomes, &outcome, lost);
	return 0;
}

static int on_asker_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct asker *a = owner;
	if (msg->type == PROC_MSG_OUTCOME)
		return err_up(on_outcome(a, msg->payload));
	if (msg->type == PROC_MSG_SEEN)
		return err_up(on_seen(a, msg->payload));
	if (msg->type == PROC_MSG_FAULT)
		return err_up(on_fault(a, msg->payload));
	if (msg->type == PROC_MSG_HOST)
		return err_up(host_asker_on_question(a->hosts, msg->payload));
	if (msg->type == PROC_MSG_PLACE)
		return err_up(seats_on_place(a->seats, msg->payload));
	if (msg->type == PROC_MSG_PLACE_GIVE)
		return err_up(seats_on_give(a->seats, msg->payload));
	return err_up(on_question(a, msg->payload)); /* the table lets nothing else through */
}

static void asker_free(struct asker *a)
{
	struct asker **at = &a->resolver->askers;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	while (a->questions)
		question_free(a->questions);
	seats_worker_free(a->seats);
	host_asker_free(a->hosts);
	proc_peer_free(a->peer);
	free(a);
}

static void on_asker_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct asker *a = owner;
	struct resolver *r = a->resolver;
	asker_free(a);
	resolver_end_if_idle(r);
}

int resolver_asker_add(struct resolver *r, enum proc_role role, int fd)
{
	struct asker *a = calloc(1, sizeof(*a));
	if (!a) {
		close(fd);
		return err_raise(-ENOMEM);
	}
	a->resolver = r;
	int result = proc_peer_new(&a->peer, &(struct proc_peer_settings){
						     .loop = r->loop,
						     .fd = fd,
						     .self = PROC_ROLE_RESOLVER,
						     .peer = role,
						     .owner = a,
						     .on_message = on_asker_message,
						     .on_end = on_asker_end,
					     });
	if (!result)
		result = seats_worker_new(&a->seats, r->seats, a->peer);
	if (!result)
		result = host_asker_new(&a->hosts, r->hosts, a->peer);
	if (result) {
		seats_worker_free(a->seats);
		proc_peer_free(a->peer);
		free(a);
		return err_up(result);
	}
	a->next = r->askers;
	r->askers = a;
	return 0;
}

void resolver_askers_free(struct resolver *r)
{
	while (r->askers)
		asker_free(r->askers);
}
