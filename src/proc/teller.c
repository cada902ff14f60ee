#include "proc/teller.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/peer.h"
#include "proc/record.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

enum {
	HELLO_SLOTS = 4096, /* kinds remembered; one that was pushed out is told again */
	BATCH_CAP = PROC_TELLER_BATCH_LEN + PROC_RECORD_ENTRY_MAX,
	/* Room that sessions leave to credentials in clear: those must be known. */
	EXPOSURE_ROOM = 256 * 1024,
};
_Static_assert((int)BATCH_CAP <= (int)PROC_RECORDS_MAX, "a batch is a message");

struct batch {
	struct batch *next;
	uint64_t number;
	uint32_t sessions; /* in it */
	uint32_t lost;     /* before it */
	bool is_sent;      /* to the ledger that is there now */
	size_t len;
	uint8_t bytes[];
};

struct proc_teller {
	struct store_recorder recorder; /* first: the callbacks get back to us by it */
	struct io_loop *loop;
	enum proc_role self;
	struct proc_peer *peer; /* NULL: there is none, or not yet */
	void (*on_broken)(void *owner);
	void *owner;
	bool is_on;
	uint64_t id;
	uint64_t number;        /* of the last batch */
	struct batch *gathered; /* still open: BATCH_CAP bytes; NULL: nothing came */
	struct io_deadline due;
	struct batch *first, **last; /* handed over, or to be: not kept yet */
	size_t under_way;
	size_t bytes; /* of all of these */
	uint32_t lost_untold;
	struct proc_teller_counters counters;
	uint64_t hellos[HELLO_SLOTS];
	struct io_deadline late;
	int (*on_guessed)(void *owner, struct slice payload); /* NULL: nobody wants to know */
	void *on_guessed_owner;
	void (*on_kept)(void *owner); /* NULL unless somebody waits */
	void *on_kept_owner;
};

/* --- batches: handed over in turn, a few at a time --- */

static void send(struct proc_teller *l)
{
	for (struct batch *b = l->first; b && l->peer; b = b->next) {
		if (l->under_way == PROC_TELLER_UNDER_WAY_MAX)
			return;
		if (b->is_sent)
			continue;
		/* What cannot be sent now goes with the next one, or to the next ledger. */
		if (proc_peer_queue(l->peer, PROC_MSG_RECORDS, slice_of(b->bytes, b->len)))
			return;
		b->is_sent = true;
		l->under_way++;
	}
}

static struct batch *batch_new(struct proc_teller *l)
{
	struct batch *b = malloc(sizeof(*b) + BATCH_CAP);
	if (!b)
		return NULL;
	*b = (struct batch){ .len = PROC_RECORD_HEAD_LEN };
	l->bytes += b->len;
	io_deadline_arm(l->loop, &l->due, PROC_TELLER_BATCH_MS);
	return b;
}

/* What is gathered is a batch from now on. */
static void batch_close(struct proc_teller *l)
{
	struct batch *b = TAKE(l->gathered);
	io_deadline_disarm(&l->due);
	if (!b)
		return;
	struct proc_packer p = proc_packer_over(b->bytes, PROC_RECORD_HEAD_LEN);
	b->number = ++l->number;
	b->lost = l->lost_untold;
	l->lost_untold = 0;
	proc_record_head_pack(&p, &(struct proc_record_head){
					  .worker = l->id, .number = b->number, .lost = b->lost });
	struct batch *fit = realloc(b, sizeof(*b) + b->len);
	b = fit ? fit : b;
	*l->last = b;
	l->last = &b->next;
	send(l);
}

static void on_due(struct io_deadline *d)
{
	batch_close((struct proc_teller *)((char *)d - offsetof(struct proc_teller, due)));
}

static void batch_free(struct proc_teller *l, struct batch *b)
{
	l->bytes -= b->len;
	l->counters.waiting -= b->sessions;
	l->counters.lost -= b->lost;
	free(b);
}

