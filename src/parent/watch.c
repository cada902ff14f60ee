/* Processes that watch: one for each interface of the settings. */
#include "parent/watch.h"
#include "parent/children.h"
#include "parent/ctl.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "watch/verdict.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
	AGAIN_MS = 5 * 1000, /* after one that could not capture */
	RESTART_MS = 1000,   /* after one that died */
};

static struct parent_watch *watch_of(struct parent_child *c)
{
	return (struct parent_watch *)c;
}

/* --- one of them --- */

static void on_again(struct io_deadline *d);

static void watch_start(struct parent_watch *w)
{
	struct parent *p = w->child.parent;
	int r = parent_child_start(&w->child, p->plan->settings->user);
	if (r) {
		log_error(NULL, "process cannot be started",
		          kv_str("interface", w->child.interface), kv_str("where", err_origin()));
		io_deadline_arm(p->loop, &w->child.restart, AGAIN_MS);
		return;
	}
	parent_introduce(&p->ledger, &w->child);
	parent_send(&w->child, PROC_MSG_CONFIG, slice_str(p->plan->settings->text), -1);
}

static void on_again(struct io_deadline *d)
{
	struct parent_child *c =
		(struct parent_child *)((char *)d - offsetof(struct parent_child, restart));
	if (!c->pid)
		watch_start(watch_of(c));
}

static void watch_free(struct parent_watch *w)
{
	io_deadline_disarm(&w->child.restart);
	parent_child_detach(&w->child);
	free(w);
}

/* Nobody wants it: it ends, or is nobody already. */
static void watch_leave(struct parent_watch **at)
{
	struct parent_watch *w = *at;
	w->is_unwanted = true;
	if (w->child.pid) {
		kill(w->child.pid, SIGTERM);
		return;
	}
	*at = w->next;
	watch_free(w);
}

void parent_watch_began(struct parent_child *c)
{
	struct parent_watch *w = watch_of(c);
	w->why[0] = w->told[0] = '\0';
}

/* Once for each reason: it is tried again every few seconds. */
static void failed_tell(struct parent_watch *w)
{
	if (!strcmp(w->why, w->told))
		return;
	memcpy(w->told, w->why, sizeof(w->told));
	log_error(NULL, "cannot watch, tried again until it can be",
	          kv_str("interface", w->child.interface), kv_str("reason", w->why));
}

void parent_watch_message(struct parent_child *c, const struct proc_msg *msg)
{
	struct parent_watch *w = watch_of(c);
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	if (msg->type == PROC_MSG_WATCH_FAILED) {
		slice_to_text(msg->payload, w->why, sizeof(w->why));
		failed_tell(w);
		return;
	}
	for (size_t i = 0; i < PROC_WATCH_NUMBER_COUNT && u.rest.len; i++)
		if (!proc_unpack_u64(&u, &w->numbers[i]))
			return;
	c->is_asked = false;
	parent_ctl_status_came(c->parent);
}

/* What it said last may still be unread. */
static void last_words_read(struct parent_child *c)
{
	struct proc_msg msg;
	if (!c->chan)
		return;
	(void)!proc_chan_read(c->chan);
	while (!proc_chan_next(c->chan, &msg))
		if (msg.type == PROC_MSG_WATCH_FAILED)
			parent_watch_message(c, &msg);
}

