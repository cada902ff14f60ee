#include "resolver/policies.h"

#include "ask/sts.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/log_lasting.h"
#include "io/loop.h"
#include "store/sts.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

enum {
	TICK_MS = 60 * 1000,
	RETRY_S = 5 * 60, /* after a file that could not be had (RFC 8461 3.3) */
	DAY_S = 24 * 3600,
	UNUSED_S = 180 * DAY_S,
	REFRESHES = 16, /* at a time */
	FAILURES = 512, /* that are remembered; a place each, the later takes it */
};

/* A file that could not be had: not asked for again so soon. */
struct failure {
	char domain[256];
	char id[POLICY_STS_ID_MAX + 1];
	uint64_t until_ms;
	struct policy_sts_facts facts;
};

struct refresh {
	struct policies *p;
	struct policies_question *question; /* NULL: free */
};

struct policies {
	struct policies_settings set;
	struct failure *failures;
	struct refresh refreshes[REFRESHES];
	struct io_deadline tick;
	struct log_lasting complaints;
};

struct policies_question {
	struct policies *p;
	char domain[256];
	bool is_refresh;
	bool has_row;
	struct store_sts_row row; /* in force before */
	struct sts_search *search;
	struct io_later answered;
	struct policy_sts_facts facts;
	policies_fn *fn;
	void *owner;
};

static void store_complain(struct policies *p, const char *what, int r)
{
	uint64_t unsaid;
	if (log_lasting(&p->complaints, io_loop_now_ms(p->set.loop), &unsaid))
		log_warn(NULL, "MTA-STS policies are not remembered", kv_str("doing", what),
		         kv_str("error", strerror(-r)), kv_str("where", err_origin()),
		         kv_int("unsaid", (int64_t)unsaid));
}

static void kept_tell(struct policies *p, const struct store_sts_row *row)
{
	if (log_lasting_over(&p->complaints, io_loop_now_ms(p->set.loop)))
		log_notice(NULL, "MTA-STS policies are remembered again");
	if (p->set.on_kept)
		p->set.on_kept(p->set.owner, row);
}

static struct failure *failure_of(const struct policies *p, const char *domain)
{
	return &p->failures[hash_place(hash_name(HASH_START, domain), FAILURES)];
}

static const struct failure *failure_find(const struct policies *p, const char *domain)
{
	const struct failure *f = failure_of(p, domain);
	bool is_its = !strcmp(f->domain, domain) && f->until_ms > io_loop_now_ms(p->set.loop);
	return is_its ? f : NULL;
}

static void failure_note(struct policies_question *q)
{
	struct failure *f = failure_of(q->p, q->domain);
	snprintf(f->domain, sizeof(f->domain), "%s", q->domain);
	f->until_ms = io_loop_now_ms(q->p->set.loop) + RETRY_S * 1000ULL;
	f->facts = q->facts;
}

static void answer(struct policies_question *q)
{
	q->fn(q->owner, &q->facts); /* q may be gone */
}

/* The policy of before, if there is one; what is wrong with the new one is still said, for the
 * report. */
static void old_take(struct policies_question *q, bool is_unchanged)
{
	struct policy_sts_facts *f = &q->facts;
	const char *why = NULL;
	if (!q->has_row || policy_sts_parse(buf_slice(&q->row.text), &f->policy, &why))
		return;
	if (f->state == POLICY_STS_UNUSED && !is_unchanged)
		snprintf(f->why, sizeof(f->why), "the domain has no record any more");
	f->state = POLICY_STS_IN_FORCE;
	f->cached_until_s = q->row.expires_s;
	snprintf(f->id, sizeof(f->id), "%s", q->row.id);
}

static void new_keep(struct policies_question *q, struct slice text)
{
	struct store_sts *store = q->p->set.store;
	time_t now_s = time(NULL);
	struct store_sts_row row = { .fetched_s = now_s,
		                     .expires_s = now_s + q->facts.policy.max_age_s };
	if (!store || q->p->set.only_reads)
		return;
	snprintf(row.domain, sizeof(row.domain), "%s", q->domain);
	snprintf(row.id, sizeof(row.id), "%s", q->facts.id);
	int r = buf_add(&row.text, text);
	if (!r)
		r = store_sts_put(store, &row, q->is_refresh ? 0 : now_s);
	if (r)
		store_complain(q->p, "keep", r);
	else
		kept_tell(q->p, &row);
	store_sts_row_deinit(&row);
}

static void on_search(void *owner, const struct sts_result *result)
{
	struct policies_question *q = owner;
	if (q->facts.state == POLICY_STS_BROKEN) /* DNS remembers what it lost itself */
		failure_note(q);
	if (q->facts.state == POLICY_STS_IN_FORCE)
		new_keep(q, result->text);
	else
		old_take(q, result->is_unchanged);
	sts_search_free(TAKE(q->search));
	answer(q);
}