static void batches_forget(struct proc_teller *l)
{
	while (l->first) {
		struct batch *b = l->first;
		l->first = b->next;
		batch_free(l, b);
	}
	l->last = &l->first;
	l->under_way = 0;
	io_deadline_disarm(&l->due);
	if (l->gathered)
		batch_free(l, TAKE(l->gathered));
	l->counters.lost = l->lost_untold = 0;
}

/* --- what sessions tell --- */

/* Room for one more entry, at the end of what is gathered. False: over the limit. */
static bool room_find(struct proc_teller *l, size_t spared, struct proc_packer *ret_p)
{
	if (l->bytes + spared + PROC_RECORD_ENTRY_MAX > PROC_TELLER_BYTES_MAX)
		return false;
	if (!l->gathered)
		l->gathered = batch_new(l);
	if (!l->gathered)
		return false;
	*ret_p = proc_packer_over(l->gathered->bytes + l->gathered->len, PROC_RECORD_ENTRY_MAX);
	return true;
}

static void entry_keep(struct proc_teller *l, const struct proc_packer *p)
{
	l->gathered->len += p->len;
	l->bytes += p->len;
	if (l->gathered->len >= PROC_TELLER_BATCH_LEN)
		batch_close(l);
}

static void lose(struct proc_teller *l)
{
	if (l->lost_untold == UINT32_MAX)
		return;
	l->lost_untold++;
	l->counters.lost++;
}

/* A batch of nothing else, where nobody comes any more. */
static void lost_tell(struct proc_teller *l)
{
	struct proc_packer p;
	if (l->lost_untold && !l->gathered && !room_find(l, 0, &p))
		log_debug(NULL, "no memory to say what was lost");
}

static void on_session(struct store_recorder *r, const struct store_record *record)
{
	struct proc_teller *l = (struct proc_teller *)r;
	struct proc_packer p;
	if (!l->is_on)
		return;
	if (!room_find(l, EXPOSURE_ROOM, &p)) {
		lose(l);
		return;
	}
	proc_record_session_pack(&p, record);
	l->gathered->sessions++;
	l->counters.waiting++;
	entry_keep(l, &p);
}

static void on_hello(struct store_recorder *r, const struct store_hello *hello)
{
	struct proc_teller *l = (struct proc_teller *)r;
	uint64_t *slot = &l->hellos[hello->hash % HELLO_SLOTS];
	struct proc_packer p;
	if (!l->is_on || *slot == hello->hash || !room_find(l, EXPOSURE_ROOM, &p))
		return;
	*slot = hello->hash;
	proc_record_hello_pack(&p, hello);
	entry_keep(l, &p);
}

/* Goes at once: somebody may have to act. Not where much is under way already, or a crowd of them
 * would each be a batch. */
static void on_exposure(struct store_recorder *r, const struct store_exposure *exposure)
{
	struct proc_teller *l = (struct proc_teller *)r;
	struct proc_packer p;
	if (!l->is_on)
		return;
	if (!room_find(l, 0, &p)) {
		lose(l);
		return;
	}
	proc_record_exposure_pack(&p, exposure);
	entry_keep(l, &p);
	if (l->peer && l->under_way < PROC_TELLER_UNDER_WAY_MAX)
		batch_close(l);
}

/* --- what is no record --- */

static void kept_tell(struct proc_teller *l)
{
	void (*tell)(void *owner) = l->on_kept;
	if (!tell)
		return;
	l->on_kept = NULL;
	io_deadline_disarm(&l->late);
	tell(l->on_kept_owner);
}

static bool is_all_kept(const struct proc_teller *l)
{
	return !l->first && !l->gathered;
}

/* --- the ledger --- */

void proc_teller_say(struct proc_teller *l, enum proc_msg_type type, struct slice payload)
{
	if (l->peer && proc_peer_queue(l->peer, type, payload))
		log_debug(NULL, "the ledger does not hear what is no record");
}

