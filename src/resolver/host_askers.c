#include "resolver/host_askers.h"

#include "base/err.h"
#include "base/log.h"
#include "proc/host.h"
#include "proc/peer.h"

#include <errno.h>
#include <stdlib.h>

enum { QUESTIONS_MAX = 10000 }; /* of one worker at a time */

struct host_question {
	struct host_question *next, **at;
	struct host_asker *asker;
	struct hosts_wish *wish;
	uint32_t number; /* as the worker counts */
};

struct host_asker {
	struct hosts *hosts;
	struct proc_peer *worker;
	struct host_question *questions;
	size_t count;
};

static void question_free(struct host_question *q)
{
	hosts_wish_free(q->wish);
	*q->at = q->next;
	if (q->next)
		q->next->at = q->at;
	q->asker->count--;
	free(q);
}

static void answer(const struct host_asker *a, uint32_t number,
                   const struct policy_host_answer *host)
{
	uint8_t payload[4 + sizeof(*host)];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, number);
	proc_host_pack(&p, host);
	if (p.has_failed || proc_peer_queue(a->worker, PROC_MSG_HOST_FOUND, proc_packed(&p)))
		log_warn(NULL, "answer to a worker not sent");
}

static void on_found(void *owner, const struct policy_host_answer *host)
{
	struct host_question *q = owner;
	answer(q->asker, q->number, host);
	question_free(q);
}

static int question_new(struct host_asker *a, uint32_t number, const char *name)
{
	struct host_question *q = a->count < QUESTIONS_MAX ? calloc(1, sizeof(*q)) : NULL;
	if (!q)
		return HOSTS_BUSY;
	*q = (struct host_question){
		.next = a->questions, .at = &a->questions, .asker = a, .number = number
	};
	int r = hosts_wish(&q->wish, a->hosts, name, on_found, q);
	if (r) {
		free(q);
		return r;
	}
	if (q->next)
		q->next->at = &q->next;
	a->questions = q;
	a->count++;
	return 0;
}

int host_asker_on_question(struct host_asker *a, struct slice payload)
{
	static const struct policy_host_answer busy = { .ttl_s = HOSTS_FILE_TTL_S,
		                                        .why = "the resolver has too much to do" };
	struct proc_unpacker u = proc_unpacker_over(payload);
	char name[POLICY_WAY_NAME_CAP];
	uint32_t number;
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_str(&u, name, sizeof(name)) ||
	    !proc_unpack_ends(&u) || !dns_name_is_host(name))
		return err_raise(-EPROTO);
	if (question_new(a, number, name))
		answer(a, number, &busy);
	return 0;
}

int host_asker_new(struct host_asker **ret_a, struct hosts *hosts, struct proc_peer *worker)
{
	struct host_asker *a = calloc(1, sizeof(*a));
	if (!a)
		return err_raise(-ENOMEM);
	a->hosts = hosts;
	a->worker = worker;
	*ret_a = a;
	return 0;
}

void host_asker_free(struct host_asker *a)
{
	if (!a)
		return;
	while (a->questions)
		question_free(a->questions);
	free(a);
}
