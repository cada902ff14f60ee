#include "runner/runner.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/loop.h"
#include "proc/peer.h"
#include "proc/program.h"
#include "runner/errand.h"
#include "runner/queue.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* Ledger, or one that comes after it. */
struct asker {
	struct asker *next;
	struct runner *runner;
	struct proc_peer *peer;
};

/* A hook under way. */
struct under_way {
	struct under_way *next;
	struct runner *runner;
	struct runner_job *job;
	struct proc_program *program;
	struct buf said; /* stdout, where it is handed on */
};

struct runner {
	struct io_loop *loop;
	struct proc_peer *parent;
	struct io_signal *term;
	struct io_deadline look;
	struct io_later look_now;
	struct proc_hooks hooks;
	struct runner_queue queue; /* rate 0: the parent has not said yet what there is */
	struct asker *askers;
	struct under_way *under_way;
	struct runner_errands errands; /* of the parent's own */
	bool is_leaving;
};

#define RUNNER_OF(node, member) ((struct runner *)((char *)(node)-offsetof(struct runner, member)))

/* --- who asks --- */

/* One that is gone leaves it to its successor. */
static void answer(struct runner *r, const struct runner_job *job, enum proc_hook_end how)
{
	uint8_t payload[8 + 1];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u64(&p, job->run.number);
	proc_pack_u8(&p, (uint8_t)how);
	if (!job->asker && r->parent &&
	    proc_peer_queue(r->parent, PROC_MSG_HOOK_ENDED, proc_packed(&p)))
		log_debug(NULL, "the parent is gone");
	for (struct asker *a = r->askers; a; a = a->next)
		if (a == job->asker &&
		    proc_peer_queue(a->peer, PROC_MSG_HOOK_ENDED, proc_packed(&p)))
			log_debug(NULL, "who asked for a hook is gone");
}

/* What it printed, for who asked. */
static void said_tell(struct runner *r, const struct runner_job *job, struct slice said)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer p = proc_packer_onto(&payload);
	proc_pack_u64(&p, job->run.number);
	proc_pack_raw(&p, said);
	for (struct asker *a = r->askers; a && !p.has_failed; a = a->next)
		if (a == job->asker &&
		    proc_peer_queue(a->peer, PROC_MSG_HOOK_SAID, proc_packed(&p)))
			log_debug(NULL, "who asked for a hook is gone");
}

static void asker_free(struct asker *gone)
{
	struct runner *r = gone->runner;
	struct runner_job *job;
	struct asker **at = &r->askers;
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	while ((job = runner_queue_take(&r->queue, gone)))
		runner_job_free(job);
	proc_peer_free(gone->peer);
	free(gone);
}

static void end_if_idle(struct runner *r)
{
	if (r->is_leaving && !r->under_way && !r->errands.first)
		io_loop_stop(r->loop);
}

static void on_errands_idle(void *owner)
{
	end_if_idle(owner);
}

/* --- hooks --- */

static void look_soon(struct runner *r)
{
	io_later_add(r->loop, &r->look_now);
}

/* A check that said something went well: its exit status 1 and 2 are of the domain. */
static bool is_well(const struct under_way *u, const struct proc_program_result *result)
{
	if (u->job->run.hook != PROC_HOOK_CHECK)
		return proc_program_is_well(result);
	return buf_len(&u->said) && result->exit >= 0 && result->exit <= 2 && !result->is_late &&
	       !result->is_too_long;
}

/* What it said is one value on one line, whatever it is. */
static void end_log(const struct under_way *u, const struct proc_program_result *result)
{
	const struct runner_job *job = u->job;
	struct slice says = slice_trim(result->output);
	while (says.len && (says.data[says.len - 1] == '\n' || says.data[says.len - 1] == '\r'))
		says.len--;
	const struct log_field fields[] = {
		kv_str("hook", proc_hook_name(job->run.hook)),
		kv_str("user", job->run.whom),
		kv_int("exit", result->exit),
		kv_int("signal", result->signal),
		kv_bool("late", result->is_late),
		kv_ms("seconds", result->duration_ms),
		kv_slice("says", says),
		kv_int("said_bytes", (int64_t)result->output_total),
		{ .key = NULL },
	};
	if (is_well(u, result))
		log_write(LOG_LEVEL_NOTICE, NULL, "hook ended", fields);
	else
		log_write(LOG_LEVEL_WARN, NULL, "hook failed", fields);
}

