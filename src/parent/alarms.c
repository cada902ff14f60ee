#include "parent/alarms.h"
#include "parent/dashboard.h"

#include "base/clean.h"
#include "base/log.h"
#include "parent/state.h"
#include "proc/hook.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
	TICK_MS = 5 * 1000,
	AGAIN_MS = 24 * 60 * 60 * 1000, /* it is said again that one is still there */
	LEDGER_MS = 10 * 60 * 1000,     /* the ledger is told again */
	HOOK_PAUSE_MS = 5 * 1000,       /* after the first failure; doubled each time */
	HOOK_TRIES_MAX = 8,
};

enum hook_state { HOOK_DUE, HOOK_RUNS, HOOK_DONE };

struct entry {
	struct entry *next;
	struct proc_alarm alarm;
	uint64_t number; /* of its hook */
	uint64_t said_ms, told_ms;
	enum hook_state hook;
	unsigned tries;
	uint64_t hook_due_ms;
};

struct parent_alarms {
	struct parent *parent;
	struct entry *first, **end; /* the oldest first */
	size_t count;
	uint64_t numbers;
	bool was_full;
	struct io_deadline tick;
};

static uint64_t now_ms_of(const struct parent_alarms *l)
{
	return io_loop_now_ms(l->parent->loop);
}

/* --- whom it is told --- */

static void say(const struct entry *e, const char *event)
{
	const struct proc_alarm *a = &e->alarm;
	log_error(NULL, event, kv_str("alarm", proc_alarm_name(a->kind)),
	          kv_str("subject", a->subject), kv_str("reason", a->text),
	          kv_int("since", a->since_s), kv_str("mend", a->mend));
}

static void ledger_tell(struct parent_alarms *l, struct entry *e)
{
	uint8_t room[PROC_ALARM_PACKED_MAX];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	e->told_ms = now_ms_of(l);
	proc_alarm_pack(&p, &e->alarm);
	if (!p.has_failed)
		parent_send(&l->parent->ledger, PROC_MSG_ALARM, proc_packed(&p), -1);
}

static void hook_run(struct parent_alarms *l, struct entry *e)
{
	CLEAN(buf_deinit) struct buf facts = {}, payload = {};
	struct proc_packer p = proc_packer_onto(&payload);
	struct proc_hook_run run = { .number = e->number, .hook = PROC_HOOK_ALARM };
	const struct parent_child *runner = &l->parent->runner;
	if (!runner->is_ready || runner->is_replaced || proc_alarm_facts(&facts, &e->alarm))
		return; /* at the next tick, or by its successor */
	slice_to_text(slice_str(e->alarm.subject), run.whom, sizeof(run.whom));
	run.facts = buf_slice(&facts);
	proc_hook_run_pack(&p, &run);
	if (p.has_failed)
		return;
	e->hook = HOOK_RUNS;
	parent_send(&l->parent->runner, PROC_MSG_HOOK_RUN, proc_packed(&p), -1);
}

static bool has_hook(const struct parent_alarms *l)
{
	return l->parent->plan && l->parent->plan->settings->alarm_hook_count;
}

static void hooks_look(struct parent_alarms *l)
{
	if (!has_hook(l))
		return;
	for (struct entry *e = l->first; e; e = e->next)
		if (e->hook == HOOK_DUE && e->hook_due_ms <= now_ms_of(l))
			hook_run(l, e);
}

static void on_tick(struct io_deadline *d)
{
	struct parent_alarms *l =
		(struct parent_alarms *)((char *)d - offsetof(struct parent_alarms, tick));
	uint64_t now_ms = now_ms_of(l);
	for (struct entry *e = l->first; e; e = e->next) {
		if (now_ms - e->said_ms >= AGAIN_MS) {
			e->said_ms = now_ms;
			say(e, "alarm is still there");
		}
		if (now_ms - e->told_ms >= LEDGER_MS)
			ledger_tell(l, e);
	}
	hooks_look(l);
	io_deadline_arm(l->parent->loop, d, TICK_MS);
}

/* --- the list --- */

/* NULL: there is no memory. */
static struct parent_alarms *list_of(struct parent *p)
{
	if (p->alarms)
		return p->alarms;
	struct parent_alarms *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->parent = p;
	l->end = &l->first;
	l->tick.fn = on_tick;
	io_deadline_arm(p->loop, &l->tick, TICK_MS);
	p->alarms = l;
	return l;
}

/* Where its pointer is; *found is NULL: there is none. */
static struct entry **find(struct parent_alarms *l, enum proc_alarm_kind kind, const char *subject)
{
	char shown[PROC_ALARM_SUBJECT_CAP]; /* as it was kept */
	struct entry **at = &l->first;
	slice_to_text(slice_str(subject), shown, sizeof(shown));
	while (*at && ((*at)->alarm.kind != kind || strcmp((*at)->alarm.subject, shown) != 0))
		at = &(*at)->next;
	return at;
}

static void text_set(struct proc_alarm *a, const struct parent_alarm_news *news)
{
	slice_to_text(slice_str(news->text), a->text, sizeof(a->text));
	slice_to_text(slice_str(news->mend ?: proc_alarm_mend(news->kind)), a->mend,
	              sizeof(a->mend));
}

