#include "ledger/hooks.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_lasting.h"
#include "io/loop.h"
#include "proc/hook.h"
#include "proc/peer.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

struct runner {
	struct runner *next;
	struct hooks *hooks;
	struct proc_peer *peer;
	bool has_no_room; /* until the next look that is due by time */
};

/* One that runner has, or whose end is not in the file yet. */
struct slot {
	bool is_taken, has_ended;
	enum proc_hook_end how; /* once it has */
	uint64_t number;
	const struct runner *runner;
	struct store_ledger_hook hook;
};

struct hooks {
	struct io_loop *loop;
	struct keeper *keeper;
	struct runner *runners; /* the last that came is first */
	struct slot slots[HOOKS_AT_ONCE];
	struct store_ledger_hook due[2 * HOOKS_AT_ONCE]; /* that is being looked at */
	uint64_t numbers;
	uint64_t say_next_ms;
	struct log_lasting unwritten; /* how some ended */
	struct io_deadline look;
	struct hooks_others others;
	uint64_t other; /* the number of the one that runner has; 0: none */
	const struct runner *other_runner;
};

uint32_t hooks_pause_s(unsigned failed)
{
	if (failed >= HOOKS_TRIES_MAX)
		return 0;
	uint32_t pause_s = HOOKS_PAUSE_S;
	for (unsigned i = 1; i < failed && pause_s < HOOKS_PAUSE_MAX_S; i++)
		pause_s *= 2;
	return pause_s < HOOKS_PAUSE_MAX_S ? pause_s : HOOKS_PAUSE_MAX_S;
}

/* --- how it ended --- */

static int failure_write(struct hooks *h, const struct slot *s)
{
	struct store_ledger *store = keeper_store(h->keeper);
	unsigned failed = s->hook.tries + 1;
	uint32_t pause_s = hooks_pause_s(failed);
	if (pause_s)
		return err_up(store_ledger_hook_failed(store, &s->hook, time(NULL) + pause_s));
	log_error(NULL, "hook is given up", kv_str("hook", proc_hook_name(PROC_HOOK_EXPOSURE)),
	          kv_str("user", s->hook.exposure.user), kv_int("tries", failed),
	          kv_str("mend", "see \"hook failed\" in the log; then: mailseal report exposures "
	                         "--hook"));
	return err_up(store_ledger_hook_done(store, &s->hook));
}

static void end_unwritten(struct hooks *h, int r)
{
	uint64_t unsaid;
	if (log_lasting(&h->unwritten, io_loop_now_ms(h->loop), &unsaid))
		log_error(NULL, "how a hook ended cannot be written", kv_int("errno", -r),
		          kv_str("where", err_origin()), kv_int("unsaid", (int64_t)unsaid));
}

/* One that cannot be written stays, so that it is not run again and again meanwhile. */
static void end_write(struct hooks *h, struct slot *s)
{
	struct store_ledger *store = keeper_store(h->keeper);
	if (!store)
		return;
	int r = s->how == PROC_HOOK_WELL ? store_ledger_hook_done(store, &s->hook)
	                                 : failure_write(h, s);
	if (r) {
		end_unwritten(h, r);
		return;
	}
	if (log_lasting_over(&h->unwritten, io_loop_now_ms(h->loop)))
		log_notice(NULL, "how a hook ended is written again");
	*s = (struct slot){};
}

static void on_hook_ended(struct hooks *h, const struct runner *from, uint64_t number,
                          enum proc_hook_end how)
{
	for (size_t i = 0; i < COUNT_OF(h->slots); i++) {
		struct slot *s = &h->slots[i];
		if (!s->is_taken || s->has_ended || s->runner != from || s->number != number)
			continue;
		if (how == PROC_HOOK_NO_ROOM) {
			*s = (struct slot){}; /* it is due as before */
			return;
		}
		s->has_ended = true;
		s->how = how;
		end_write(h, s);
		return;
	}
}

/* --- what is due --- */