static void under_way_free(struct under_way *u)
{
	struct under_way **at = &u->runner->under_way;
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	runner_queue_ended(&u->runner->queue);
	proc_program_free(u->program);
	buf_deinit(&u->said);
	runner_job_free(u->job);
	free(u);
}

static void on_program_end(void *owner, struct proc_program *program,
                           const struct proc_program_result *result)
{
	struct under_way *u = owner;
	struct runner *r = u->runner;
	end_log(u, result);
	bool was_well = is_well(u, result);
	if (was_well && u->job->run.hook == PROC_HOOK_CHECK)
		said_tell(r, u->job, buf_slice(&u->said));
	answer(r, u->job, was_well ? PROC_HOOK_WELL : PROC_HOOK_FAILED);
	under_way_free(u);
	look_soon(r);
}

/* Takes job. 0 or a negative; then it is not under way. */
static int program_start(struct runner *r, struct runner_job *job)
{
	struct under_way *u = calloc(1, sizeof(*u));
	if (!u)
		return err_raise(-ENOMEM);
	*u = (struct under_way){ .next = r->under_way, .runner = r, .job = job };
	bool is_check = job->run.hook == PROC_HOOK_CHECK;
	const struct proc_program_settings set = {
		.loop = r->loop,
		.argv = r->hooks.argv[job->run.hook],
		.input = job->run.facts,
		.deadline_ms = is_check ? PROC_HOOK_CHECK_MS : r->hooks.deadline_ms,
		.out = is_check ? &u->said : NULL,
		.out_max = PROC_HOOK_SAID_MAX,
		.owner = u,
		.on_end = on_program_end,
	};
	int failed = proc_program_start(&u->program, &set);
	if (failed) {
		free(u);
		return err_up(failed);
	}
	r->under_way = u;
	return 0;
}

static void job_start(struct runner *r, struct runner_job *job)
{
	int failed = program_start(r, job);
	if (!failed)
		return;
	log_error(NULL, "hook cannot be run", kv_str("hook", proc_hook_name(job->run.hook)),
	          kv_str("error", strerror(-failed)), kv_str("where", err_origin()));
	answer(r, job, PROC_HOOK_FAILED);
	runner_queue_ended(&r->queue);
	runner_job_free(job);
}

static void look(struct runner *r)
{
	struct runner_job *job;
	uint64_t wait_ms = 0;
	while (!r->is_leaving &&
	       (job = runner_queue_next(&r->queue, io_loop_now_ms(r->loop), &wait_ms)))
		job_start(r, job);
	if (wait_ms && !r->is_leaving)
		io_deadline_arm(r->loop, &r->look, wait_ms);
	end_if_idle(r);
}

static void on_look(struct io_deadline *d)
{
	look(RUNNER_OF(d, look));
}

static void on_look_now(struct io_later *later)
{
	look(RUNNER_OF(later, look_now));
}

/* --- messages --- */

/* asker: NULL for the parent */
static int on_run(struct runner *r, struct asker *asker, struct slice payload)
{
	struct proc_hook_run run;
	if (!proc_hook_run_unpack(payload, &run) || !r->hooks.argv[run.hook][0])
		return err_raise(-EPROTO);
	if (r->is_leaving || runner_queue_add(&r->queue, asker, &run)) {
		answer(r, &(struct runner_job){ .asker = asker, .run = run }, PROC_HOOK_NO_ROOM);
		return 0;
	}
	look_soon(r);
	return 0;
}

static int on_asker_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct asker *a = owner;
	return err_up(on_run(a->runner, a, msg->payload)); /* the table lets nothing else through */
}

static void on_asker_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	asker_free(owner);
}

