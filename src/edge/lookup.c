/*
 * open = "auth": whose credential it is says where the session goes. The lookup is asked between
 * CONV_TODO_CONNECT and the connection; it answers from a later turn always, so that a backend
 * that was left is never closed from inside its own event. An edge without a lookup has one home
 * for all, whose address depends on the user (balance = "user").
 */
#include "edge/lookup.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "edge/directory.h"
#include "edge/session.h"
#include "lookup/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	REFUSAL_FIRST_MS = 2000, /* as servers do that slow guesses down */
	REFUSAL_MAX_MS = 10000,
	REFUSAL_FALLS = 8, /* by what part of the difference with each that was quicker */
	SAFETY_MS = 2000,  /* behind the directory's own deadline */
};

struct edge_lookup_job {
	struct edge_question question;
	struct edge_session *session;
	struct io_later later; /* a table's answer */
	enum edge_home home;
	struct slice answer;
	bool is_refusing; /* the answer is no, and the client waits for it */
};

bool edge_lookup_decides(const struct edge_session *s)
{
	return s->edge->set.open == CONV_OPEN_AUTH && !s->ask;
}

void edge_lookup_cancel(struct edge_session *s)
{
	struct edge_lookup_job *job = TAKE(s->lookup);
	if (!job)
		return;
	edge_directory_cancel(&job->question);
	io_later_remove(s->pool->loop, &job->later);
	explicit_bzero(job, sizeof(*job));
	free(job);
}

static void fail(struct edge_session *s, enum conv_failure why)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	edge_lookup_cancel(s);
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_failed(edge_session_conv(s), why, &todo);
	if (!r && edge_login_follow(s, todo))
		return;
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

static void open_backend(struct edge_session *s, size_t backend)
{
	edge_lookup_cancel(s);
	edge_target_take(s, &s->world->backends[backend]);
	edge_backend_open(s);
}

/* As long as a wrong password takes: nobody learns who has a mailbox. */
static void refuse(struct edge_session *s)
{
	uint64_t gone_ms = edge_session_now_ms(s) - s->lookup_began_ms;
	uint64_t all_ms = s->edge->refusal_ms ?: REFUSAL_FIRST_MS;
	s->pool->counters.lookups_unknown++;
	s->lookup->is_refusing = true;
	edge_session_enter(s, EDGE_STATE_LOOKUP, all_ms > gone_ms ? all_ms - gone_ms + 1 : 1);
}

static void later(struct edge_session *s)
{
	s->pool->counters.lookups_failed++;
	fail(s, CONV_FAILURE_LOOKUP);
}

static void found(struct edge_session *s, struct slice answer)
{
	const struct conf_edge *conf = s->edge->conf;
	size_t backend =
		conf_by_user_find(s->world->settings, conf, (const char *)answer.data, answer.len);
	char said[64];
	if (backend < s->world->settings->backend_count) {
		open_backend(s, backend);
		return;
	}
	slice_to_text(answer, said, sizeof(said));
	log_error(s->conv->facts.session_id, "lookup names what is no backend of the edge",
	          kv_str("edge", conf->name), kv_str("lookup", conf->lookup),
	          kv_str("answer", said), kv_str("user", s->conv->user),
	          kv_str("mend", "add it to by_user of the edge"));
	later(s);
}

static void decide(struct edge_session *s, enum edge_home home, struct slice answer)
{
	const struct conf_edge *conf = s->edge->conf;
	switch (home) {
	case EDGE_HOME_FOUND:
		found(s, answer);
		break;
	case EDGE_HOME_UNKNOWN:
		if (conf->has_no_default)
			refuse(s);
		else
			open_backend(s, conf->backend);
		break;
	case EDGE_HOME_LATER:
		later(s);
		break;
	}
}

static void on_answer(struct edge_question *q, enum edge_home home, struct slice answer)
{
	struct edge_lookup_job *job =
		(struct edge_lookup_job *)((char *)q - offsetof(struct edge_lookup_job, question));
	decide(job->session, home, answer);
}

static void on_later(struct io_later *l)
{
	struct edge_lookup_job *job =
		(struct edge_lookup_job *)((char *)l - offsetof(struct edge_lookup_job, later));
	decide(job->session, job->home, job->answer);
}

/* Whose questions are counted together: an address's; of networks that are exempt, a user's. */
static struct edge_limits_key asker_of(const struct edge_session *s)
{
	return s->is_counted ? s->key : edge_limits_user_key(s->conv->mailbox, s->key);
}

/* A name that fits no question has no home. */
static void ask(struct edge_session *s, const struct edge_lookup *lookup)
{
	struct edge_lookup_job *job = s->lookup;
	s->pool->counters.lookups++;
	if (lookup->directory && job->question.user[0]) {
		edge_directory_ask(lookup->directory, s->pool->loop, &job->question);
		return;
	}
	if (!lookup->directory &&
	    lookup_table_find(lookup->table, slice_str(job->question.user), &job->answer))
		job->home = EDGE_HOME_FOUND;
	io_later_add(s->pool->loop, &job->later);
}

