#include "parent/rollover.h"
#include "parent/ctl.h"

#include "base/clean.h"
#include "base/log.h"
#include "parent/acme_state.h"
#include "parent/guard.h"
#include "parent/places.h"
#include "parent/rollover_files.h"
#include "parent/rollover_state.h"
#include "parent/state.h"
#include "proc/everywhere.h"
#include "tls/label.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ANSWER_MAX_S = 300,      /* witness had no room for the question, or died */
	ORDER_AGAIN_S = 3600,    /* after an order that failed */
	REQUEST_NAMES_MAX = 100, /* of a certificate: as many as a public CA takes */
	PATH_CAP = 512,
};

const struct conf_certificate *parent_rollover_certificate(const struct parent *p,
                                                           const struct parent_rollover *r,
                                                           size_t *ret_number)
{
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	for (size_t i = 0; s && i < s->certificate_count; i++) {
		if (strcmp(s->certificates[i].name, r->name) != 0)
			continue;
		if (ret_number)
			*ret_number = i;
		return &s->certificates[i];
	}
	return NULL;
}

static struct parent_rollover *rollover_named(const struct parent *p, const char *name)
{
	struct parent_rollover *r = p->rollovers;
	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

/* --- what is known of it, kept --- */

static int keep(struct parent *p, const struct parent_rollover *r)
{
	const struct conf_certificate *c = parent_rollover_certificate(p, r, NULL);
	int e = c ? parent_rollover_file_write(p->plan->settings, c, &r->r) : -ENOENT;
	if (e)
		log_error(NULL, "where a rollover is cannot be kept",
		          kv_str("certificate", r->name), kv_str("error", strerror(-e)));
	return e;
}

static void state_log(const struct parent_rollover *r)
{
	static const char *const mends[] = {
		[ROLLOVER_NONE] = "",
		[ROLLOVER_PLANNED] = "publish the records that mailseal tlsa show prints",
		[ROLLOVER_SEEN] = "nothing: two of their TTLs have to pass",
		[ROLLOVER_RIPE] =
			("the new pair (key next.pem, certificate of next.csr) may be put "
		         "in place now; an ordered certificate does so by itself"),
		[ROLLOVER_SWITCHED] = "leave the old key's records for two TTLs",
		[ROLLOVER_OVER] = "the old key's TLSA records may go",
	};
	_Static_assert(COUNT_OF(mends) == ROLLOVER_STATE_COUNT);
	log_notice(NULL, "rollover of a key", kv_str("certificate", r->name),
	           kv_str("state", rollover_state_name(r->r.state)), kv_str("why", r->r.why),
	           kv_str("mend", mends[r->r.state]));
}

static void damaged_log(const struct parent *p, const struct conf_certificate *c)
{
	char path[PATH_CAP];
	conf_certificate_file_path(p->plan->settings, c, CONF_ROLLOVER_FILE, path, sizeof(path));
	log_error(NULL, "a rollover cannot go on, its file is damaged", kv_str("file", path),
	          kv_str("mend", "mailseal tlsa abort takes the plan back, then plan anew"));
}

/* Of a certificate that is new here. False: no memory. */
static bool rollover_add(struct parent *p, const struct conf_certificate *c)
{
	struct parent_rollover *r = calloc(1, sizeof(*r));
	if (!r || !(r->name = strdup(c->name))) {
		free(r);
		return false;
	}
	int e = parent_rollover_file_read(p->plan->settings, c, &r->r);
	r->is_damaged = e != 0;
	if (e)
		damaged_log(p, c);
	r->next = p->rollovers;
	p->rollovers = r;
	return true;
}

static void rollover_free(struct parent_rollover *r)
{
	free(r->name);
	free(r);
}

/* Its files stay: it goes on if the certificate comes back. */
static void gone_free(struct parent *p)
{
	for (struct parent_rollover **at = &p->rollovers; *at;) {
		struct parent_rollover *r = *at;
		if (parent_rollover_certificate(p, r, NULL)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		rollover_free(r);
	}
}

/* --- asking --- */

static bool is_waiting(const struct parent_rollover *r)
{
	return r->r.state == ROLLOVER_PLANNED || r->r.state == ROLLOVER_SEEN ||
	       r->r.state == ROLLOVER_RIPE || r->r.state == ROLLOVER_SWITCHED;
}

static void see(struct parent *p, struct parent_rollover *r, const struct rollover_sight *sight);

static void ask(struct parent *p, struct parent_rollover *r)
{
	CLEAN(buf_deinit) struct buf payload = {};
	CLEAN(freep) struct places *places = calloc(1, sizeof(*places));
	CLEAN(freep) struct proc_everywhere_question *q = calloc(1, sizeof(*q));
	struct proc_packer packer = proc_packer_onto(&payload);
	size_t number;
	if (!places || !q || !parent_rollover_certificate(p, r, &number) ||
	    !parent_guard_places(p->plan, number, places))
		return;
	if (places->is_cut) {
		see(p, r,
		    &(struct rollover_sight){ .why = "it is shown at more than 64 hosts and "
		                                     "ports, which are not asked for" });
		return;
	}
	q->number = r->number = ++p->rollover_numbers;
	r->asked_s = time(NULL);
	memcpy(q->spki, r->r.next, sizeof(q->spki));
	q->count = places->count;
	memcpy(q->places, places->list, sizeof(q->places));
	proc_everywhere_question_pack(&packer, q);
	if (!packer.has_failed)
		parent_send(&p->witness, PROC_MSG_EVERYWHERE_ASK, proc_packed(&packer), -1);
}

static void on_tick(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, rollover_tick));
	bool is_any = false;
	for (struct parent_rollover *r = p->rollovers; r && p->plan; r = r->next) {
		if (r->is_damaged || !is_waiting(r))
			continue;
		is_any = true;
		if (p->witness.is_ready && !p->is_draining &&
		    (!r->number || time(NULL) - r->asked_s > ANSWER_MAX_S))
			ask(p, r);
	}
	if (is_any && p->plan->settings->witness_every_ms)
		io_deadline_arm(p->loop, d, p->plan->settings->witness_every_ms);
}

