#include "edge/learn.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "edge/caps.h"
#include "edge/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	RETRY_FIRST_MS = 1000,
	RETRY_MAX_MS = 60 * 1000,
	AGAIN_MS = 3600 * 1000,
};

enum ask_state { ASK_NEW, ASK_ANSWERS, ASK_FAILS };

/* One address, asked again and again. */
struct edge_ask {
	struct edge_learner *learner;
	struct edge *edge; /* one that uses the backend: its conversation asks */
	size_t backend, address;
	struct edge_session *session; /* under way, or NULL */
	struct io_deadline next;
	uint32_t retry_ms;
	enum ask_state state; /* the log has it */
	bool has_plus;        /* that too */
	bool is_first;        /* nobody was told an answer by this learner */
	struct edge_health health;
	struct io_deadline late;
	uint64_t began_us;
	uint32_t connect_us;
	char error[96];
};

struct edge_learner {
	struct edge_pool *pool;
	struct edge_world *world;
	const struct edge_learner_fns *fns;
	void *owner;
	struct edge_ask *asks;
	size_t count;
	bool is_ending; /* what was under way says nothing any more */
};

/* Two edges of one conversation understand the same capabilities: smtp and submission. */
static bool is_same_talk(const struct edge *a, const struct edge *b)
{
	return a->ops->learn == b->ops->learn;
}

/* What all addresses offer whose answer is known (DESIGN 6). */
static struct conv_caps backend_caps(const struct edge_backend *b, const struct edge *speaker)
{
	struct conv_caps all = {};
	bool is_first = true;
	for (size_t i = 0; i < b->address_count; i++) {
		const struct edge_address *a = &b->addresses[i];
		if (!a->has_answered)
			continue;
		if (is_first)
			all = a->caps;
		else
			edge_caps_meet(&all, &a->caps, speaker->ops->caps_are_words);
		is_first = false;
	}
	return all;
}

static bool has_answered(const struct edge_backend *b)
{
	bool has = false;
	for (size_t i = 0; i < b->address_count; i++)
		has |= b->addresses[i].has_answered;
	return has;
}

/* What all of its backends offer whose answer is known. */
static void edge_learn(struct edge *e)
{
	const struct edge_world *w = e->world;
	bool is_first = true;
	for (size_t i = 0; i < w->settings->backend_count; i++) {
		if (!conf_edge_has_backend(e->conf, i) || !has_answered(&w->backends[i]))
			continue;
		struct conv_caps caps = backend_caps(&w->backends[i], e);
		if (is_first)
			e->learnt = caps;
		else
			edge_caps_meet(&e->learnt, &caps, e->ops->caps_are_words);
		is_first = false;
	}
	if (is_first)
		e->learnt = (struct conv_caps){};
	if (e->set.open == CONV_OPEN_AUTH)
		edge_caps_keep_replayable(&e->learnt, e->ops->caps_are_words);
}

static void edges_learn(struct edge_world *w, const struct edge_backend *b,
                        const struct edge *speaker)
{
	for (size_t i = 0; i < w->settings->edge_count; i++)
		if (conf_edge_has_backend(w->edges[i].conf, (size_t)(b - w->backends)) &&
		    is_same_talk(&w->edges[i], speaker))
			edge_learn(&w->edges[i]);
}

static struct edge *speaker_of(struct edge_world *w, const struct edge_backend *b)
{
	struct edge *mute = NULL;
	for (size_t i = 0; i < w->settings->edge_count; i++) {
		struct edge *e = &w->edges[i];
		if (!conf_edge_has_backend(e->conf, (size_t)(b - w->backends)))
			continue;
		if (!conf_protocol_is_spliced(e->conf->protocol))
			return e;
		mute = e; /* it cannot ask, but sees whether the server is there */
	}
	return mute;
}

void edge_learn_seen(struct edge_session *s)
{
	struct edge_address *a = &s->target->addresses[s->address];
	const struct conv_caps *seen = s->conv->seen;
	if (!seen || !seen->text[0] || (a->has_answered && !strcmp(seen->text, a->caps.text)))
		return;
	a->has_answered = true;
	a->caps = *seen;
	edges_learn(s->world, s->target, s->edge);
}