static bool is_with_runner(const struct hooks *h, const struct store_ledger_hook *hook)
{
	for (size_t i = 0; i < COUNT_OF(h->slots); i++)
		if (h->slots[i].is_taken && store_ledger_hook_is_same(&h->slots[i].hook, hook))
			return true;
	return false;
}

static struct slot *slot_free(struct hooks *h)
{
	for (size_t i = 0; i < COUNT_OF(h->slots); i++)
		if (!h->slots[i].is_taken)
			return &h->slots[i];
	return NULL;
}

/* With its texts, to which it points itself. */
static void hook_copy(struct store_ledger_hook *to, const struct store_ledger_hook *from)
{
	*to = *from;
	to->exposure.user = to->texts[0];
	to->exposure.protocol = to->texts[1];
	to->exposure.edge = to->texts[2];
	to->exposure.address = to->texts[3];
	to->exposure.mechanism = to->texts[4];
}

static int run_send(struct hooks *h, const struct proc_hook_run *run)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer p = proc_packer_onto(&payload);
	proc_hook_run_pack(&p, run);
	if (p.has_failed)
		return err_raise(-ENOMEM);
	return err_up(proc_peer_queue(h->runners->peer, PROC_MSG_HOOK_RUN, proc_packed(&p)));
}

static int hook_send(struct hooks *h, struct slot *s)
{
	CLEAN(buf_deinit) struct buf facts = {};
	struct proc_hook_run run = { .number = s->number, .hook = PROC_HOOK_EXPOSURE };
	int r = proc_hook_exposure_facts(&facts, &s->hook.exposure, s->hook.is_known);
	if (r)
		return err_up(r);
	snprintf(run.whom, sizeof(run.whom), "%s", s->hook.exposure.user);
	run.facts = buf_slice(&facts);
	return err_up(run_send(h, &run));
}

/* False: not now. */
static bool hook_hand(struct hooks *h, struct slot *s, const struct store_ledger_hook *hook)
{
	*s = (struct slot){ .is_taken = true, .number = ++h->numbers, .runner = h->runners };
	hook_copy(&s->hook, hook);
	int r = hook_send(h, s);
	if (!r)
		return true;
	*s = (struct slot){};
	log_error(NULL, "hook cannot be asked for", kv_int("errno", -r),
	          kv_str("where", err_origin()));
	return false;
}

/* They are in the file, and none is lost. */
static void waiting_say(struct hooks *h)
{
	uint64_t waiting = 0, now_ms = io_loop_now_ms(h->loop);
	if (now_ms < h->say_next_ms ||
	    store_ledger_hooks_waiting(keeper_store(h->keeper), &waiting))
		return;
	h->say_next_ms = now_ms + HOOKS_SAY_MS;
	log_warn(NULL, "hooks wait for their turn", kv_int("waiting", (int64_t)waiting),
	         kv_str("mend", "raise ledger.hook_rate, if these are no inventions of strangers"));
}

static void due_hand(struct hooks *h)
{
	size_t count, at = 0;
	struct slot *s;
	int r = store_ledger_hooks_due(keeper_store(h->keeper), time(NULL), COUNT_OF(h->due),
	                               h->due, &count);
	if (r) {
		log_error(NULL, "hooks that are due cannot be read", kv_int("errno", -r),
		          kv_str("where", err_origin()));
		return;
	}
	for (; at < count; at++) {
		if (is_with_runner(h, &h->due[at]))
			continue;
		s = slot_free(h);
		if (!s || !hook_hand(h, s, &h->due[at]))
			break;
	}
	if (at < count)
		waiting_say(h);
}

void hooks_look(struct hooks *h)
{
	if (!keeper_store(h->keeper) || !h->runners || h->runners->has_no_room)
		return;
	if (slot_free(h))
		due_hand(h);
}