static void on_answered(struct io_later *later)
{
	answer((struct policies_question *)((char *)later -
	                                    offsetof(struct policies_question, answered)));
}

static void row_find(struct policies_question *q)
{
	struct store_sts *store = q->p->set.store;
	int r = store ? store_sts_get(store, q->domain, time(NULL), &q->row) : STORE_STS_NONE;
	q->has_row = !r;
	if (r < 0)
		store_complain(q->p, "look", r);
}

/* What failed a moment ago is not tried again, what holds meanwhile is. */
static bool failure_take(struct policies_question *q)
{
	const struct failure *f = q->is_refresh ? NULL : failure_find(q->p, q->domain);
	if (!f)
		return false;
	q->facts = f->facts;
	old_take(q, false);
	q->answered.fn = on_answered;
	io_soon_add(q->p->set.loop, &q->answered);
	return true;
}

static int question_new(struct policies_question **ret_q, struct policies *p, const char *domain,
                        bool is_refresh)
{
	struct policies_question *q = calloc(1, sizeof(*q));
	if (!q)
		return err_raise(-ENOMEM);
	q->p = p;
	q->is_refresh = is_refresh;
	snprintf(q->domain, sizeof(q->domain), "%s", domain);
	row_find(q);
	if (!failure_take(q)) {
		const struct sts_settings set = {
			.lookup = p->set.lookup,
			.fetch = p->set.fetch,
			.domain = domain,
			.known_id = q->has_row && !is_refresh ? q->row.id : NULL,
			.facts = &q->facts,
		};
		int r = sts_search_new(&q->search, &set, on_search, q);
		if (r) {
			policies_question_free(q);
			return err_up(r);
		}
	}
	*ret_q = q;
	return 0;
}

int policies_ask(struct policies_question **ret_q, struct policies *p, const char *domain,
                 policies_fn *fn, void *owner)
{
	int r = question_new(ret_q, p, domain, false);
	if (r)
		return err_up(r);
	(*ret_q)->fn = fn;
	(*ret_q)->owner = owner;
	return 0;
}

void policies_question_free(struct policies_question *q)
{
	if (!q)
		return;
	io_later_remove(q->p->set.loop, &q->answered);
	sts_search_free(q->search);
	store_sts_row_deinit(&q->row);
	free(q);
}

static void on_refreshed(void *owner, const struct policy_sts_facts *facts)
{
	struct refresh *r = owner;
	/* RFC 8461 3.3: what went away without mode "none" may be an attack, and stays in force. */
	if (facts->state == POLICY_STS_IN_FORCE && facts->report)
		log_warn(NULL, "MTA-STS policy could not be refreshed and stays in force",
		         kv_str("domain", r->question->domain), kv_str("error", facts->why));
	policies_question_free(TAKE(r->question));
}

static void refresh_begin(struct policies *p, const char *domain)
{
	struct refresh *r = p->refreshes;
	while (r < p->refreshes + REFRESHES && r->question)
		r++;
	if (r == p->refreshes + REFRESHES)
		return;
	r->p = p;
	int failed = store_sts_tried(p->set.store, domain, time(NULL));
	if (!failed)
		failed = question_new(&r->question, p, domain, true);
	if (failed) {
		store_complain(p, "refresh", failed);
		return;
	}
	r->question->fn = on_refreshed;
	r->question->owner = r;
}

static void on_tick(struct io_deadline *d)
{
	struct policies *p = (struct policies *)((char *)d - offsetof(struct policies, tick));
	CLEAN(buf_deinit) struct buf domains = {};
	time_t now_s = time(NULL);
	io_deadline_arm(p->set.loop, d, TICK_MS);
	int r = store_sts_prune(p->set.store, now_s, now_s - UNUSED_S);
	if (!r)
		r = store_sts_due(p->set.store, now_s, now_s - DAY_S, REFRESHES, &domains);
	if (r) {
		store_complain(p, "refresh", r);
		return;
	}
	struct slice rest = buf_slice(&domains);
	while (rest.len) {
		refresh_begin(p, (const char *)rest.data);
		rest = slice_skip(rest, slice_find(rest, 0) + 1);
	}
}

int policies_new(struct policies **ret_p, const struct policies_settings *set)
{
	struct policies *p = calloc(1, sizeof(*p));
	if (!p)
		return err_raise(-ENOMEM);
	p->set = *set;
	p->tick.fn = on_tick;
	p->failures = calloc(FAILURES, sizeof(*p->failures));
	if (!p->failures) {
		free(p);
		return err_raise(-ENOMEM);
	}
	if (set->store && !set->only_reads)
		io_deadline_arm(set->loop, &p->tick, TICK_MS);
	*ret_p = p;
	return 0;
}

void policies_free(struct policies *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < REFRESHES; i++)
		policies_question_free(p->refreshes[i].question);
	io_deadline_disarm(&p->tick);
	free(p->failures);
	free(p);
}