void proc_teller_hear(struct proc_teller *l, int (*on_guessed)(void *owner, struct slice payload),
                      void *owner)
{
	l->on_guessed = on_guessed;
	l->on_guessed_owner = owner;
}

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct proc_teller *l = owner;
	if (msg->type == PROC_MSG_GUESSED)
		return l->on_guessed ? err_up(l->on_guessed(l->on_guessed_owner, msg->payload)) : 0;
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint64_t number;
	if (!proc_unpack_u64(&u, &number))
		return err_raise(-EPROTO);
	while (l->first && l->first->number <= number) {
		struct batch *b = l->first;
		l->first = b->next;
		l->under_way -= b->is_sent;
		batch_free(l, b);
	}
	if (!l->first)
		l->last = &l->first;
	send(l);
	lost_tell(l);
	if (is_all_kept(l))
		kept_tell(l);
	return 0;
}

static void on_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct proc_teller *l = owner;
	proc_peer_free(TAKE(l->peer));
	l->on_broken(l->owner);
}

int proc_teller_attach(struct proc_teller *l, int fd)
{
	proc_peer_free(TAKE(l->peer));
	int r = proc_peer_new(&l->peer, &(struct proc_peer_settings){
						.loop = l->loop,
						.fd = fd,
						.self = l->self,
						.peer = PROC_ROLE_LEDGER,
						.owner = l,
						.on_message = on_message,
						.on_end = on_end,
					});
	if (r)
		return err_up(r);
	/* Its file may be another. */
	memset(l->hellos, 0, sizeof(l->hellos));
	for (struct batch *b = l->first; b; b = b->next)
		b->is_sent = false;
	l->under_way = 0;
	send(l);
	return 0;
}

/* --- life --- */

static void on_late(struct io_deadline *d)
{
	struct proc_teller *l =
		(struct proc_teller *)((char *)d - offsetof(struct proc_teller, late));
	log_warn(NULL, "the ledger did not keep the last sessions in time",
	         kv_int("sessions", (int64_t)l->counters.waiting));
	kept_tell(l);
}

int proc_teller_new(struct proc_teller **ret_l, const struct proc_teller_settings *set)
{
	struct proc_teller *l = calloc(1, sizeof(*l));
	if (!l)
		return err_raise(-ENOMEM);
	l->recorder = (struct store_recorder){
		.session = on_session,
		.hello = on_hello,
		.exposure = on_exposure,
	};
	l->loop = set->loop;
	l->self = set->self;
	l->on_broken = set->on_broken;
	l->owner = set->owner;
	l->last = &l->first;
	l->due.fn = on_due;
	l->late.fn = on_late;
	if (getrandom(&l->id, sizeof(l->id), 0) != sizeof(l->id)) {
		free(l);
		return err_raise(-EIO);
	}
	*ret_l = l;
	return 0;
}

void proc_teller_free(struct proc_teller *l)
{
	if (!l)
		return;
	batch_close(l);
	if (l->peer)
		(void)!proc_chan_flush(proc_peer_chan(l->peer));
	batches_forget(l);
	io_deadline_disarm(&l->late);
	proc_peer_free(l->peer);
	free(l);
}

struct store_recorder *proc_teller_recorder(struct proc_teller *l)
{
	return &l->recorder;
}

void proc_teller_switch(struct proc_teller *l, bool is_on)
{
	l->is_on = is_on;
	if (!is_on)
		batches_forget(l);
}

void proc_teller_finish(struct proc_teller *l, uint32_t at_most_ms, void (*on_kept)(void *owner),
                        void *owner)
{
	l->on_kept = on_kept;
	l->on_kept_owner = owner;
	lost_tell(l);
	batch_close(l);
	if (is_all_kept(l))
		kept_tell(l);
	else
		io_deadline_arm(l->loop, &l->late, at_most_ms);
}

struct proc_teller_counters proc_teller_counters(const struct proc_teller *l)
{
	return l->counters;
}
