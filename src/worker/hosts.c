#include "worker/hosts.h"

#include "base/err.h"
#include "base/log.h"
#include "proc/host.h"
#include "proc/peer.h"

#include <errno.h>

void worker_hosts_init(struct worker_hosts *hs)
{
	hs->ring.next = hs->ring.prev = &hs->ring;
}

static void send(struct proc_peer *resolver, const struct policy_host_question *q)
{
	uint8_t payload[4 + 2 + POLICY_WAY_NAME_CAP];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, q->number);
	proc_pack_str(&p, q->name);
	if (proc_peer_queue(resolver, PROC_MSG_HOST, proc_packed(&p)))
		log_warn(NULL, "question to resolver not sent", kv_str("host", q->name));
}

void worker_hosts_ask(struct worker_hosts *hs, struct proc_peer *resolver,
                      struct policy_host_question *q)
{
	q->number = ++hs->number;
	q->next = &hs->ring;
	q->prev = hs->ring.prev;
	q->prev->next = q->next->prev = q;
	if (resolver)
		send(resolver, q);
}

void worker_hosts_cancel(struct policy_host_question *q)
{
	if (!q->next)
		return;
	q->prev->next = q->next;
	q->next->prev = q->prev;
	q->next = q->prev = NULL;
}

void worker_hosts_ask_again(const struct worker_hosts *hs, struct proc_peer *resolver)
{
	for (const struct policy_host_question *q = hs->ring.next; q != &hs->ring; q = q->next)
		send(resolver, q);
}

int worker_hosts_on_found(struct worker_hosts *hs, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct policy_host_question *q = hs->ring.next;
	struct policy_host_answer host;
	uint32_t number;
	if (!proc_unpack_u32(&u, &number) || !proc_host_unpack(&u, &host))
		return err_raise(-EPROTO);
	while (q != &hs->ring && q->number != number)
		q = q->next;
	if (q == &hs->ring)
		return 0; /* it was cancelled */
	worker_hosts_cancel(q);
	q->fn(q, &host);
	return 0;
}
