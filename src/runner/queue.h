/*
 * Which run begins when: so many at a time, so many begun in any minute, the others in line, of a
 * bounded length. Pure.
 */
#ifndef RUNNER_QUEUE_H
#define RUNNER_QUEUE_H

#include "base/buf.h"
#include "proc/hook.h"

enum {
	RUNNER_AT_ONCE = 4,
	RUNNER_QUEUE_MAX = 64,
	RUNNER_MINUTE_MS = 60 * 1000,
};

struct runner_job {
	struct runner_job *next;
	const void *asker; /* compared alone */
	struct proc_hook_run run;
	struct buf facts; /* that run.facts points to */
};
void runner_job_free(struct runner_job *job);

struct runner_queue {
	struct runner_job *first, **end;
	size_t count, running;
	unsigned rate;
	uint64_t *begun_ms; /* of the last so many runs, in a ring */
	size_t begun_next, begun_count;
};

/* rate: runs begun in any minute. 0 or -ENOMEM. */
[[nodiscard]] int runner_queue_init(struct runner_queue *q, unsigned rate);
/* All zero is fine. */
void runner_queue_deinit(struct runner_queue *q);

/* Copies the facts. 0, RUNNER_QUEUE_FULL or -ENOMEM. */
enum { RUNNER_QUEUE_FULL = 1 };
[[nodiscard]] int runner_queue_add(struct runner_queue *q, const void *asker,
                                   const struct proc_hook_run *run);

/*
 * The one to begin now, which is the caller's and counts as running; NULL: none. Then
 * *ret_wait_ms says when to ask again, 0: when one ends or is added.
 */
struct runner_job *runner_queue_next(struct runner_queue *q, uint64_t now_ms,
                                     uint64_t *ret_wait_ms);
/* One that runs has ended. */
void runner_queue_ended(struct runner_queue *q);

/* The first that waits for this asker (NULL: for anybody), taken out; NULL: there is none. */
struct runner_job *runner_queue_take(struct runner_queue *q, const void *asker);

#endif