static void on_look(struct io_deadline *d)
{
	struct hooks *h = (struct hooks *)((char *)d - offsetof(struct hooks, look));
	for (size_t i = 0; i < COUNT_OF(h->slots); i++)
		if (h->slots[i].has_ended)
			end_write(h, &h->slots[i]);
	for (struct runner *r = h->runners; r; r = r->next)
		r->has_no_room = false;
	io_deadline_arm(h->loop, d, HOOKS_LOOK_MS);
	hooks_look(h);
}

/* --- others --- */

void hooks_others_set(struct hooks *h, const struct hooks_others *others)
{
	h->others = *others;
}

int hooks_others_run(struct hooks *h, const struct proc_hook_run *run)
{
	if (!h->runners || h->other)
		return HOOKS_NO_RUNNER;
	int r = run_send(h, run);
	if (r)
		return err_up(r);
	h->other = run->number;
	h->other_runner = h->runners;
	return 0;
}

static void other_end(struct hooks *h, enum proc_hook_end how)
{
	uint64_t number = h->other;
	h->other = 0;
	h->other_runner = NULL;
	h->others.on_ended(h->others.owner, number, how);
}

/* --- runners --- */

static void runner_free(struct runner *gone)
{
	struct hooks *h = gone->hooks;
	struct runner **at = &h->runners;
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	/* What it had is for another, as if it had not begun. */
	for (size_t i = 0; i < COUNT_OF(h->slots); i++)
		if (h->slots[i].runner == gone && !h->slots[i].has_ended)
			h->slots[i] = (struct slot){};
	if (h->other && h->other_runner == gone)
		other_end(h, PROC_HOOK_NO_ROOM);
	proc_peer_free(gone->peer);
	free(gone);
}

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct runner *r = owner;
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint64_t number;
	uint8_t how;
	if (!proc_unpack_u64(&u, &number))
		return err_raise(-EPROTO);
	bool is_other = number == r->hooks->other && r == r->hooks->other_runner;
	if (msg->type == PROC_MSG_HOOK_SAID) {
		if (is_other)
			r->hooks->others.on_said(r->hooks->others.owner, number,
			                         slice_skip(msg->payload, sizeof(number)));
		return 0;
	}
	/* The table lets nothing else through. */
	if (!proc_unpack_u8(&u, &how) || how > PROC_HOOK_NO_ROOM)
		return err_raise(-EPROTO);
	if (is_other) {
		other_end(r->hooks, (enum proc_hook_end)how);
		return 0;
	}
	r->has_no_room |= how == PROC_HOOK_NO_ROOM;
	on_hook_ended(r->hooks, r, number, (enum proc_hook_end)how);
	hooks_look(r->hooks);
	return 0;
}

static void on_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct runner *r = owner;
	struct hooks *h = r->hooks;
	runner_free(r);
	hooks_look(h);
}

int hooks_runner_add(struct hooks *h, int fd)
{
	struct runner *r = calloc(1, sizeof(*r));
	if (!r) {
		close(fd);
		return err_raise(-ENOMEM);
	}
	*r = (struct runner){ .next = h->runners, .hooks = h };
	h->runners = r;
	int failed = proc_peer_new(&r->peer, &(struct proc_peer_settings){
						     .loop = h->loop,
						     .fd = fd,
						     .self = PROC_ROLE_LEDGER,
						     .peer = PROC_ROLE_RUNNER,
						     .owner = r,
						     .on_message = on_message,
						     .on_end = on_end,
					     });
	if (failed)
		runner_free(r);
	else
		hooks_look(h);
	return err_up(failed);
}

int hooks_new(struct hooks **ret_h, struct io_loop *loop, struct keeper *keeper)
{
	struct hooks *h = calloc(1, sizeof(*h));
	if (!h)
		return err_raise(-ENOMEM);
	*h = (struct hooks){ .loop = loop, .keeper = keeper };
	h->look.fn = on_look;
	io_deadline_arm(loop, &h->look, HOOKS_LOOK_MS);
	*ret_h = h;
	return 0;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	io_deadline_disarm(&h->look);
	while (h->runners)
		runner_free(h->runners);
	free(h);
}