static void ask_soon(struct parent *p)
{
	p->rollover_tick.fn = on_tick;
	io_deadline_arm(p->loop, &p->rollover_tick, 0);
}

/* --- putting it in force --- */

/* An order of its current key that is under way would come between. */
static bool is_ordering(const struct parent *p, const char *name)
{
	return p->acme->step != PARENT_ORDER_NONE && !strcmp(p->acme->name, name);
}

static void order(struct parent *p, struct parent_rollover *r)
{
	int64_t now_s = time(NULL);
	if (p->acme->step != PARENT_ORDER_NONE ||
	    (r->ordered_s && now_s - r->ordered_s < ORDER_AGAIN_S))
		return;
	const char *against = parent_acme_order(p, r->name, PARENT_ORDER_NEXT);
	r->ordered_s = now_s;
	if (against)
		log_error(NULL, "the next key's certificate cannot be ordered",
		          kv_str("certificate", r->name), kv_str("reason", against));
}

/* Once in force, parent_rollover_in_force() finds the next key there. */
static void put_in_force(struct parent *p, struct parent_rollover *r)
{
	const struct conf_settings *s = p->plan->settings;
	size_t number;
	const struct conf_certificate *c = parent_rollover_certificate(p, r, &number);
	if (!c || p->next || p->is_draining)
		return;
	if (!c->acme) { /* the operator's files; they may have waited for this */
		if (p->plan->certificates[number].is_held_by_plan)
			parent_plan_again(p);
		return;
	}
	if (is_ordering(p, r->name))
		return;
	if (!parent_rollover_is_issued(s, c, r->r.next)) {
		order(p, r);
		return;
	}
	int e = parent_rollover_files_switch(s, c);
	if (e)
		log_error(NULL, "the next key cannot be put in place",
		          kv_str("certificate", r->name), kv_str("error", strerror(-e)));
	else
		parent_plan_watch_files(p);
}

