#include "worker/worker.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "edge/edge.h"
#include "edge/learn.h"
#include "io/loop.h"
#include "link/link.h"
#include "proc/box.h"
#include "proc/chan.h"
#include "proc/msg.h"
#include "proc/teller.h"
#include "relay/relay.h"
#include "worker/backends.h"
#include "worker/challenges.h"
#include "worker/guesses.h"
#include "worker/listeners.h"
#include "worker/next.h"
#include "worker/numbers.h"
#include "worker/resolver.h"
#include "worker/services.h"
#include "worker/signer.h"
#include "worker/tunnels.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { LEDGER_PATIENCE_MS = 2000 }; /* at the end, for what was told last */

struct worker {
	struct io_loop *loop;
	struct proc_chan *parent;
	struct io_watch *parent_watch;
	struct edge_pool *pool;
	struct worker_signer *signer;
	struct worker_resolver *resolver;
	struct proc_teller *ledger;
	struct worker_guesses *guesses;
	struct worker_services *services;
	struct acme_challenges challenges; /* that all worlds answer */
	struct edge_world *world;          /* in force; NULL before the first START */
	struct edge_learner *learner;      /* NULL: another worker asks */
	struct worker_listeners listeners; /* number: edge, kind: is TLS from the first byte */
	struct worker_next next;
	uint8_t ticket_keys[2][TLS_TICKET_KEY_LEN];
	char visitor[TLS_VISITOR_CAP]; /* by which witness shows that it is witness */
	unsigned drain_rate;
	unsigned draining; /* of three: edges, relays, links */
	int status;
};

static void next_clear(struct worker *w)
{
	worker_next_clear(&w->next);
	worker_services_clear(w->services);
}

static void say(struct worker *w, enum proc_msg_type type, struct slice payload)
{
	if (proc_chan_send(w->parent, type, payload, -1))
		log_error(NULL, "parent cannot be told", kv_int("message", type));
}

static void refuse(struct worker *w, const char *why)
{
	say(w, PROC_MSG_REFUSED, slice_str(why));
	next_clear(w);
}

static int on_next(struct worker *w, struct proc_msg *msg)
{
	if (msg->type == PROC_MSG_CONFIG)
		worker_services_clear(w->services);
	int r = worker_next_take(&w->next, msg);
	if (r != WORKER_NEXT_BAD)
		return err_up(r);
	refuse(w, "the configuration does not parse in the worker");
	return 0;
}

static void on_connection(void *owner, uint8_t is_tls, uint32_t edge, int fd,
                          const struct sockaddr *peer)
{
	struct worker *w = owner;
	edge_session_start(w->pool, w->world, &w->world->edges[edge], is_tls, fd, peer);
}

/* Takes settings. NULL in *ret_world: it cannot be, which was said. */
static int world_make(struct worker *w, struct conf_settings *settings,
                      struct edge_world **ret_world)
{
	char error[256] = "";
	/* The world takes the settings; what the services are made of is made before. */
	const struct relay_world_settings relays = {
		.settings = settings,
		.materials = &w->next.materials,
		.signer = worker_signer_tls(w->signer),
	};
	int prepared = worker_services_prepare(w->services, &relays, error, sizeof(error));
	if (prepared) {
		conf_settings_free(settings);
		if (prepared < 0)
			return err_up(prepared);
		refuse(w, error);
		return 0;
	}
	int r = edge_world_new(ret_world, settings, &w->next.materials,
	                       worker_signer_tls(w->signer), error, sizeof(error));
	if (r == EDGE_WORLD_BAD) {
		refuse(w, error);
		return 0;
	}
	return err_up(r);
}

/* Takes world; sessions of the one before end in that. */
static int world_switch(struct worker *w, struct edge_world *world)
{
	edge_learner_free(TAKE(w->learner));
	if (w->world)
		edge_learn_inherit(world, w->world);
	edge_world_unref(w->world);
	w->world = world;
	proc_teller_switch(w->ledger, conf_needs_ledger(world->settings));
	worker_guesses_switch(w->guesses, world->settings->cluster.is_set);
	int r = worker_listeners_start(&w->listeners, &w->next.listeners, w->loop, on_connection,
	                               w);
	if (!r)
		r = worker_services_start(w->services);
	return err_up(r);
}

