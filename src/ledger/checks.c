#include "ledger/checks.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/settings.h"
#include "io/loop.h"
#include "report/checked.h"
#include "store/checks.h"
#include "store/store.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

struct own {
	char domain[256];
	uint64_t not_before_ms; /* the last try failed here */
};

struct checks {
	struct io_loop *loop;
	struct hooks *hooks;
	uint32_t every_s;
	struct own *owns;
	size_t own_count;
	char *path;
	struct store_checks *store; /* NULL: it could not be opened yet */
	struct io_deadline look;
	uint64_t numbers;
	struct own *under_way; /* or NULL */
	bool is_told;          /* of that: what it said was taken */
};

int64_t checks_due_s(int64_t last_s, uint32_t every_s, int64_t now_s)
{
	/* A clock that was set back is no reason to wait for years. */
	return last_s <= 0 || last_s > now_s + every_s ? now_s : last_s + every_s;
}

/* --- what it said --- */

static int on_before(void *owner, const struct store_check *check)
{
	return err_up(buf_add((struct buf *)owner, check->findings));
}

struct worse {
	const char *domain;
	unsigned said;
};

static void on_worse(void *owner, const struct report_checked_finding *f)
{
	struct worse *w = owner;
	if (w->said++ >= CHECKS_SAID_MAX)
		return;
	log_warn(NULL, "a domain of ours got worse", kv_str("domain", w->domain),
	         kv_str("criterion", f->id), kv_str("title", f->title), kv_str("place", f->place),
	         kv_str("verdict", f->verdict), kv_str("evidence", f->evidence));
}

static int checked_write(struct checks *c, const struct report_checked *now, unsigned worse)
{
	const struct store_check row = {
		.domain = now->domain,
		.profile = now->profile,
		.why = now->why,
		.overall = now->overall,
		.between = now->between,
		.users = now->users,
		.at_s = now->at_s,
		.is_partial = now->is_partial,
		.critical = now->critical,
		.fail = now->fail,
		.warn = now->warn,
		.not_tested = now->not_tested,
		.worse = worse,
		.findings = buf_slice(&now->findings),
	};
	return err_up(store_checks_add(c->store, &row, time(NULL)));
}

static int checked_take(struct checks *c, const struct report_checked *now)
{
	CLEAN(buf_deinit) struct buf before = {};
	struct worse worse = { .domain = now->domain };
	int r = store_checks_read(c->store, now->domain, 1, on_before, &before);
	if (r)
		return err_up(r);
	unsigned count = report_checked_worse(buf_slice(&before), buf_slice(&now->findings),
	                                      on_worse, &worse);
	r = checked_write(c, now, count);
	if (r)
		return err_up(r);
	log_notice(NULL, "a domain of ours was looked at", kv_str("domain", now->domain),
	           kv_str("letter", now->overall), kv_int("critical", now->critical),
	           kv_int("fail", now->fail), kv_int("warn", now->warn),
	           kv_int("not_tested", now->not_tested), kv_int("worse", count));
	return 0;
}

static void on_said(void *owner, uint64_t number, struct slice said)
{
	struct checks *c = owner;
	struct report_checked now;
	(void)number;
	if (!c->under_way || !c->store)
		return;
	int r = report_checked_read(&now, said);
	if (r > 0 || (!r && strcmp(now.domain, c->under_way->domain) != 0)) {
		log_error(NULL, "what a look at a domain of ours said is no result",
		          kv_str("domain", c->under_way->domain));
	} else if (!r) {
		r = checked_take(c, &now);
		c->is_told = !r;
	}
	if (r < 0)
		log_error(NULL, "a look at a domain of ours cannot be kept",
		          kv_str("domain", c->under_way->domain), kv_str("where", err_origin()));
	if (!r)
		report_checked_deinit(&now);
}