void edge_learn_take(struct edge_world *w, const struct edge_learnt *what)
{
	if (what->backend >= w->settings->backend_count)
		return;
	struct edge_backend *b = &w->backends[what->backend];
	struct edge *speaker = speaker_of(w, b);
	if (!speaker || what->address >= b->address_count)
		return;
	struct edge_address *a = &b->addresses[what->address];
	a->has_answered = !what->is_blind;
	snprintf(a->caps.text, sizeof(a->caps.text), "%s", what->caps);
	/* Whether it is blind each worker finds out anew, when a client needs it. */
	if (!what->is_blind)
		a->state = EDGE_ADDRESS_USABLE;
	else if (a->state == EDGE_ADDRESS_USABLE)
		a->state = EDGE_ADDRESS_NEW;
	edges_learn(w, b, speaker);
}

void edge_look_take(struct edge_world *w, const struct edge_looked *what)
{
	if (what->backend >= w->settings->backend_count ||
	    what->address >= w->backends[what->backend].address_count)
		return;
	struct edge_address *a = &w->backends[what->backend].addresses[what->address];
	a->is_unwell = what->state == EDGE_HEALTH_DOWN;
	a->is_refusing = a->is_unwell && what->is_refusing;
}

static bool is_same_server(const struct conf_backend *a, const struct conf_backend *b)
{
	return !strcmp(a->name, b->name) && a->client_info == b->client_info &&
	       a->tls.mode == b->tls.mode;
}

static void backend_inherit(struct edge_backend *b, const struct edge_backend *before)
{
	for (size_t i = 0; i < b->address_count; i++)
		for (size_t k = 0; k < before->address_count; k++) {
			struct edge_address *a = &b->addresses[i];
			const struct edge_address *old = &before->addresses[k];
			if (strcmp(a->text, old->text) != 0)
				continue;
			a->state = old->state;
			a->asked_at_ms = old->asked_at_ms;
			a->down_until_ms = old->down_until_ms;
			a->is_unwell = old->is_unwell && b->conf->health_interval_ms;
			a->is_refusing = old->is_refusing;
			edge_load_share(a, old);
			a->has_answered = old->has_answered;
			a->caps = old->caps;
		}
}

void edge_learn_inherit(struct edge_world *w, const struct edge_world *before)
{
	for (size_t i = 0; i < w->settings->backend_count; i++) {
		struct edge_backend *b = &w->backends[i];
		struct edge *speaker = speaker_of(w, b);
		for (size_t k = 0; k < before->settings->backend_count; k++)
			if (is_same_server(b->conf, before->backends[k].conf))
				backend_inherit(b, &before->backends[k]);
		if (speaker)
			edges_learn(w, b, speaker);
	}
}

static struct edge_backend *backend_of(const struct edge_ask *a)
{
	return &a->learner->world->backends[a->backend];
}

static struct edge_address *address_of(const struct edge_ask *a)
{
	return &backend_of(a)->addresses[a->address];
}

static uint64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void edge_ask_connected(struct edge_ask *a)
{
	uint64_t us = now_us() - a->began_us;
	a->connect_us = us >= UINT32_MAX ? UINT32_MAX : us ? (uint32_t)us : 1;
}

void edge_ask_note(struct edge_ask *a, const char *error)
{
	snprintf(a->error, sizeof(a->error), "%s", error);
}

static void plus_warn(struct edge_ask *a, bool has_plus)
{
	if (has_plus && !a->has_plus)
		log_warn(NULL, "backend offers mechanisms that bind to its own TLS",
		         kv_str("backend", backend_of(a)->conf->name),
		         kv_str("address", address_of(a)->text),
		         kv_str("mend", "switch SCRAM-*-PLUS off at the server: the edge hides it, "
		                        "and clients that can bind then fail (RFC 5802 6); or set "
		                        "channel_binding if the server binds to the edge's TLS"));
	a->has_plus = has_plus;
}