/* All of it is here: the new world takes over at once, or nothing changes. */
static int on_start(struct worker *w, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	struct conf_materials *m = &w->next.materials;
	struct edge_world *world = NULL;
	uint8_t asks;
	memcpy(m->ticket_keys, w->ticket_keys, sizeof(w->ticket_keys));
	memcpy(m->visitor, w->visitor, sizeof(w->visitor));
	m->challenges = &w->challenges;
	if (!w->next.settings || !proc_unpack_u8(&u, &asks))
		return err_raise(-EPROTO);
	w->drain_rate = w->next.settings->drain_rate;
	int r = world_make(w, TAKE(w->next.settings), &world);
	if (!r && world)
		r = world_switch(w, world);
	if (r || !world)
		return err_up(r);
	next_clear(w);
	say(w, PROC_MSG_READY, (struct slice){});
	if (asks)
		r = edge_learner_new(&w->learner, w->pool, w->world, &worker_backends_fns,
		                     w->parent);
	return err_up(r);
}

static int on_ticket_keys(struct worker *w, struct proc_msg *msg)
{
	if (msg->payload.len != sizeof(w->ticket_keys))
		return err_raise(-EPROTO);
	memcpy(w->ticket_keys, msg->payload.data, sizeof(w->ticket_keys));
	if (w->world)
		edge_world_set_ticket_keys(w->world, w->ticket_keys[0], w->ticket_keys[1]);
	return 0;
}

static void on_kept(void *owner)
{
	struct worker *w = owner;
	say(w, PROC_MSG_DRAINED, (struct slice){});
	(void)!proc_chan_flush(w->parent);
	io_loop_stop(w->loop);
}

/* Edges, relays and links each say when they are; the last of them counts. */
static void on_empty(void *owner)
{
	struct worker *w = owner;
	if (w->draining && --w->draining == 0)
		proc_teller_finish(w->ledger, LEDGER_PATIENCE_MS, on_kept, w);
}

static int on_drain(struct worker *w, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t deadline_ms;
	if (!proc_unpack_u32(&u, &deadline_ms))
		return err_raise(-EPROTO);
	worker_listeners_close(&w->listeners);
	worker_services_stop(w->services);
	edge_learner_free(TAKE(w->learner));
	w->draining = 3;
	edge_pool_drain(w->pool, w->drain_rate, deadline_ms, on_empty, w);
	relay_drain(worker_services_relay(w->services), deadline_ms, on_empty, w);
	link_pool_drain(worker_services_links(w->services), deadline_ms, on_empty, w);
	return 0;
}

static int on_status_ask(struct worker *w, struct proc_msg *msg)
{
	const struct worker_counted counted = { w->pool, w->signer, w->services, w->ledger };
	uint64_t numbers[PROC_WORKER_NUMBER_COUNT] = {};
	uint8_t payload[4 + sizeof(numbers)];
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	uint32_t id;
	if (!proc_unpack_u32(&u, &id))
		return err_raise(-EPROTO);
	worker_numbers_take(&counted, numbers);
	proc_pack_u32(&p, id);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		proc_pack_u64(&p, numbers[i]);
	worker_backends_loads(w->world, w->parent);
	say(w, PROC_MSG_STATUS, proc_packed(&p));
	return 0;
}

static int on_message(struct worker *w, struct proc_msg *msg)
{
	switch (msg->type) {
	case PROC_MSG_CONFIG:
	case PROC_MSG_CHAIN:
	case PROC_MSG_CATALOG:
	case PROC_MSG_CA:
	case PROC_MSG_TABLE:
	case PROC_MSG_LISTENER:
		return err_up(on_next(w, msg));
	case PROC_MSG_START:
		return err_up(on_start(w, msg));
	case PROC_MSG_CAPS:
		return err_up(worker_backends_learnt(w->world, msg->payload));
	case PROC_MSG_LOOKED:
		return err_up(worker_backends_looked(w->world, msg->payload));
	case PROC_MSG_TICKET_KEYS:
		return err_up(on_ticket_keys(w, msg));
	case PROC_MSG_WITNESS_TOKEN:
		slice_to_text(msg->payload, w->visitor, sizeof(w->visitor));
		return 0;
	case PROC_MSG_BANS:
		edge_pool_ban(w->pool, msg->payload);
		return 0;
	case PROC_MSG_CHALLENGES:
		return err_up(worker_challenges_came(&w->challenges, w->parent, msg->payload));
	case PROC_MSG_KEYS_CHANNEL:
		return err_up(worker_signer_attach(w->signer, TAKE_FD(msg->fd)));
	case PROC_MSG_RESOLVER_CHANNEL:
		return err_up(worker_resolver_attach(w->resolver, TAKE_FD(msg->fd)));
	case PROC_MSG_LEDGER_CHANNEL:
		return err_up(proc_teller_attach(w->ledger, TAKE_FD(msg->fd)));
	case PROC_MSG_SERVICE:
		return err_up(worker_services_add(w->services, msg->payload, TAKE_FD(msg->fd)));
	case PROC_MSG_TUNNELS:
		return err_up(worker_tunnels_came(w->pool, msg->payload));
	case PROC_MSG_DRAIN:
		return err_up(on_drain(w, msg));
	case PROC_MSG_STATUS_ASK:
		return err_up(on_status_ask(w, msg));
	default: /* the table of proc/msg.c lets nothing else through */
		return err_raise(-EPROTO);
	}
}