static void see(struct parent *p, struct parent_rollover *r, const struct rollover_sight *sight)
{
	const struct conf_certificate *c = parent_rollover_certificate(p, r, NULL);
	if (rollover_see(&r->r, sight, time(NULL)))
		state_log(r);
	if (keep(p, r) || !c)
		return; /* what a restart would forget is not built on */
	if (r->r.state == ROLLOVER_RIPE)
		put_in_force(p, r);
	if (r->r.state == ROLLOVER_OVER)
		parent_rollover_previous_remove(p->plan->settings, c);
}

void parent_rollover_said(struct parent *p, struct slice payload)
{
	struct proc_everywhere_answer answer = {};
	if (!proc_everywhere_answer_unpack(payload, &answer))
		return;
	struct parent_rollover *r = p->rollovers;
	while (r && (!r->number || r->number != answer.number))
		r = r->next;
	if (!r || !is_waiting(r))
		return;
	r->number = 0;
	see(p, r,
	    &(struct rollover_sight){ .is_everywhere = answer.is_everywhere,
	                              .ttl_s = answer.ttl_s,
	                              .why = answer.why });
}

void parent_rollover_in_force(struct parent *p)
{
	const struct conf_settings *s = p->plan->settings;
	gone_free(p);
	for (size_t i = 0; i < s->certificate_count; i++) {
		struct parent_rollover *r = rollover_named(p, s->certificates[i].name);
		if (!r && !rollover_add(p, &s->certificates[i])) {
			log_error(NULL, "no memory for a rollover",
			          kv_str("certificate", s->certificates[i].name));
			continue;
		}
		r = r ? r : p->rollovers;
		bool is_early = r->r.state == ROLLOVER_PLANNED || r->r.state == ROLLOVER_SEEN;
		if (r->is_damaged ||
		    !rollover_serve(&r->r, p->plan->certificates[i].key_digest, time(NULL)))
			continue;
		if (is_early)
			log_error(NULL, "a planned key is in force before its time",
			          kv_str("certificate", r->name),
			          kv_str("mend", "publish its TLSA record now"));
		state_log(r);
		keep(p, r);
	}
	ask_soon(p);
}

bool parent_rollover_allows(const struct parent *p, const uint8_t *spki)
{
	for (const struct parent_rollover *r = p->rollovers; r; r = r->next)
		if (!r->is_damaged && !rollover_allows(&r->r, spki))
			return false;
	return true;
}

/* --- the control socket --- */

static struct parent_rollover *planning_find(const struct parent *p, uint64_t request)
{
	struct parent_rollover *r = p->rollovers;
	while (r && !(r->is_planning && r->request == request))
		r = r->next;
	return r;
}

static const char *planned_keep(struct parent *p, struct parent_rollover *r,
                                const struct parent_request_made *made)
{
	size_t number;
	const struct conf_certificate *c = parent_rollover_certificate(p, r, &number);
	if (!made->is_well)
		return "keys cannot make it, the log says why";
	if (!c)
		return "the certificate is not in the configuration any more";
	int e = parent_rollover_key_keep(p->plan->settings, c, made->request);
	if (e)
		return strerror(-e);
	if (!rollover_plan(&r->r, p->plan->certificates[number].key_digest, made->digest,
	                   time(NULL)))
		return "a plan is under way already";
	if (!keep(p, r))
		return NULL;
	r->r = (struct rollover){};
	parent_rollover_files_remove(p->plan->settings, c);
	return "its state cannot be written, see the log";
}

static void on_made(struct parent *p, uint64_t owner, const struct parent_request_made *made)
{
	struct parent_rollover *r = planning_find(p, owner);
	if (!r)
		return;
	r->is_planning = false;
	const char *against = planned_keep(p, r, made);
	if (!against)
		state_log(r);
	if (!against)
		ask_soon(p);
	parent_ctl_planned(p, (uint32_t)owner, against);
}

