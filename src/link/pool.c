/* All connections of a worker's links: from the first to the last. */
#include "link/inside.h"

#include "base/err.h"
#include "tls/inside.h"

#include <errno.h>
#include <stdlib.h>

int link_pool_new(struct link_pool **ret_pool, struct io_loop *loop, struct policy_asker *asker)
{
	struct link_pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		return err_raise(-ENOMEM);
	pool->loop = loop;
	pool->asker = asker;
	*ret_pool = pool;
	return 0;
}

void link_pool_record_to(struct link_pool *pool, struct store_recorder *recorder)
{
	pool->recorder = recorder;
}

static void empty_tell(struct link_pool *pool)
{
	void (*tell)(void *owner) = pool->on_empty;
	if (!pool->is_draining || pool->open || !tell)
		return;
	pool->on_empty = NULL;
	io_deadline_disarm(&pool->drain_late);
	tell(pool->on_empty_owner);
}

void link_pool_left(struct link_pool *pool)
{
	pool->open--;
	empty_tell(pool);
}

void link_pool_switch(struct link_pool *pool, const struct link_world *now)
{
	tls_inside_unref(pool->inside);
	pool->inside = tls_inside_ref(now->inside);
	link_revoked_end(pool);
	link_senders_leave(pool, now);
}

static void on_drain_late(struct io_deadline *d)
{
	struct link_pool *pool =
		(struct link_pool *)((char *)d - offsetof(struct link_pool, drain_late));
	for (struct link_session *s = pool->sessions; s; s = s->next)
		link_session_break(s, "drained");
	while (pool->senders)
		link_sender_free(pool->senders);
}

void link_pool_drain(struct link_pool *pool, uint32_t deadline_ms, void (*on_empty)(void *owner),
                     void *owner)
{
	pool->is_draining = true;
	pool->on_empty = on_empty;
	pool->on_empty_owner = owner;
	pool->drain_late.fn = on_drain_late;
	io_deadline_arm(pool->loop, &pool->drain_late, deadline_ms);
	for (struct link_session *s = pool->sessions; s; s = s->next)
		if (s->end->is_made)
			link_session_break(s, "drained");
	link_senders_leave(pool, NULL);
	empty_tell(pool);
}

void link_pool_end(struct link_pool *pool)
{
	if (!pool)
		return;
	pool->on_empty = NULL;
	io_deadline_disarm(&pool->drain_late);
	while (pool->sessions)
		link_session_free(pool->sessions);
	while (pool->senders)
		link_sender_free(pool->senders);
}

void link_pool_free(struct link_pool *pool)
{
	if (!pool)
		return;
	link_pool_end(pool);
	tls_inside_unref(pool->inside);
	free(pool);
}

const struct link_counters *link_pool_counters(const struct link_pool *pool)
{
	return &pool->counters;
}

size_t link_pool_open(const struct link_pool *pool)
{
	return pool->open;
}
