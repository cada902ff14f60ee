/* What the parent has to do with the ledger: its numbers for the status, its part at the end. */
#include "parent/ledger.h"
#include "parent/acme.h"
#include "parent/acme_state.h"
#include "parent/children.h"
#include "parent/ctl.h"
#include "parent/state.h"
#include "parent/watch.h"

#include "base/log.h"
#include "proc/hook.h"

#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

enum { END_MS = 10 * 1000 }; /* for its last commit */

void parent_ledger_status_came(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	for (size_t i = 0; i < PROC_LEDGER_NUMBER_COUNT && u.rest.len; i++)
		if (!proc_unpack_u64(&u, &p->ledger_numbers[i]))
			return;
	p->ledger.is_asked = false;
	parent_ctl_status_came(p);
}

void parent_cluster_status_came(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	bool was_reached = p->cluster_numbers[PROC_CLUSTER_IS_REACHED];
	for (size_t i = 0; i < PROC_CLUSTER_NUMBER_COUNT && u.rest.len; i++)
		if (!proc_unpack_u64(&u, &p->cluster_numbers[i]))
			return;
	if (!was_reached && p->cluster_numbers[PROC_CLUSTER_IS_REACHED])
		parent_acme_share_reached(p);
}

json_t *parent_cluster_json(const struct parent *p)
{
	const uint64_t *n = p->cluster_numbers;
	return json_pack(
		"{s:b, s:I, s:I, s:I}", "reached", p->ledger.pid && n[PROC_CLUSTER_IS_REACHED],
		"since", (json_int_t)n[PROC_CLUSTER_SINCE_S], "waiting",
		(json_int_t)n[PROC_CLUSTER_WAITING], "nodes", (json_int_t)n[PROC_CLUSTER_NODES]);
}

void parent_ledger_ask(struct parent *p)
{
	uint8_t id[4] = {};
	if (!p->ledger.is_ready)
		return;
	p->ledger.is_asked = true;
	parent_send(&p->ledger, PROC_MSG_STATUS_ASK, slice_of(id, sizeof(id)), -1);
}

void parent_ledger_wanted(struct parent_child *worker)
{
	worker->wants_ledger = true;
	parent_introduce(&worker->parent->ledger, worker);
}

json_t *parent_ledger_json(const struct parent *p)
{
	const uint64_t *n = p->ledger_numbers;
	uint64_t waiting = parent_watches_sum(p, PROC_WATCH_WAITING);
	uint64_t lost = n[PROC_LEDGER_LOST] + parent_watches_sum(p, PROC_WATCH_LOST);
	for (unsigned i = 0; i < p->worker_count; i++) {
		if (!p->workers[i])
			continue;
		waiting += p->workers[i]->numbers[PROC_WORKER_LEDGER_WAITING];
		lost += p->workers[i]->numbers[PROC_WORKER_LEDGER_LOST];
	}
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "open",
	                 p->ledger.pid && n[PROC_LEDGER_IS_OPEN], "rows",
	                 (json_int_t)n[PROC_LEDGER_ROWS], "bytes", (json_int_t)n[PROC_LEDGER_BYTES],
	                 "written", (json_int_t)n[PROC_LEDGER_COMMITTED_S], "waiting",
	                 (json_int_t)waiting, "lost", (json_int_t)lost, "hooks_waiting",
	                 (json_int_t)n[PROC_LEDGER_HOOKS]);
}

enum { CHECK_WORD_CAP = 512, SERVERS_MAX = 8 }; /* of --forward, and of --stub */
typedef char check_word[CHECK_WORD_CAP];

__attribute__((format(printf, 3, 4))) static void word_add(check_word *words, char **argv,
                                                           const char *format, ...)
{
	va_list list;
	size_t at = 0;
	while (argv[at])
		at++;
	va_start(list, format);
	vsnprintf(words[at], CHECK_WORD_CAP, format, list);
	va_end(list);
	argv[at] = words[at];
}

/* This binary itself, with all that it is to know: it may not be able to read our file. The domain
 * comes on its stdin. */
static void check_words(const struct conf_settings *s, check_word *words, char **argv)
{
	const struct conf_resolver *resolver = &s->resolver;
	if (!s->check.is_set)
		return;
	word_add(words, argv, "/proc/self/exe");
	word_add(words, argv, "check");
	word_add(words, argv, "--config=");
	word_add(words, argv, "--mine");
	word_add(words, argv, "--json");
	word_add(words, argv, "--list=-");
	word_add(words, argv, "--ehlo=%s", s->hostname);
	word_add(words, argv, "--profile=%s", conf_check_profile_name(s->check.profile));
	if (resolver->trust_anchor)
		word_add(words, argv, "--trust-anchor=%s", resolver->trust_anchor);
	if (resolver->ca_file)
		word_add(words, argv, "--ca-file=%s", resolver->ca_file);
	for (size_t i = 0; i < resolver->forward_count && i < SERVERS_MAX; i++)
		word_add(words, argv, "--forward=%s", resolver->forwards[i].address);
	for (size_t i = 0; i < resolver->stub_count && i < SERVERS_MAX; i++)
		word_add(words, argv, "--stub=%s=%s", resolver->stubs[i].zone,
		         resolver->stubs[i].address);
}

bool parent_hooks_pack(const struct conf_settings *settings, struct buf *ret_payload)
{
	check_word words[PROC_HOOK_ARGS_MAX];
	const struct conf_ledger *l = &settings->ledger;
	struct proc_packer p = proc_packer_onto(ret_payload);
	struct proc_hooks hooks = { .rate = l->hook_rate, .deadline_ms = l->hook_timeout_ms };
	for (size_t i = 0; i < l->exposure_hook_count && i < PROC_HOOK_ARGS_MAX; i++)
		hooks.argv[PROC_HOOK_EXPOSURE][i] = l->exposure_hook[i];
	for (size_t i = 0; i < settings->alarm_hook_count && i < PROC_HOOK_ARGS_MAX; i++)
		hooks.argv[PROC_HOOK_ALARM][i] = settings->alarm_hook[i];
	check_words(settings, words, hooks.argv[PROC_HOOK_CHECK]);
	proc_hooks_pack(&p, &hooks);
	return !p.has_failed;
}

static void on_late(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, ledger_late));
	log_error(NULL, "the ledger does not end", kv_int("pid", p->ledger.pid));
	kill(p->ledger.pid, SIGKILL);
	io_loop_stop(p->loop);
}

/* It ends by itself when nobody is left; so what workers told it last is kept. */
void parent_ledger_end(struct parent *p)
{
	if (!p->ledger.pid) {
		io_loop_stop(p->loop);
		return;
	}
	if (io_deadline_is_armed(&p->ledger_late))
		return;
	parent_acme_share_release(p); /* an order that is cut off: another node may begin */
	parent_child_detach(&p->ledger);
	p->ledger_late.fn = on_late;
	io_deadline_arm(p->loop, &p->ledger_late, END_MS);
}
