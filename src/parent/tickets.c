/* Keys of session tickets: made, renewed, told to workers; or those of the cluster. */
#include "parent/tickets.h"
#include "parent/state.h"

#include "base/log.h"

#include <string.h>
#include <sys/random.h>

enum {
	TICKET_ROTATION_MS = 12 * 3600 * 1000,
	TICKET_PATIENCE_MS = 3600 * 1000, /* for those of the cluster */
};

static void on_ticket_tick(struct io_deadline *d)
{
	parent_tickets_rotate((struct parent *)((char *)d - offsetof(struct parent, ticket_tick)));
}

static void tickets_due_in(struct parent *p, uint32_t in_ms)
{
	p->ticket_tick.fn = on_ticket_tick;
	p->tickets_due_ms = io_loop_now_ms(p->loop) + in_ms;
	io_deadline_arm(p->loop, &p->ticket_tick, in_ms);
}

void parent_tickets_adopt(struct parent *p, const struct estate *e)
{
	memcpy(p->ticket_keys, e->ticket_keys, sizeof(p->ticket_keys));
	tickets_due_in(p, e->tickets_left_ms < TICKET_ROTATION_MS ? e->tickets_left_ms
	                                                          : TICKET_ROTATION_MS);
}

static void tickets_send(struct parent *p)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i])
			parent_send(p->workers[i], PROC_MSG_TICKET_KEYS,
			            slice_of(p->ticket_keys, sizeof(p->ticket_keys)), -1);
}

/* A new key encrypts, the one before still decrypts. Never on disk. */
void parent_tickets_rotate(struct parent *p)
{
	size_t half = sizeof(p->ticket_keys) / 2;
	bool is_first = !p->ticket_tick.fn;
	memcpy(p->ticket_keys + half, p->ticket_keys, half);
	if (getrandom(p->ticket_keys, half, 0) != (ssize_t)half)
		log_error(NULL, "no random bytes for ticket keys: the old ones stay");
	if (is_first && getrandom(p->ticket_keys + half, half, 0) != (ssize_t)half)
		memcpy(p->ticket_keys + half, p->ticket_keys, half);
	tickets_due_in(p, TICKET_ROTATION_MS);
	tickets_send(p);
}

void parent_tickets_came(struct parent *p, struct slice keys)
{
	if (keys.len != sizeof(p->ticket_keys))
		return;
	memcpy(p->ticket_keys, keys.data, keys.len);
	tickets_due_in(p, TICKET_ROTATION_MS + TICKET_PATIENCE_MS);
	tickets_send(p);
}