static void on_parent_ready(void *owner, int events)
{
	struct worker *w = owner;
	struct proc_msg msg;
	int flushed = events & IO_WRITE ? proc_chan_flush(w->parent) : 0;
	int ended = proc_chan_read(w->parent);
	int r = 0, next = PROC_MORE;
	while (!r && (next = proc_chan_next(w->parent, &msg)) == 0) {
		r = on_message(w, &msg);
		if (msg.fd >= 0)
			close(msg.fd);
	}
	if (r || ended || flushed || next != PROC_MORE) {
		/* Without a parent there is no reload and no status; sessions must not outlive it.
		 */
		if (r)
			log_error(NULL, "message of the parent failed", kv_int("errno", -r),
			          kv_str("where", err_origin()));
		w->status = 1;
		io_loop_stop(w->loop);
		return;
	}
	io_watch_set(w->parent_watch, IO_READ | (proc_chan_wants_write(w->parent) ? IO_WRITE : 0));
}

/* If it died, the parent knows already, and this changes nothing. */
static void on_resolver_broken(void *owner)
{
	say(owner, PROC_MSG_RESOLVER_WANTED, (struct slice){});
}

static void on_ledger_broken(void *owner)
{
	say(owner, PROC_MSG_LEDGER_WANTED, (struct slice){});
}

static int worker_init(struct worker *w, int chan_fd)
{
	int r = io_loop_new(&w->loop);
	if (!r)
		r = edge_pool_new(&w->pool, w->loop);
	if (!r)
		r = worker_signer_new(&w->signer, w->loop);
	if (!r)
		r = worker_resolver_new(&w->resolver, w->loop, on_resolver_broken, w);
	if (!r)
		r = worker_services_new(&w->services, w->loop, worker_resolver_asker(w->resolver));
	if (!r)
		r = proc_teller_new(&w->ledger,
		                    &(struct proc_teller_settings){ .loop = w->loop,
		                                                    .self = PROC_ROLE_WORKER,
		                                                    .on_broken = on_ledger_broken,
		                                                    .owner = w });
	if (!r) {
		edge_pool_record_to(w->pool, proc_teller_recorder(w->ledger));
		relay_record_to(worker_services_relay(w->services),
		                proc_teller_recorder(w->ledger));
		link_pool_record_to(worker_services_links(w->services),
		                    proc_teller_recorder(w->ledger));
	}
	if (!r)
		r = worker_guesses_new(&w->guesses, w->pool, w->ledger);
	if (!r)
		r = proc_chan_new(&w->parent, chan_fd, PROC_ROLE_WORKER, PROC_ROLE_PARENT);
	if (!r)
		r = io_watch_new(&w->parent_watch, w->loop, chan_fd, on_parent_ready, w);
	if (!r)
		io_watch_set(w->parent_watch, IO_READ);
	return err_up(r);
}

static void worker_deinit(struct worker *w)
{
	worker_listeners_close(&w->listeners);
	next_clear(w);
	edge_learner_free(w->learner);
	edge_pool_free(w->pool);
	edge_world_unref(w->world);
	worker_signer_free(w->signer);
	worker_services_free(w->services);
	worker_resolver_free(w->resolver);
	worker_guesses_free(w->guesses);
	acme_challenges_clear(&w->challenges);
	proc_teller_free(w->ledger); /* its last words are of those above */
	io_watch_free(w->parent_watch);
	proc_chan_free(w->parent);
	explicit_bzero(w->ticket_keys, sizeof(w->ticket_keys));
	io_loop_free(w->loop);
}

int worker_main(int chan_fd)
{
	struct worker w = {};
	struct proc_box_report report;
	/* First the box: a loop made before it may hold an io_uring that it then may not use. */
	int r = proc_box(PROC_ROLE_WORKER, NULL, &report);
	if (!r)
		r = worker_init(&w, chan_fd);
	log_hold();
	if (!r)
		r = io_loop_run(w.loop);
	if (r)
		log_error(NULL, "worker cannot run", kv_int("errno", -r),
		          kv_str("where", err_origin()));
	worker_deinit(&w);
	log_release();
	return r ? 1 : w.status;
}
