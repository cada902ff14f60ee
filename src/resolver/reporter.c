#include "resolver/reporter.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "policy/tlsrpt_due.h"
#include "resolver/reporter_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	JOBS_MAX = 16,
	TURN_MS = 15 * 1000,
	TELL_MS = 2000,
	SOON_MS = 20,      /* there is more to do, and others have to do with the loop */
	LEASE_S = 30 * 60, /* longer than any try takes */
};

/* A day that is being planned. */
struct planning {
	bool is_on, is_hurried;
	int64_t day, first_s;
	char last[256];
};

struct reporter {
	struct reporter_settings set;
	struct io_deadline turn, tell;
	struct planning planning;
	struct reporter_job *jobs;
	unsigned count;
	struct reporter_numbers numbers;
	struct log_calm calm;
};

const struct reporter_settings *reporter_set(const struct reporter *r)
{
	return &r->set;
}

static void soon(struct reporter *r)
{
	io_deadline_arm(r->set.loop, &r->turn, SOON_MS);
}

static void store_failed(const char *what)
{
	log_error(NULL, "TLS reports cannot be kept track of", kv_str("what", what),
	          kv_str("where", err_origin()));
}

static void on_tell(struct io_deadline *d)
{
	struct reporter *r = (struct reporter *)((char *)d - offsetof(struct reporter, tell));
	uint64_t counts[STORE_TLSRPT_STATE_COUNT];
	io_deadline_arm(r->set.loop, d, TELL_MS);
	if (store_tlsrpt_states(r->set.store, counts))
		return;
	const struct reporter_numbers now = { .waiting = counts[STORE_TLSRPT_WAITING],
		                              .sent = counts[STORE_TLSRPT_SENT],
		                              .given_up = counts[STORE_TLSRPT_GIVEN_UP] };
	if (!memcmp(&now, &r->numbers, sizeof(now)))
		return;
	r->numbers = now;
	r->set.on_numbers(r->set.owner, &now);
}

/* --- days --- */

/* Yesterday, once it may be. */
static void day_look(struct reporter *r)
{
	struct planning *p = &r->planning;
	bool is_planned = false;
	int64_t day, first_s;
	if (p->is_on || !policy_tlsrpt_day(time(NULL), &day, &first_s))
		return;
	if (store_tlsrpt_day_is_planned(r->set.store, day, &is_planned))
		store_failed("the day");
	else if (!is_planned)
		*p = (struct planning){ .is_on = true, .day = day, .first_s = first_s };
}

static void plan_step(struct reporter *r)
{
	struct planning *p = &r->planning;
	const struct store_tlsrpt_plan plan = {
		.day = p->day,
		.first_s = p->first_s,
		.spread_s = p->is_hurried ? 1 : POLICY_TLSRPT_SPREAD_S,
		.after = p->last,
	};
	bool is_more = false;
	if (!p->is_on)
		return;
	int result = store_tlsrpt_plan(r->set.store, &plan, p->last, &is_more);
	p->is_on = is_more && !result;
	if (!result && !is_more)
		result = store_tlsrpt_day_planned(r->set.store, p->day);
	if (result)
		store_failed("the plan of a day");
}

void reporter_hurry(struct reporter *r, int64_t day)
{
	int64_t now_s = time(NULL), today = store_tlsrpt_day(now_s);
	if (day >= today || day <= today - STORE_TLSRPT_DAYS)
		return;
	log_notice(NULL, "TLS reports of a day are sent now", kv_int("days_ago", today - day));
	if (store_tlsrpt_hurry(r->set.store, day, now_s))
		store_failed("a day that is to go now");
	r->planning = (struct planning){
		.is_on = true, .is_hurried = true, .day = day, .first_s = now_s
	};
	soon(r);
}

/* --- jobs --- */

static void job_free(struct reporter_job *job)
{
	struct reporter_job **at = &job->reporter->jobs;
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job->reporter->count--;
	reporter_job_deinit(job);
	free(job);
}

static void failure_say(struct reporter_job *job, const char *why, bool is_last)
{
	struct reporter *r = job->reporter;
	uint64_t unsaid;
	if (!log_calm(&r->calm, io_loop_now_ms(r->set.loop), &unsaid))
		return;
	log_warn(NULL, is_last ? "TLS report given up" : "TLS report not sent, tried again later",
	         kv_str("domain", job->domain), kv_str("to", job->uri), kv_str("reason", why),
	         kv_int("tries", job->tries), kv_int("unsaid", (int64_t)unsaid));
}