static const char *plan_against(const struct parent *p, const struct parent_rollover *r,
                                const struct conf_certificate *c)
{
	if (!r || !c)
		return "there is no certificate of that name in the configuration";
	if (r->is_damaged)
		return "its file \"rollover\" is damaged: mailseal tlsa abort NAME, then plan anew";
	if (r->is_planning || is_waiting(r))
		return "a plan is under way already: mailseal tlsa status";
	if (!conf_needs_witness(p->plan->settings))
		return "witness_every is 0: nobody would ask DNS";
	return NULL;
}

/* As the current one, for the names of its certificate. 0 or a negative. */
static int key_ask(struct parent *p, const struct conf_certificate *c, struct slice chain,
                   const char *path, uint32_t request)
{
	struct tls_label label = {};
	char *names[REQUEST_NAMES_MAX], *rest;
	size_t count = 0;
	int r = tls_label_read(&label, chain) ? -EINVAL : 0;
	bool is_rsa = c->acme ? c->key_type == CONF_KEY_RSA2048 : !strncmp(label.key, "RSA", 3);
	for (char *name = r ? NULL : strtok_r(label.names, ",", &rest);
	     name && count < REQUEST_NAMES_MAX; name = strtok_r(NULL, ",", &rest))
		names[count++] = name;
	if (!r)
		r = parent_request_ask(
			p, &(struct parent_request){ .key_path = path,
		                                     .key = is_rsa ? PROC_REQUEST_KEY_RSA2048
		                                                   : PROC_REQUEST_KEY_P256,
		                                     .names = c->acme ? c->names : names,
		                                     .name_count = c->acme ? c->name_count : count,
		                                     .on_made = on_made,
		                                     .owner = request });
	tls_label_deinit(&label);
	return r;
}

const char *parent_rollover_plan(struct parent *p, const char *name, uint32_t request)
{
	char path[PATH_CAP];
	size_t number;
	struct parent_rollover *r = p->plan ? rollover_named(p, name) : NULL;
	const struct conf_certificate *c = r ? parent_rollover_certificate(p, r, &number) : NULL;
	const char *against = plan_against(p, r, c);
	if (against)
		return against;
	int e = parent_rollover_key_prepare(p->plan->settings, c, path, sizeof(path));
	if (e == PARENT_ROLLOVER_IN_USE)
		return "next.pem of the plan before is the key in use: keep it elsewhere, and name "
		       "that file in the configuration";
	if (!e)
		e = key_ask(p, c, buf_slice(&p->plan->certificates[number].chain), path, request);
	if (e)
		return strerror(-e);
	r->r = (struct rollover){};
	r->is_planning = true;
	r->request = request;
	return NULL;
}

const char *parent_rollover_abort(struct parent *p, const char *name)
{
	struct parent_rollover *r = p->plan ? rollover_named(p, name) : NULL;
	size_t number;
	const struct conf_certificate *c = r ? parent_rollover_certificate(p, r, &number) : NULL;
	if (!c)
		return "there is no certificate of that name in the configuration";
	if (r->r.state == ROLLOVER_SWITCHED && !r->is_damaged)
		return "the next key is in force: plan another when this one is over";
	if (!rollover_abort(&r->r) && !r->is_damaged)
		return "nothing is planned";
	r->is_damaged = false;
	r->r = (struct rollover){};
	r->number = 0;
	parent_rollover_files_remove(p->plan->settings, c);
	state_log(r);
	if (p->plan->certificates[number].is_held_by_plan && !p->next)
		parent_plan_again(p);
	return NULL;
}

void parent_rollovers_free(struct parent *p)
{
	io_deadline_disarm(&p->rollover_tick);
	while (p->rollovers) {
		struct parent_rollover *r = p->rollovers;
		p->rollovers = r->next;
		rollover_free(r);
	}
}
