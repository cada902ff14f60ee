#include "resolver/seats.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "io/loop.h"
#include "policy/place.h"
#include "proc/peer.h"
#include "resolver/places.h"

#include <errno.h>
#include <sys/random.h>

enum {
	BUCKETS = 256,
	SEATS_MAX = 50000,      /* of one worker */
	QUEUED_MAX = 64 * 1024, /* to a worker that does not follow; it is told again */
	REST_MS = 60 * 1000,    /* nobody waits */
};

struct seat {
	struct place place; /* first */
	struct seat *next;  /* of its bucket */
	struct seats_worker *worker;
	uint32_t number; /* as the worker counts */
};

struct seats_worker {
	struct seats_worker *next;
	struct seats *seats;
	struct proc_peer *peer;
	size_t count;
	struct seat *buckets[BUCKETS];
};

struct seats {
	struct io_loop *loop;
	struct places *places;
	struct seats_worker *workers;
	struct io_deadline tick;
	struct log_calm full;
};

/* Whoever keeps idle connections there lets them go. */
static void on_wanted(void *owner, bool is_domain, const char *name)
{
	const struct seats *s = owner;
	uint8_t payload[1 + 2 + PLACES_OPERATOR_CAP];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	proc_pack_u8(&packer, is_domain);
	proc_pack_str(&packer, name);
	for (struct seats_worker *w = s->workers; w; w = w->next)
		if (proc_chan_queued(proc_peer_chan(w->peer)) < QUEUED_MAX &&
		    proc_peer_queue(w->peer, PROC_MSG_PLACE_WANTED, proc_packed(&packer)))
			log_warn(NULL, "answer to a worker not sent", kv_str("domain", name));
}

static void on_tick(struct io_deadline *d)
{
	struct seats *s = (struct seats *)((char *)d - offsetof(struct seats, tick));
	bool is_wanted = places_tick(s->places, io_loop_now_ms(s->loop));
	if (is_wanted)
		places_each_wanted(s->places, on_wanted, s);
	io_deadline_arm(s->loop, d, is_wanted ? PLACES_TICK_MS : REST_MS);
}

int seats_new(struct seats **ret_s, struct io_loop *loop)
{
	uint64_t seed = 0;
	struct seats *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = io_loop_now_ms(loop);
	s->loop = loop;
	s->tick.fn = on_tick;
	s->places = places_new(seed);
	if (!s->places) {
		free(s);
		return err_raise(-ENOMEM);
	}
	io_deadline_arm(loop, &s->tick, REST_MS);
	*ret_s = s;
	return 0;
}

void seats_free(struct seats *s)
{
	if (!s)
		return;
	io_deadline_disarm(&s->tick);
	places_free(s->places);
	free(s);
}

int seats_worker_new(struct seats_worker **ret_w, struct seats *s, struct proc_peer *peer)
{
	struct seats_worker *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	w->seats = s;
	w->peer = peer;
	w->next = s->workers;
	s->workers = w;
	*ret_w = w;
	return 0;
}

static struct seat **seat_find(struct seats_worker *w, uint32_t number)
{
	struct seat **at = &w->buckets[number % BUCKETS];
	while (*at && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

static void seat_free(struct seat **at)
{
	struct seat *seat = *at;
	struct seats *s = seat->worker->seats;
	*at = seat->next;
	seat->worker->count--;
	places_give(s->places, &seat->place, io_loop_now_ms(s->loop));
	free(seat);
}

void seats_worker_free(struct seats_worker *w)
{
	if (!w)
		return;
	struct seats_worker **at = &w->seats->workers;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	for (size_t i = 0; i < BUCKETS; i++)
		while (w->buckets[i])
			seat_free(&w->buckets[i]);
	free(w);
}

static void on_taken(struct place *p)
{
	struct seat *seat = (struct seat *)p;
	uint8_t payload[4 + 2 + PLACES_OPERATOR_CAP];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&packer, seat->number);
	proc_pack_str(&packer, places_operator(p));
	if (proc_peer_queue(seat->worker->peer, PROC_MSG_PLACED, proc_packed(&packer)))
		log_warn(NULL, "answer to a worker not sent", kv_str("domain", places_operator(p)));
}

/* What cannot be done for want of memory is not answered: the worker has a deadline. */
static void seat_ask(struct seats_worker *w, uint32_t number, const struct places_wish *wish,
                     bool is_held)
{
	struct seats *s = w->seats;
	struct seat *seat = w->count < SEATS_MAX ? calloc(1, sizeof(*seat)) : NULL;
	if (!seat) {
		uint64_t unsaid;
		if (log_calm(&s->full, io_loop_now_ms(s->loop), &unsaid))
			log_warn(NULL, "too many connections of one worker, one more waits",
			         kv_int("unsaid", (int64_t)unsaid));
		return;
	}
	*seat = (struct seat){ .place.fn = on_taken, .worker = w, .number = number };
	int r = is_held ? places_hold(s->places, &seat->place, wish)
	                : places_ask(s->places, &seat->place, wish, io_loop_now_ms(s->loop));
	if (r) {
		free(seat);
		return;
	}
	struct seat **bucket = &w->buckets[number % BUCKETS];
	seat->next = *bucket;
	*bucket = seat;
	w->count++;
	if (seat->place.is_taken && !is_held)
		on_taken(&seat->place);
	else if (!seat->place.is_taken)
		io_deadline_arm(s->loop, &s->tick, PLACES_TICK_MS);
}

int seats_on_place(struct seats_worker *w, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	char domain[POLICY_WAY_NAME_CAP], host[POLICY_WAY_NAME_CAP];
	struct places_wish wish = { .domain = domain, .host = host };
	uint32_t number, per_minute, limits[PLACES_KIND_COUNT];
	uint8_t is_held;
	proc_unpack_u32(&u, &number);
	proc_unpack_u8(&u, &is_held);
	proc_unpack_str(&u, domain, sizeof(domain));
	proc_unpack_str(&u, host, sizeof(host));
	for (int i = 0; i < PLACES_KIND_COUNT; i++)
		proc_unpack_u32(&u, &limits[i]);
	proc_unpack_u32(&u, &per_minute);
	if (!proc_unpack_ends(&u) || *seat_find(w, number))
		return err_raise(-EPROTO);
	for (int i = 0; i < PLACES_KIND_COUNT; i++)
		wish.limits[i] = limits[i];
	wish.per_minute = per_minute;
	seat_ask(w, number, &wish, is_held);
	return 0;
}

int seats_on_give(struct seats_worker *w, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t number;
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_ends(&u))
		return err_raise(-EPROTO);
	struct seat **at = seat_find(w, number);
	if (*at)
		seat_free(at);
	return 0;
}