static int failure_keep(struct reporter_job *job, bool is_final, const char *why)
{
	int64_t now_s = time(NULL), due_s = 0;
	bool is_again = !is_final && policy_tlsrpt_again(job->begun_s, job->tries, now_s, &due_s);
	failure_say(job, why, !is_again);
	return store_tlsrpt_end(
		job->reporter->set.store, job->id,
		&(struct store_tlsrpt_end){ .state = is_again ? STORE_TLSRPT_WAITING
	                                                      : STORE_TLSRPT_GIVEN_UP,
	                                    .due_s = due_s,
	                                    .now_s = now_s,
	                                    .why = why });
}

void reporter_job_over(struct reporter_job *job, enum reporter_end end, const char *why)
{
	struct reporter *r = job->reporter;
	int result = 0;
	switch (end) {
	case REPORTER_SENT:
		log_notice(NULL, "TLS report sent", kv_str("domain", job->domain),
		           kv_str("to", job->uri), kv_int("tries", job->tries));
		result = store_tlsrpt_end(r->set.store, job->id,
		                          &(struct store_tlsrpt_end){ .state = STORE_TLSRPT_SENT,
		                                                      .now_s = time(NULL),
		                                                      .why = "" });
		break;
	case REPORTER_DROPPED:
		result = store_tlsrpt_drop(r->set.store, job->id);
		break;
	case REPORTER_FAILED:
	case REPORTER_REFUSED:
		result = failure_keep(job, end == REPORTER_REFUSED, why);
		break;
	}
	if (result)
		store_failed("the end of a report");
	job_free(job);
	soon(r);
}

static void on_due(void *owner, const struct store_tlsrpt_report *report)
{
	struct reporter *r = owner;
	struct reporter_job *job = calloc(1, sizeof(*job));
	if (!job)
		return;
	*job = (struct reporter_job){ .next = r->jobs,
		                      .reporter = r,
		                      .id = report->id,
		                      .day = report->day,
		                      .begun_s = report->begun_s ? report->begun_s : time(NULL),
		                      .tries = report->tries + 1 };
	snprintf(job->domain, sizeof(job->domain), "%s", report->domain);
	snprintf(job->uri, sizeof(job->uri), "%s", report->uri);
	r->jobs = job;
	r->count++;
}

static struct reporter_job *new_one(struct reporter *r)
{
	struct reporter_job *job = r->jobs;
	while (job && job->is_begun)
		job = job->next;
	return job;
}

static void due_take(struct reporter *r)
{
	struct reporter_job *job;
	int64_t now_s = time(NULL);
	if (r->count >= JOBS_MAX)
		return;
	if (store_tlsrpt_due(r->set.store, now_s, JOBS_MAX - r->count, on_due, r))
		store_failed("those that are due");
	while ((job = new_one(r))) {
		job->is_begun = true;
		if (store_tlsrpt_try(r->set.store, job->id, now_s, now_s + LEASE_S)) {
			store_failed("a try");
			job_free(job);
			continue;
		}
		reporter_job_begin(job); /* it may be gone */
	}
}

static void on_turn(struct io_deadline *d)
{
	struct reporter *r = (struct reporter *)((char *)d - offsetof(struct reporter, turn));
	io_deadline_arm(r->set.loop, d, TURN_MS);
	day_look(r);
	plan_step(r);
	due_take(r);
	if (r->planning.is_on)
		soon(r);
}

int reporter_new(struct reporter **ret_r, const struct reporter_settings *set)
{
	struct reporter *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->set = *set;
	r->turn.fn = on_turn;
	r->tell.fn = on_tell;
	io_deadline_arm(set->loop, &r->tell, SOON_MS);
	soon(r);
	*ret_r = r;
	return 0;
}

void reporter_free(struct reporter *r)
{
	if (!r)
		return;
	io_deadline_disarm(&r->turn);
	io_deadline_disarm(&r->tell);
	while (r->jobs)
		job_free(r->jobs);
	free(r);
}