static int asker_add(struct runner *r, int fd)
{
	struct asker *a = calloc(1, sizeof(*a));
	if (!a) {
		close(fd);
		return err_raise(-ENOMEM);
	}
	*a = (struct asker){ .next = r->askers, .runner = r };
	r->askers = a;
	int failed = proc_peer_new(&a->peer, &(struct proc_peer_settings){
						     .loop = r->loop,
						     .fd = fd,
						     .self = PROC_ROLE_RUNNER,
						     .peer = PROC_ROLE_LEDGER,
						     .owner = a,
						     .on_message = on_asker_message,
						     .on_end = on_asker_end,
					     });
	if (failed)
		asker_free(a);
	return err_up(failed);
}

static int on_parent_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct runner *r = owner;
	if (msg->type == PROC_MSG_RUNNER_CHANNEL && r->queue.rate)
		return err_up(asker_add(r, TAKE_FD(msg->fd)));
	if (msg->type == PROC_MSG_HOOK_RUN && r->queue.rate)
		return err_up(on_run(r, NULL, msg->payload));
	if (msg->type == PROC_MSG_PROGRAM)
		return err_up(runner_errand_start(&r->errands, msg->payload, TAKE_FD(msg->fd)));
	if (msg->type != PROC_MSG_HOOKS || r->queue.rate ||
	    !proc_hooks_unpack(msg->payload, &r->hooks))
		return err_raise(-EPROTO);
	int failed = runner_queue_init(&r->queue, r->hooks.rate);
	if (!failed)
		failed = proc_peer_ready(r->parent);
	return err_up(failed);
}

/* --- the end --- */

/* What waits is for the next runner. */
static void leave(struct runner *r)
{
	struct runner_job *job;
	r->is_leaving = true;
	runner_errands_end(&r->errands); /* nobody is left whom they are for */
	while ((job = runner_queue_take(&r->queue, NULL))) {
		answer(r, job, PROC_HOOK_NO_ROOM);
		runner_job_free(job);
	}
	end_if_idle(r);
}

static void on_term(void *owner, int number)
{
	leave(owner);
}

static void on_parent_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct runner *r = owner;
	proc_peer_free(TAKE(r->parent));
	leave(r);
}

static int begin(struct runner *r, int chan_fd)
{
	int failed = io_loop_new(&r->loop);
	if (failed) {
		close(chan_fd);
		return err_up(failed);
	}
	r->look.fn = on_look;
	r->look_now.fn = on_look_now;
	r->queue.end = &r->queue.first;
	r->errands = (struct runner_errands){
		.loop = r->loop, .parent = &r->parent, .on_idle = on_errands_idle, .owner = r
	};
	failed = proc_peer_new(&r->parent, &(struct proc_peer_settings){
						   .loop = r->loop,
						   .fd = chan_fd,
						   .self = PROC_ROLE_RUNNER,
						   .peer = PROC_ROLE_PARENT,
						   .owner = r,
						   .on_message = on_parent_message,
						   .on_end = on_parent_end,
					   });
	if (!failed)
		failed = io_signal_new(&r->term, r->loop, SIGTERM, on_term, r);
	return err_up(failed);
}

/* What was answered last goes out. */
static void end(struct runner *r)
{
	while (r->under_way)
		under_way_free(r->under_way);
	runner_errands_end(&r->errands);
	for (struct asker *a = r->askers; a; a = a->next)
		(void)!proc_chan_flush(proc_peer_chan(a->peer));
	while (r->askers)
		asker_free(r->askers);
	runner_queue_deinit(&r->queue);
	proc_hooks_deinit(&r->hooks);
	proc_peer_free(r->parent);
	if (!r->loop)
		return;
	io_deadline_disarm(&r->look);
	io_later_remove(r->loop, &r->look_now);
	io_signal_free(r->term);
	io_loop_free(r->loop);
}

int runner_main(int chan_fd)
{
	struct runner r = {};
	int failed = begin(&r, chan_fd);
	if (!failed)
		failed = io_loop_run(r.loop);
	if (failed)
		log_error(NULL, "runner cannot run", kv_str("error", strerror(-failed)),
		          kv_str("where", err_origin()));
	end(&r);
	return failed ? 1 : 0;
}