static void ask_answered(struct edge_ask *a, const struct conv_caps *seen)
{
	struct edge_address *address = address_of(a);
	bool is_news = a->state != ASK_ANSWERS || strcmp(seen->text, address->caps.text) != 0;
	address->has_answered = true;
	address->caps = *seen;
	edges_learn(a->learner->world, backend_of(a), a->edge);
	if (is_news && seen->text[0])
		log_info(NULL, "capabilities learnt", kv_str("backend", backend_of(a)->conf->name),
		         kv_str("address", address->text), kv_str("offers", seen->text));
	if (a->state == ASK_FAILS)
		log_notice(NULL, "backend answers again",
		           kv_str("backend", backend_of(a)->conf->name),
		           kv_str("address", address->text));
	a->state = ASK_ANSWERS;
	plus_warn(a, !backend_of(a)->conf->channel_binding && edge_caps_has_plus(seen));
	const struct edge_learnt what = { .backend = a->backend,
		                          .address = a->address,
		                          .caps = address->caps.text,
		                          .has_plus = a->has_plus };
	if (is_news || a->is_first)
		a->learner->fns->learnt(a->learner->owner, &what);
	a->is_first = false;
}

/* One that answered is given a second chance before the log says that it is down. */
static void failure_log(struct edge_ask *a)
{
	bool is_new = a->state == ASK_NEW;
	bool is_patient = backend_of(a)->conf->health_interval_ms;
	if (a->state == ASK_FAILS || (!is_new && is_patient && a->health.state != EDGE_HEALTH_DOWN))
		return;
	/* Of a blind one backend.c said so, and how to mend it. */
	if (address_of(a)->state != EDGE_ADDRESS_BLIND)
		log_warn(NULL, is_new ? "backend does not answer yet" : "backend answers no more",
		         kv_str("backend", backend_of(a)->conf->name),
		         kv_str("address", address_of(a)->text), kv_str("error", a->error));
	a->state = ASK_FAILS;
}

static void ask_failed(struct edge_ask *a)
{
	struct edge_address *address = address_of(a);
	failure_log(a);
	if (address->state != EDGE_ADDRESS_BLIND)
		return;
	address->has_answered = false;
	edges_learn(a->learner->world, backend_of(a), a->edge);
	const struct edge_learnt what = {
		.backend = a->backend, .address = a->address, .caps = "", .is_blind = true
	};
	a->learner->fns->learnt(a->learner->owner, &what);
}

/* What this look says of its health, to us and to the others. */
static void look_ended(struct edge_ask *a, bool is_well, bool is_refusing)
{
	const struct edge_looked what = {
		.backend = a->backend,
		.address = a->address,
		.state = a->health.state,
		.is_refusing = is_refusing,
		.connect_us = a->connect_us,
		.error = is_well ? "" : a->error,
	};
	if (!backend_of(a)->conf->health_interval_ms)
		return;
	edge_look_take(a->learner->world, &what);
	a->learner->fns->looked(a->learner->owner, &what);
}

/* Twice as long each time, up to a minute; or as its health wants it. */
static uint32_t retry_next(struct edge_ask *a)
{
	uint32_t interval_ms = backend_of(a)->conf->health_interval_ms;
	if (interval_ms)
		return edge_health_wait_ms(&a->health, interval_ms);
	uint32_t ms = a->retry_ms ? a->retry_ms : RETRY_FIRST_MS;
	a->retry_ms = ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : ms * 2;
	return ms;
}

void edge_ask_ended(struct edge_session *s)
{
	struct edge_ask *a = s->ask;
	const struct conv *c = s->conv;
	uint32_t wait_ms = backend_of(a)->conf->health_interval_ms;
	bool is_well = c->outcome == CONV_OUTCOME_OK && c->seen;
	a->session = NULL;
	io_deadline_disarm(&a->late);
	if (a->learner->is_ending)
		return;
	edge_health_note(&a->health, is_well);
	if (is_well) {
		a->retry_ms = 0;
		ask_answered(a, c->seen);
	} else {
		if (!a->error[0])
			edge_ask_note(a, conv_outcome_name(c->outcome));
		ask_failed(a);
	}
	look_ended(a, is_well, c->outcome == CONV_OUTCOME_BACKEND_REFUSED);
	if (!is_well)
		wait_ms = retry_next(a);
	io_deadline_arm(a->learner->pool->loop, &a->next, wait_ms ? wait_ms : AGAIN_MS);
}

