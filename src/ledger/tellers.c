#include "ledger/tellers.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/peer.h"

#include <errno.h>

struct teller {
	struct teller *next;
	struct tellers *all;
	struct proc_peer *peer; /* NULL: not read yet */
	int fd;                 /* until then */
	enum proc_role role;
	uint64_t taken, kept; /* batches, by their number */
	uint64_t number;      /* of all there ever were */
};

struct tellers {
	struct tellers_settings set;
	struct keeper *keeper;
	struct teller *first;
	size_t count;
	uint64_t last_number;
};

static void teller_free(struct teller *w)
{
	struct teller **at = &w->all->first;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->all->count--;
	proc_peer_free(w->peer);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct teller *w = owner;
	const struct tellers_settings *set = &w->all->set;
	uint64_t number;
	if (msg->type == PROC_MSG_GUESS)
		return set->on_guess ? err_up(set->on_guess(set->owner, w->number, msg->payload))
		                     : 0;
	/* The table lets nothing else through. */
	int r = keeper_take(w->all->keeper, msg->payload, &number);
	if (r == KEEPER_BAD)
		return err_raise(-EPROTO);
	if (!r && number > w->taken)
		w->taken = number;
	return 0;
}

static void on_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct teller *w = owner;
	struct tellers *t = w->all;
	/* What it told counts before another process may hear it again. */
	if (how != PROC_PEER_GONE)
		keeper_flush(t->keeper);
	teller_free(w);
	if (!t->count)
		t->set.on_none(t->set.owner);
}

static int teller_begin(struct teller *w)
{
	return err_up(proc_peer_new(&w->peer, &(struct proc_peer_settings){
						      .loop = w->all->set.loop,
						      .fd = TAKE_FD(w->fd),
						      .self = PROC_ROLE_LEDGER,
						      .peer = w->role,
						      .owner = w,
						      .on_message = on_message,
						      .on_end = on_end,
					      }));
}

int tellers_add(struct tellers *t, enum proc_role role, int fd)
{
	struct teller *w = calloc(1, sizeof(*w));
	if (!w) {
		close(fd);
		return err_raise(-ENOMEM);
	}
	*w = (struct teller){
		.next = t->first, .all = t, .fd = fd, .role = role, .number = ++t->last_number
	};
	t->first = w;
	t->count++;
	int r = keeper_is_open(t->keeper) ? teller_begin(w) : 0;
	if (r)
		teller_free(w);
	return err_up(r);
}

void tellers_begin(struct tellers *t)
{
	for (struct teller *w = t->first, *next; w; w = next) {
		next = w->next;
		if (w->peer || !teller_begin(w))
			continue;
		log_error(NULL, "a process cannot be heard",
		          kv_str("name", proc_role_name(w->role)), kv_str("where", err_origin()));
		teller_free(w); /* it asks for another channel */
	}
}

void tellers_kept(struct tellers *t)
{
	uint8_t payload[8];
	for (struct teller *w = t->first; w; w = w->next) {
		struct proc_packer p = proc_packer_over(payload, sizeof(payload));
		if (w->kept == w->taken)
			continue;
		proc_pack_u64(&p, w->taken);
		if (proc_peer_queue(w->peer, PROC_MSG_RECORDS_KEPT, proc_packed(&p)))
			log_debug(NULL, "who told it is gone, and does not hear what was kept");
		w->kept = w->taken;
	}
}

void tellers_answer(struct tellers *t, uint64_t teller, enum proc_msg_type type,
                    struct slice payload)
{
	for (struct teller *w = t->first; w; w = w->next)
		if (w->number == teller && w->peer && proc_peer_queue(w->peer, type, payload))
			log_debug(NULL, "a worker is gone, and does not hear what was guessed");
}

void tellers_cut(struct tellers *t)
{
	for (struct teller *w = t->first, *next; w; w = next) {
		next = w->next;
		if (w->peer)
			teller_free(w);
	}
}

void tellers_flush(struct tellers *t)
{
	for (struct teller *w = t->first; w; w = w->next)
		if (w->peer)
			(void)!proc_chan_flush(proc_peer_chan(w->peer));
}

size_t tellers_count(const struct tellers *t)
{
	return t->count;
}

void tellers_keeper_set(struct tellers *t, struct keeper *keeper)
{
	t->keeper = keeper;
}

int tellers_new(struct tellers **ret_t, const struct tellers_settings *set)
{
	struct tellers *t = calloc(1, sizeof(*t));
	if (!t)
		return err_raise(-ENOMEM);
	t->set = *set;
	*ret_t = t;
	return 0;
}

void tellers_free(struct tellers *t)
{
	while (t && t->first)
		teller_free(t->first);
	free(t);
}
