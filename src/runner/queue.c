#include "runner/queue.h"

#include "base/clean.h"
#include "base/err.h"

#include <assert.h>
#include <errno.h>

void runner_job_free(struct runner_job *job)
{
	if (!job)
		return;
	buf_deinit(&job->facts);
	free(job);
}

int runner_queue_init(struct runner_queue *q, unsigned rate)
{
	*q = (struct runner_queue){ .rate = rate };
	q->end = &q->first;
	q->begun_ms = calloc(rate, sizeof(*q->begun_ms));
	return q->begun_ms ? 0 : err_raise(-ENOMEM);
}

void runner_queue_deinit(struct runner_queue *q)
{
	while (q->first)
		runner_job_free(runner_queue_take(q, NULL));
	free(q->begun_ms);
	*q = (struct runner_queue){};
}

int runner_queue_add(struct runner_queue *q, const void *asker, const struct proc_hook_run *run)
{
	if (q->count == RUNNER_QUEUE_MAX)
		return RUNNER_QUEUE_FULL;
	struct runner_job *job = calloc(1, sizeof(*job));
	if (!job)
		return err_raise(-ENOMEM);
	*job = (struct runner_job){ .asker = asker, .run = *run };
	if (buf_add(&job->facts, run->facts)) {
		runner_job_free(job);
		return err_raise(-ENOMEM);
	}
	job->run.facts = buf_slice(&job->facts);
	*q->end = job;
	q->end = &job->next;
	q->count++;
	return 0;
}

struct runner_job *runner_queue_take(struct runner_queue *q, const void *asker)
{
	struct runner_job **at = &q->first;
	while (*at && asker && (*at)->asker != asker)
		at = &(*at)->next;
	struct runner_job *job = *at;
	if (!job)
		return NULL;
	*at = job->next;
	if (!*at)
		q->end = at;
	job->next = NULL;
	q->count--;
	return job;
}

/* 0: the rate lets one begin now. */
static uint64_t rate_wait_ms(const struct runner_queue *q, uint64_t now_ms)
{
	if (q->begun_count < q->rate)
		return 0;
	uint64_t free_ms = q->begun_ms[q->begun_next] + RUNNER_MINUTE_MS; /* the oldest */
	return free_ms > now_ms ? free_ms - now_ms : 0;
}

struct runner_job *runner_queue_next(struct runner_queue *q, uint64_t now_ms, uint64_t *ret_wait_ms)
{
	*ret_wait_ms = 0;
	if (!q->first || q->running == RUNNER_AT_ONCE)
		return NULL;
	*ret_wait_ms = rate_wait_ms(q, now_ms);
	if (*ret_wait_ms)
		return NULL;
	q->begun_ms[q->begun_next] = now_ms;
	q->begun_next = (q->begun_next + 1) % q->rate;
	q->begun_count += q->begun_count < q->rate;
	q->running++;
	return runner_queue_take(q, NULL);
}

void runner_queue_ended(struct runner_queue *q)
{
	assert(q->running);
	q->running--;
}