/* NULL: there is no room. */
static struct entry *entry_add(struct parent_alarms *l, const struct parent_alarm_news *news)
{
	struct entry *e = l->count < PARENT_ALARMS_MAX ? calloc(1, sizeof(*e)) : NULL;
	if (!e && !l->was_full)
		log_error(NULL, "more alarms than can be kept, one is not",
		          kv_str("alarm", proc_alarm_name(news->kind)),
		          kv_str("subject", news->subject));
	l->was_full = l->was_full || !e;
	if (!e)
		return NULL;
	*e = (struct entry){ .alarm = { .kind = news->kind, .since_s = time(NULL) },
		             .number = ++l->numbers,
		             .said_ms = now_ms_of(l) };
	slice_to_text(slice_str(news->subject), e->alarm.subject, sizeof(e->alarm.subject));
	text_set(&e->alarm, news);
	*l->end = e;
	l->end = &e->next;
	l->count++;
	return e;
}

void parent_alarm_raise(struct parent *p, const struct parent_alarm_news *news)
{
	struct parent_alarms *l = list_of(p);
	struct entry *e = l ? *find(l, news->kind, news->subject) : NULL;
	if (e) {
		text_set(&e->alarm, news);
		return;
	}
	e = l ? entry_add(l, news) : NULL;
	if (!e)
		return;
	say(e, "alarm");
	ledger_tell(l, e);
	hooks_look(l);
	parent_dashboard_state(p);
}

static void entry_clear(struct parent_alarms *l, struct entry **at)
{
	struct entry *e = *at;
	log_notice(NULL, "alarm is over", kv_str("alarm", proc_alarm_name(e->alarm.kind)),
	           kv_str("subject", e->alarm.subject), kv_int("since", e->alarm.since_s));
	e->alarm.is_cleared = true;
	ledger_tell(l, e);
	*at = e->next;
	if (l->end == &e->next)
		l->end = at;
	l->count--;
	l->was_full = false;
	free(e);
	parent_dashboard_state(l->parent);
}

void parent_alarm_clear(struct parent *p, enum proc_alarm_kind kind, const char *subject)
{
	struct entry **at = p->alarms ? find(p->alarms, kind, subject) : NULL;
	if (at && *at)
		entry_clear(p->alarms, at);
}

void parent_alarms_forget(struct parent *p, enum proc_alarm_kind kind,
                          bool (*is_known)(void *owner, const char *subject), void *owner)
{
	struct entry **at = p->alarms ? &p->alarms->first : NULL;
	while (at && *at) {
		if ((*at)->alarm.kind == kind && !is_known(owner, (*at)->alarm.subject))
			entry_clear(p->alarms, at);
		else
			at = &(*at)->next;
	}
}

bool parent_alarm_is_raised(const struct parent *p, enum proc_alarm_kind kind, const char *subject)
{
	return p->alarms && *find(p->alarms, kind, subject);
}

void parent_alarms_tell_ledger(struct parent *p)
{
	for (struct entry *e = p->alarms ? p->alarms->first : NULL; e; e = e->next)
		ledger_tell(p->alarms, e);
}

/* --- hooks --- */

void parent_alarms_hooks_begin(struct parent *p)
{
	if (!p->alarms)
		return;
	/* What the one before had under way may have run or not. */
	for (struct entry *e = p->alarms->first; e; e = e->next)
		if (e->hook == HOOK_RUNS)
			e->hook = HOOK_DUE;
	hooks_look(p->alarms);
}

static void hook_failed(struct parent_alarms *l, struct entry *e)
{
	e->hook = HOOK_DUE;
	e->hook_due_ms = now_ms_of(l) + ((uint64_t)HOOK_PAUSE_MS << e->tries);
	if (++e->tries < HOOK_TRIES_MAX)
		return;
	e->hook = HOOK_DONE;
	log_error(NULL, "hook is given up", kv_str("hook", proc_hook_name(PROC_HOOK_ALARM)),
	          kv_str("subject", e->alarm.subject), kv_int("tries", e->tries),
	          kv_str("mend", "see \"hook failed\" in the log"));
}

void parent_alarms_hook_ended(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint64_t number;
	uint8_t how;
	if (!p->alarms || !proc_unpack_u64(&u, &number) || !proc_unpack_u8(&u, &how))
		return;
	struct entry *e = p->alarms->first;
	while (e && (e->number != number || e->hook != HOOK_RUNS))
		e = e->next;
	if (!e) /* it is over meanwhile */
		return;
	if (how == PROC_HOOK_WELL)
		e->hook = HOOK_DONE;
	else if (how == PROC_HOOK_NO_ROOM)
		e->hook = HOOK_DUE; /* at the next tick */
	else
		hook_failed(p->alarms, e);
}

/* --- */

json_t *parent_alarms_json(const struct parent *p)
{
	json_t *list = json_array();
	for (const struct entry *e = p->alarms ? p->alarms->first : NULL; e; e = e->next) {
		const struct proc_alarm *a = &e->alarm;
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s, s:s}", "kind",
		                                      proc_alarm_name(a->kind), "subject",
		                                      a->subject, "since", (json_int_t)a->since_s,
		                                      "text", a->text, "mend", a->mend));
	}
	return list;
}

void parent_alarms_free(struct parent *p)
{
	struct parent_alarms *l = TAKE(p->alarms);
	if (!l)
		return;
	io_deadline_disarm(&l->tick);
	for (struct entry *e = l->first, *next; e; e = next) {
		next = e->next;
		free(e);
	}
	free(l);
}