void edge_lookup_begin(struct edge_session *s)
{
	const struct edge_lookup *lookup = s->edge->lookup;
	if (edge_login_turns_away(s))
		return;
	struct edge_lookup_job *job = calloc(1, sizeof(*job));
	if (!job) {
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	job->session = s;
	job->later.fn = on_later;
	job->question.fn = on_answer;
	job->home = EDGE_HOME_UNKNOWN;
	job->question.place.who = asker_of(s);
	snprintf(job->question.user, sizeof(job->question.user), "%s", s->conv->mailbox);
	s->lookup = job;
	s->lookup_began_ms = edge_session_now_ms(s);
	edge_session_enter(s, EDGE_STATE_LOOKUP,
	                   (lookup ? lookup->conf->timeout_ms : 0) + SAFETY_MS);
	if (lookup)
		ask(s, lookup);
	else
		io_later_add(s->pool->loop, &job->later);
}

void edge_lookup_late(struct edge_session *s)
{
	if (s->lookup->is_refusing)
		fail(s, CONV_FAILURE_HOMELESS);
	else
		later(s);
}

/* A homeless one has waited. Who is in already has no such answer to wait for. */
static bool is_refused_by_backend(const struct edge_session *s)
{
	return edge_lookup_decides(s) && io_stream_is_open(&s->backend) && !s->backend_is_left &&
	       !s->conv->is_logged_in;
}

/* As late as the slowest of late: a quick one does not show that there was a backend to ask. */
uint32_t edge_lookup_refusal_waits_ms(struct edge_session *s)
{
	uint64_t took_ms = edge_session_now_ms(s) - s->lookup_began_ms;
	uint32_t all_ms = s->edge->refusal_ms;
	if (!s->edge->conf->has_no_default || !is_refused_by_backend(s))
		return 0;
	if (took_ms >= all_ms) {
		s->edge->refusal_ms = took_ms < 1                ? 1
		                      : took_ms > REFUSAL_MAX_MS ? REFUSAL_MAX_MS
		                                                 : (uint32_t)took_ms;
		return 1;
	}
	s->edge->refusal_ms -= (all_ms - (uint32_t)took_ms) / REFUSAL_FALLS;
	return all_ms - (uint32_t)took_ms + 1;
}

void edge_lookup_leave(struct edge_session *s)
{
	s->backend_is_left = true;
	edge_backend_leave(s);
	if (!io_stream_is_open(&s->backend))
		return;
	io_stream_consume(&s->backend, io_stream_input(&s->backend).len);
	io_stream_pause(&s->backend);
	io_stream_end(&s->backend);
	s->backend.on_event = NULL;
}

static int lookup_fill(struct edge_lookup *lookup, const struct conf_lookup *conf,
                       const struct conf_materials *m, size_t number)
{
	lookup->conf = conf;
	if (conf->table) {
		struct conf_table *table = number < m->table_count ? &m->tables[number] : NULL;
		if (table)
			lookup->table = slice_of(table->data, table->len);
		if (table)
			*table = (struct conf_table){};
		return 0;
	}
	struct edge_directory_settings set = {
		.name = conf->name,
		.at = (const struct sockaddr *)&lookup->at.sa,
		.at_len = lookup->at.sa_len,
		.map = conf->map,
		.timeout_ms = conf->timeout_ms,
		.keep_ms = conf->keep_ms,
	};
	return err_up(edge_directory_new(&lookup->directory, &set));
}

int edge_lookups_new(struct edge_lookup **ret_lookups, const struct conf_settings *settings,
                     const struct conf_materials *m, char *ret_error, size_t cap)
{
	struct edge_lookup *all = calloc(settings->lookup_count + 1, sizeof(*all));
	int r = 0;
	if (!all)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < settings->lookup_count && !r; i++) {
		const struct conf_lookup *conf = &settings->lookups[i];
		if (!conf->table && edge_address_resolve(&all[i].at, &conf->socketmap)) {
			snprintf(ret_error, cap, "lookup.%s.socketmap: \"%s\" is no IP address",
			         conf->name, conf->socketmap.text);
			r = EDGE_WORLD_BAD;
		} else {
			r = err_up(lookup_fill(&all[i], conf, m, i));
		}
	}
	if (r)
		edge_lookups_free(all, settings->lookup_count);
	else
		*ret_lookups = all;
	return r;
}

void edge_lookups_free(struct edge_lookup *lookups, size_t count)
{
	for (size_t i = 0; lookups && i < count; i++) {
		edge_directory_free(lookups[i].directory);
		conf_table_unmap(
			&(struct conf_table){ .data = (void *)(uintptr_t)lookups[i].table.data,
		                              .len = lookups[i].table.len });
	}
	free(lookups);
}