/* It accepts, and then says nothing, or slowly. */
static void on_late(struct io_deadline *d)
{
	struct edge_ask *a = (struct edge_ask *)((char *)d - offsetof(struct edge_ask, late));
	if (!a->session || a->session->end.is_queued)
		return;
	edge_ask_note(a, "no answer in time");
	edge_session_end(a->session, CONV_OUTCOME_TIMEOUT);
}

static void ask_begin(struct edge_ask *a)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	struct edge_learner *l = a->learner;
	const struct conf_backend *conf = backend_of(a)->conf;
	struct edge_session *s = NULL;
	a->error[0] = '\0';
	a->connect_us = 0;
	a->began_us = now_us();
	if (edge_session_new_ask(&s, l->pool, l->world, a->edge)) {
		io_deadline_arm(l->pool->loop, &a->next, retry_next(a));
		return;
	}
	s->ask = a;
	s->target = backend_of(a);
	s->address_end = s->target->address_count;
	s->tried = ~(UINT64_C(1) << a->address);
	a->session = s;
	if (conf->health_interval_ms)
		io_deadline_arm(l->pool->loop, &a->late, conf->health_timeout_ms);
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_learn(edge_session_conv(s), &todo);
	edge_session_act(s, r, todo);
}

static void on_next(struct io_deadline *d)
{
	ask_begin((struct edge_ask *)((char *)d - offsetof(struct edge_ask, next)));
}

/* What a learner before this one said is no news. */
static struct edge_health health_known(const struct edge_address *a)
{
	if (a->is_unwell)
		return (struct edge_health){ EDGE_HEALTH_DOWN, EDGE_HEALTH_FAILURES };
	return (struct edge_health){ a->has_answered ? EDGE_HEALTH_UP : EDGE_HEALTH_UNKNOWN, 0 };
}

static enum ask_state state_known(const struct edge_address *a)
{
	if (a->is_unwell)
		return ASK_FAILS;
	return a->has_answered ? ASK_ANSWERS : ASK_NEW;
}

static void asks_fill(struct edge_learner *l)
{
	struct edge_world *w = l->world;
	for (size_t i = 0; i < w->settings->backend_count; i++) {
		struct edge_backend *b = &w->backends[i];
		struct edge *speaker = speaker_of(w, b);
		for (size_t k = 0; speaker && k < b->address_count; k++) {
			bool is_known = b->addresses[k].has_answered;
			l->asks[l->count++] = (struct edge_ask){
				.learner = l,
				.edge = speaker,
				.backend = i,
				.address = k,
				.next.fn = on_next,
				.late.fn = on_late,
				.is_first = true,
				.health = health_known(&b->addresses[k]),
				.state = state_known(&b->addresses[k]),
				.has_plus = is_known && !b->conf->channel_binding &&
				            edge_caps_has_plus(&b->addresses[k].caps),
			};
		}
	}
}

int edge_learner_new(struct edge_learner **ret_learner, struct edge_pool *pool,
                     struct edge_world *world, const struct edge_learner_fns *fns, void *owner)
{
	size_t most = 1;
	CLEAN(freep) struct edge_learner *l = calloc(1, sizeof(*l));
	for (size_t i = 0; i < world->settings->backend_count; i++)
		most += world->backends[i].address_count;
	if (l)
		l->asks = calloc(most, sizeof(*l->asks));
	if (!l || !l->asks)
		return err_raise(-ENOMEM);
	l->pool = pool;
	l->world = edge_world_ref(world);
	l->fns = fns;
	l->owner = owner;
	asks_fill(l);
	for (size_t i = 0; i < l->count; i++)
		ask_begin(&l->asks[i]);
	*ret_learner = TAKE(l);
	return 0;
}

void edge_learner_free(struct edge_learner *l)
{
	if (!l)
		return;
	l->is_ending = true;
	for (size_t i = 0; i < l->count; i++) {
		struct edge_session *s = l->asks[i].session;
		if (s) {
			conv_end(s->conv, CONV_OUTCOME_DRAINED);
			io_later_remove(l->pool->loop, &s->end);
			edge_session_free(s);
		}
		io_deadline_disarm(&l->asks[i].next);
		io_deadline_disarm(&l->asks[i].late);
	}
	edge_world_unref(l->world);
	free(l->asks);
	free(l);
}