static void on_ended(void *owner, uint64_t number, enum proc_hook_end how)
{
	struct checks *c = owner;
	(void)number;
	if (!c->under_way)
		return;
	if (!c->is_told && how != PROC_HOOK_NO_ROOM) /* runner said why */
		c->under_way->not_before_ms = io_loop_now_ms(c->loop) + CHECKS_AGAIN_MS;
	c->under_way = NULL;
}

/* --- what is due --- */

static int on_last(void *owner, const struct store_check *check)
{
	*(int64_t *)owner = check->at_s;
	return 0;
}

static bool is_due(const struct checks *c, const struct own *own)
{
	int64_t last_s = 0, now_s = time(NULL);
	if (io_loop_now_ms(c->loop) < own->not_before_ms)
		return false;
	if (store_checks_read(c->store, own->domain, 1, on_last, &last_s))
		return false;
	return checks_due_s(last_s, c->every_s, now_s) <= now_s;
}

static void own_begin(struct checks *c, struct own *own)
{
	char facts[sizeof(own->domain) + 1];
	struct proc_hook_run run = { .number = HOOKS_OTHERS + ++c->numbers,
		                     .hook = PROC_HOOK_CHECK };
	snprintf(run.whom, sizeof(run.whom), "%s", own->domain);
	snprintf(facts, sizeof(facts), "%s\n", own->domain);
	run.facts = slice_str(facts);
	int r = hooks_others_run(c->hooks, &run);
	if (r < 0)
		log_error(NULL, "a look at a domain of ours cannot be asked for",
		          kv_str("domain", own->domain), kv_str("where", err_origin()));
	if (r)
		return;
	c->under_way = own;
	c->is_told = false;
}

static void file_open(struct checks *c)
{
	struct store_opened how = {};
	if (store_checks_open(&c->store, c->path, &how)) {
		log_error(NULL, "the file of own domains cannot be opened", kv_str("path", c->path),
		          kv_str("where", err_origin()));
		return;
	}
	if (how.was_bad)
		log_warn(NULL, "the file of own domains was bad, and is begun anew",
		         kv_str("path", c->path), kv_str("reason", how.why));
}

static void on_look(struct io_deadline *d)
{
	struct checks *c = (struct checks *)((char *)d - offsetof(struct checks, look));
	if (!c->store)
		file_open(c);
	io_deadline_arm(c->loop, d, c->store ? CHECKS_LOOK_MS : CHECKS_AGAIN_MS);
	for (size_t i = 0; c->store && !c->under_way && i < c->own_count; i++)
		if (is_due(c, &c->owns[i]))
			own_begin(c, &c->owns[i]);
}

/* --- life --- */

static void checks_freep(struct checks **c)
{
	checks_free(*c);
}

static void owns_fill(struct checks *c, const struct conf_check *conf)
{
	for (; c->own_count < conf->domain_count; c->own_count++) {
		struct own *own = &c->owns[c->own_count];
		snprintf(own->domain, sizeof(own->domain), "%s", conf->domains[c->own_count]);
		for (char *at = own->domain; *at; at++)
			*at = (char)tolower((unsigned char)*at);
	}
}

int checks_new(struct checks **ret_c, struct io_loop *loop, struct hooks *hooks,
               const struct conf_check *conf, const char *path)
{
	CLEAN(checks_freep) struct checks *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	c->loop = loop;
	c->hooks = hooks;
	c->every_s = conf->every_s;
	c->path = strdup(path);
	c->owns = calloc(conf->domain_count, sizeof(*c->owns));
	if (!c->path || !c->owns)
		return err_raise(-ENOMEM);
	owns_fill(c, conf);
	file_open(c);
	c->look.fn = on_look;
	io_deadline_arm(loop, &c->look, CHECKS_LOOK_MS);
	hooks_others_set(hooks, &(struct hooks_others){ c, on_said, on_ended });
	*ret_c = TAKE(c);
	return 0;
}

void checks_free(struct checks *c)
{
	if (!c)
		return;
	io_deadline_disarm(&c->look);
	store_checks_close(c->store);
	free(c->owns);
	free(c->path);
	free(c);
}