static void died_tell(struct parent_watch *w, int status)
{
	char name[PARENT_CHILD_NAME_CAP];
	struct parent *p = w->child.parent;
	parent_child_name(&w->child, name);
	log_error(NULL, "process died and is started again", kv_str("name", name),
	          kv_int("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
	          kv_int("exit", WIFEXITED(status) ? WEXITSTATUS(status) : 0),
	          kv_ms("lived", io_loop_now_ms(p->loop) - w->child.started_ms));
	p->deaths[PROC_ROLE_WATCH]++;
}

static void watch_ended(struct parent_watch **at, int status)
{
	struct parent_watch *w = *at;
	struct parent *p = w->child.parent;
	last_words_read(&w->child);
	parent_child_detach(&w->child);
	w->child.pid = 0;
	w->child.is_asked = false;
	memset(w->numbers, 0, sizeof(w->numbers));
	if (w->is_unwanted) {
		*at = w->next;
		watch_free(w);
	} else if (!p->is_draining) {
		bool is_known = w->why[0] && WIFEXITED(status) && !WEXITSTATUS(status);
		if (!is_known)
			died_tell(w, status);
		io_deadline_arm(p->loop, &w->child.restart, is_known ? AGAIN_MS : RESTART_MS);
	}
	parent_ctl_status_came(p);
}

bool parent_watch_reaped(struct parent *p, pid_t pid, int status)
{
	for (struct parent_watch **at = &p->watches; *at; at = &(*at)->next)
		if ((*at)->child.pid == pid) {
			watch_ended(at, status);
			return true;
		}
	return false;
}

/* --- all of them --- */

static bool is_wanted(const struct conf_watch *set, const char *interface)
{
	for (size_t i = 0; i < set->interface_count; i++)
		if (!strcmp(set->interfaces[i], interface))
			return true;
	return false;
}

static bool is_there(const struct parent *p, const char *interface)
{
	for (const struct parent_watch *w = p->watches; w; w = w->next)
		if (!w->is_unwanted && !strcmp(w->child.interface, interface))
			return true;
	return false;
}

static void watch_add(struct parent *p, const char *interface)
{
	struct parent_watch *w = calloc(1, sizeof(*w));
	if (!w) {
		log_error(NULL, "no memory to watch", kv_str("interface", interface));
		return;
	}
	w->next = p->watches;
	p->watches = w;
	w->child.role = PROC_ROLE_WATCH;
	w->child.parent = p;
	w->child.restart.fn = on_again;
	snprintf(w->child.interface, sizeof(w->child.interface), "%s", interface);
	watch_start(w);
}

void parent_watches_adjust(struct parent *p)
{
	const struct conf_settings *s = p->plan->settings;
	for (struct parent_watch **at = &p->watches, *w; (w = *at);) {
		if (!w->is_unwanted && !is_wanted(&s->watch, w->child.interface))
			watch_leave(at);
		else if (!w->is_unwanted)
			parent_send(&w->child, PROC_MSG_CONFIG, slice_str(s->text), -1);
		if (*at == w)
			at = &w->next;
	}
	for (size_t i = 0; i < s->watch.interface_count; i++)
		if (!is_there(p, s->watch.interfaces[i]))
			watch_add(p, s->watch.interfaces[i]);
}

void parent_watches_introduce(struct parent *p)
{
	for (struct parent_watch *w = p->watches; w; w = w->next)
		parent_introduce(&p->ledger, &w->child);
}

void parent_watches_ask(struct parent *p)
{
	uint8_t id[4] = {};
	for (struct parent_watch *w = p->watches; w; w = w->next) {
		w->child.is_asked = w->child.is_ready;
		if (w->child.is_ready)
			parent_send(&w->child, PROC_MSG_STATUS_ASK, slice_of(id, sizeof(id)), -1);
	}
}

bool parent_watches_are_asked(const struct parent *p)
{
	for (const struct parent_watch *w = p->watches; w; w = w->next)
		if (w->child.chan && w->child.is_asked)
			return true;
	return false;
}

bool parent_watches_have(const struct parent *p, pid_t pid)
{
	for (const struct parent_watch *w = p->watches; w; w = w->next)
		if (w->child.pid == pid)
			return true;
	return false;
}

void parent_watches_end(struct parent *p)
{
	for (struct parent_watch *w = p->watches; w; w = w->next) {
		io_deadline_disarm(&w->child.restart);
		if (w->child.pid)
			kill(w->child.pid, SIGTERM);
	}
}

void parent_watches_free(struct parent *p)
{
	while (p->watches) {
		struct parent_watch *w = TAKE(p->watches);
		p->watches = w->next;
		watch_free(w);
	}
}

uint64_t parent_watches_sum(const struct parent *p, enum proc_watch_number number)
{
	uint64_t sum = 0;
	for (const struct parent_watch *w = p->watches; w; w = w->next)
		sum += w->numbers[number];
	return sum;
}

static json_t *services_json(const struct parent_watch *w)
{
	json_t *json = json_object();
	for (int i = 0; i < WATCH_VERDICT_COUNT; i++)
		json_object_set_new(json, watch_verdict_name((enum watch_verdict)i),
		                    json_integer((json_int_t)w->numbers[PROC_WATCH_SERVICES + i]));
	return json;
}

static json_t *watch_json(const struct parent_watch *w)
{
	static const struct {
		const char *name;
		enum proc_watch_number number;
	} numbers[] = {
		{ "packets", PROC_WATCH_PACKETS },   { "drops", PROC_WATCH_DROPS },
		{ "flows", PROC_WATCH_FLOWS },       { "flows_forgotten", PROC_WATCH_FORGOTTEN },
		{ "sessions", PROC_WATCH_SESSIONS }, { "passwords", PROC_WATCH_PASSWORDS },
	};
	json_t *json =
		json_pack("{s:s, s:i, s:b, s:s}", "interface", w->child.interface, "pid",
	                  (int)w->child.pid, "watching", w->child.is_ready, "reason", w->why);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		json_object_set_new(json, numbers[i].name,
		                    json_integer((json_int_t)w->numbers[numbers[i].number]));
	json_object_set_new(json, "services", services_json(w));
	return json;
}

json_t *parent_watches_json(const struct parent *p)
{
	json_t *list = json_array();
	for (const struct parent_watch *w = p->watches; w; w = w->next)
		if (!w->is_unwanted)
			json_array_append_new(list, watch_json(w));
	return list;
}
