#include "check/run_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void check_run_turn(struct check_run *run)
{
	io_soon_add(run->set.loop, &run->turn);
}

void check_result_free(struct check_result *result)
{
	check_job_free((struct run_job *)result);
}

static void wish_free(struct run_wish *wish)
{
	if (wish)
		free(wish->host);
	free(wish);
}

static struct run_wish *wish_take(struct check_run *run)
{
	struct run_wish *wish = run->waiting;
	run->waiting = wish->next;
	if (!run->waiting)
		run->waiting_end = &run->waiting;
	run->waiting_count--;
	return wish;
}

static void begin_more(struct check_run *run)
{
	while (run->waiting && run->busy_count < run->set.at_once) {
		struct run_wish *wish = wish_take(run);
		struct run_job *job = check_job_new(run, wish);
		bool has_begun = job && !check_job_begin(job);
		if (job && !has_begun) {
			check_job_leave(job);
			check_job_free(job);
		}
		if (!has_begun)
			wish->fn(wish->owner, NULL);
		wish_free(wish);
	}
}

static void on_turn(struct io_later *l)
{
	struct check_run *run = (struct check_run *)((char *)l - offsetof(struct check_run, turn));
	while (run->done) {
		struct run_job *job = run->done;
		run->done = job->next;
		job->next = run->busy;
		run->busy = job;
		check_job_judge(job);
	}
	begin_more(run);
}

int check_run_new(struct check_run **ret_run, const struct check_run_settings *set)
{
	struct check_run *run = calloc(1, sizeof(*run));
	if (!run)
		return err_raise(-ENOMEM);
	run->set = *set;
	if (!run->set.at_once)
		run->set.at_once = CHECK_RUN_DOMAINS;
	run->waiting_end = &run->waiting;
	run->turn.fn = on_turn;
	*ret_run = run;
	return 0;
}

static void jobs_free(struct run_job *job)
{
	while (job) {
		struct run_job *next = job->next;
		check_job_free(job);
		job = next;
	}
}

void check_run_free(struct check_run *run)
{
	if (!run)
		return;
	io_later_remove(run->set.loop, &run->turn);
	while (run->waiting)
		wish_free(wish_take(run));
	jobs_free(run->busy);
	jobs_free(run->done);
	free(run);
}

static struct run_wish *wish_new(const char *name, check_run_fn *fn, void *owner)
{
	struct run_wish *wish = calloc(1, sizeof(*wish) + strlen(name) + 1);
	if (!wish)
		return NULL;
	wish->fn = fn;
	wish->owner = owner;
	memcpy(wish->name, name, strlen(name));
	return wish;
}

static void wish_add(struct check_run *run, struct run_wish *wish)
{
	*run->waiting_end = wish;
	run->waiting_end = &wish->next;
	run->waiting_count++;
	check_run_turn(run);
}

int check_run_domain(struct check_run *run, const char *name, check_run_fn *fn, void *owner)
{
	struct run_wish *wish = wish_new(name, fn, owner);
	if (!wish)
		return err_raise(-ENOMEM);
	wish_add(run, wish);
	return 0;
}

int check_run_host(struct check_run *run, const struct check_place *place, check_run_fn *fn,
                   void *owner)
{
	struct run_wish *wish = wish_new("", fn, owner);
	if (wish)
		wish->host = malloc(sizeof(*wish->host));
	if (!wish || !wish->host) {
		wish_free(wish);
		return err_raise(-ENOMEM);
	}
	*wish->host = *place;
	wish_add(run, wish);
	return 0;
}

static bool is_of(const struct run_job *job, const char *name)
{
	return !job->is_host && !strcmp(job->name, name);
}

static bool waiting_progress(const struct check_run *run, const char *name,
                             struct check_run_progress *ret)
{
	*ret = (struct check_run_progress){ .is_waiting = true };
	for (const struct run_wish *wish = run->waiting; wish; wish = wish->next, ret->before++)
		if (!wish->host && !strcmp(wish->name, name))
			return true;
	return false;
}

static unsigned slots_done(const struct run_job *job)
{
	unsigned done = 0;
	for (unsigned i = 0; i < job->slot_count; i++)
		done += job->slots[i].endpoint != NULL;
	return done;
}

bool check_run_progress(const struct check_run *run, const char *name,
                        struct check_run_progress *ret_progress)
{
	const struct run_job *lists[] = { run->busy, run->done };
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (const struct run_job *job = lists[i]; job; job = job->next)
			if (is_of(job, name)) {
				*ret_progress = (struct check_run_progress){
					.endpoint_count = job->slot_count, .done = slots_done(job)
				};
				return true;
			}
	return waiting_progress(run, name, ret_progress);
}

unsigned check_run_waiting(const struct check_run *run)
{
	return run->waiting_count;
}

unsigned check_run_busy(const struct check_run *run)
{
	return run->busy_count;
}
