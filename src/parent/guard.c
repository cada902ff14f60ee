#include "parent/guard.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "parent/alarms.h"
#include "parent/places.h"
#include "parent/rollover.h"
#include "parent/state.h"
#include "tls/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WAIT_MS = 10 * 1000,         /* for witness, which waits 8 s for DNS */
	AGAIN_MAX_MS = 30 * 1000,    /* between two questions for what is kept out */
	CHAIN_MAX = 2 * 1024 * 1024, /* of a file */
	PATH_CAP = 512,
	KNOWN_S = 24 * 3600, /* so long TLSA records that were seen are taken to be there */
};

/* --- asking --- */

/* The names of all certificates of a plan; each is owned. NULL: no memory. */
static char **names_read(const struct parent_plan *plan)
{
	char **names = calloc(plan->settings->certificate_count + 1, sizeof(*names));
	for (size_t i = 0; names && i < plan->settings->certificate_count; i++) {
		struct tls_label label = {};
		if (!tls_label_read(&label, buf_slice(&plan->certificates[i].chain)))
			names[i] = TAKE(label.names);
		tls_label_deinit(&label);
	}
	return names;
}

static void names_free(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

bool parent_guard_places(const struct parent_plan *plan, size_t number, struct places *ret_places)
{
	char **names = names_read(plan);
	if (names)
		places_find(ret_places, plan->settings, (const char *const *)names, number);
	names_free(names, plan->settings->certificate_count);
	return names;
}

/* False: nothing asks, the answer stays what it is. */
static bool question_send(struct parent *p, const struct parent_plan *plan, size_t number,
                          struct slice chain_pem)
{
	CLEAN(buf_deinit) struct buf payload = {};
	CLEAN(freep) struct places *places = calloc(1, sizeof(*places));
	CLEAN(freep) struct proc_guard_question *q = calloc(1, sizeof(*q));
	struct proc_packer packer = proc_packer_onto(&payload);
	bool is_well = places && q && p->witness.is_ready &&
	               chain_pem.len <= PROC_GUARD_CHAIN_MAX &&
	               parent_guard_places(plan, number, places);
	if (is_well) {
		q->number = plan->certificates[number].guard_number = ++p->guard_numbers;
		q->count = places->count;
		memcpy(q->places, places->list, sizeof(q->places));
		q->chain_pem = chain_pem;
		proc_guard_question_pack(&packer, q);
		is_well = !packer.has_failed;
	}
	if (is_well && places->is_cut)
		log_warn(NULL, "too many hosts and ports, DNS is not asked about all of them",
		         kv_str("certificate", plan->settings->certificates[number].name));
	if (is_well)
		parent_send(&p->witness, PROC_MSG_GUARD_ASK, proc_packed(&packer), -1);
	return is_well;
}

/* What is in force under that name; NULL: nothing. */
static struct parent_certificate *in_force(const struct parent *p, const char *name)
{
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	for (size_t i = 0; s && i < s->certificate_count; i++)
		if (!strcmp(s->certificates[i].name, name))
			return &p->plan->certificates[i];
	return NULL;
}

static bool is_news(const struct parent *p, const struct parent_plan *plan, size_t number)
{
	const struct parent_certificate *old =
		in_force(p, plan->settings->certificates[number].name);
	return !old ||
	       !slice_equal(buf_slice(&old->chain), buf_slice(&plan->certificates[number].chain));
}

static void on_late(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, guard_late));
	if (!p->next || !p->next->guard_pending)
		return;
	p->next->guard_pending = 0; /* what was not answered is unknown */
	parent_plan_decide_soon(p);
}

bool parent_guard_waits(struct parent *p)
{
	struct parent_plan *plan = p->next;
	if (plan->is_guarded || p->guard_is_off || !p->plan ||
	    !conf_needs_witness(p->plan->settings) || !conf_needs_witness(plan->settings))
		return plan->guard_pending;
	plan->is_guarded = true;
	for (size_t i = 0; i < plan->settings->certificate_count; i++) {
		struct parent_certificate *c = &plan->certificates[i];
		if (!is_news(p, plan, i))
			continue;
		c->guard.tlsa = PROC_WITNESS_TLSA_UNKNOWN;
		plan->guard_pending += question_send(p, plan, i, buf_slice(&c->chain));
	}
	if (plan->guard_pending) {
		p->guard_late.fn = on_late;
		io_deadline_arm(p->loop, &p->guard_late, WAIT_MS);
	}
	return plan->guard_pending;
}

/* --- answers --- */

static struct parent_certificate *asked_find(struct parent_plan *plan, uint32_t number)
{
	for (size_t i = 0; plan && number && i < plan->certificate_count; i++)
		if (plan->certificates[i].guard_number == number)
			return &plan->certificates[i];
	return NULL;
}

/* Of one that is kept out: the record came, or all of them went. */
static void held_answered(struct parent *p, struct parent_certificate *c,
                          const struct proc_guard_answer *answer)
{
	c->guard_number = 0;
	if (!c->is_held || c->is_held_by_plan) /* parent/rollover.c lets that one in */
		return;
	bool is_kept = answer->tlsa == PROC_WITNESS_TLSA_MISSES ||
	               answer->tlsa == PROC_WITNESS_TLSA_UNKNOWN;
	if (is_kept)
		c->guard = *answer;
	else
		parent_plan_again(p);
	parent_guard_in_force(p);
}

void parent_guard_said(struct parent *p, struct slice payload)
{
	struct proc_guard_answer answer = {};
	if (!proc_guard_answer_unpack(payload, &answer))
		return;
	struct parent_certificate *c = asked_find(p->next, answer.number);
	if (!c) {
		c = asked_find(p->plan, answer.number);
		if (c)
			held_answered(p, c, &answer);
		return;
	}
	c->guard_number = 0;
	c->guard = answer;
	if (p->next->guard_pending && --p->next->guard_pending == 0)
		parent_plan_decide_soon(p);
}

/* --- what becomes of it --- */

static bool says_some(enum proc_witness_tlsa tlsa)
{
	return tlsa == PROC_WITNESS_TLSA_MISSES || tlsa == PROC_WITNESS_TLSA_COVERS;
}

void parent_guard_saw(struct parent *p, const char *chain_path, enum proc_witness_tlsa tlsa)
{
	const struct conf_settings *s = p->plan->settings;
	char path[PATH_CAP];
	for (size_t i = 0; i < s->certificate_count && says_some(tlsa); i++) {
		conf_certificate_chain_path(s, &s->certificates[i], path, sizeof(path));
		if (!strcmp(path, chain_path))
			p->plan->certificates[i].tlsa_seen_s = time(NULL);
	}
}

/* Where DNS does not answer, records that were there are taken to be there still; and what was
 * never seen is no reason to keep anything out, nor to serve what has expired. */
static bool is_kept_out(const struct parent_certificate *c, const struct parent_certificate *old)
{
	int64_t now_s = time(NULL);
	bool was_there = old && now_s - old->tlsa_seen_s < KNOWN_S && old->not_after_s > now_s;
	return c->guard.tlsa == PROC_WITNESS_TLSA_MISSES ||
	       (c->guard.tlsa == PROC_WITNESS_TLSA_UNKNOWN && was_there);
}

/* Its key is the next one of a plan, whose record is not everywhere yet. */
static bool is_too_early(const struct parent *p, const struct parent_certificate *c,
                         const struct parent_certificate *old)
{
	return old && memcmp(c->key_digest, old->key_digest, sizeof(c->key_digest)) != 0 &&
	       !parent_rollover_allows(p, c->key_digest);
}

/* The old one goes on in the new plan, with its key; the times are those of the files, so that
 * they are looked at again when they change. 0 or -ENOMEM. */
static int keep(struct parent *p, struct parent_certificate *c, struct parent_certificate *old)
{
	bool is_by_plan = is_too_early(p, c, old);
	buf_clear(&c->chain);
	int r = buf_add(&c->chain, buf_slice(&old->chain));
	if (r)
		return err_up(r);
	parent_keys_forget(p, c->key_id);
	c->key_id = old->key_id;
	old->key_id = 0; /* it is not forgotten with the old plan */
	memcpy(c->chain_digest, old->chain_digest, sizeof(c->chain_digest));
	memcpy(c->key_digest, old->key_digest, sizeof(c->key_digest));
	c->not_before_s = old->not_before_s;
	c->not_after_s = old->not_after_s;
	c->is_held = true;
	c->is_held_by_plan = is_by_plan;
	return 0;
}

static void reason_write(char *text, size_t cap, const struct parent_certificate *c)
{
	const struct proc_guard_answer *a = &c->guard;
	if (c->is_held_by_plan)
		snprintf(text, cap,
		         "its key is the planned one, whose TLSA record was not "
		         "everywhere for long enough (`mailseal tlsa status`)");
	else if (a->tlsa == PROC_WITNESS_TLSA_MISSES)
		snprintf(text, cap, "no TLSA record of _%u._tcp.%s covers it", a->place.port,
		         a->place.host);
	else
		snprintf(text, cap, "DNS does not say whether a TLSA record of %s%s covers it",
		         a->place.host[0] ? "" : "its hosts", a->place.host);
}

void parent_guard_apply(struct parent *p)
{
	struct parent_plan *plan = p->next;
	char reason[PROC_ALARM_TEXT_CAP];
	for (size_t i = 0; i < plan->settings->certificate_count && plan->is_guarded; i++) {
		struct parent_certificate *c = &plan->certificates[i];
		struct parent_certificate *old = in_force(p, plan->settings->certificates[i].name);
		c->tlsa_seen_s = says_some(c->guard.tlsa) ? time(NULL) : old ? old->tlsa_seen_s : 0;
		if (p->guard_is_off || plan->error[0] ||
		    (!is_kept_out(c, old) && !is_too_early(p, c, old)))
			continue;
		reason_write(reason, sizeof(reason), c);
		if (!old)
			snprintf(plan->error, sizeof(plan->error), "certificate \"%.60s\": %.150s",
			         plan->settings->certificates[i].name, reason);
		else if (keep(p, c, old))
			snprintf(plan->error, sizeof(plan->error), "out of memory");
	}
}

/* --- while it is kept out --- */

static void again(struct parent *p, size_t number)
{
	CLEAN(buf_deinit) struct buf chain = {};
	const struct conf_settings *s = p->plan->settings;
	char path[PATH_CAP];
	conf_certificate_chain_path(s, &s->certificates[number], path, sizeof(path));
	if (!file_read(&chain, path, CHAIN_MAX, NULL))
		question_send(p, p->plan, number, buf_slice(&chain));
}

static void again_arm(struct parent *p)
{
	uint32_t every_ms = p->plan->settings->witness_every_ms;
	io_deadline_arm(p->loop, &p->guard_again,
	                every_ms < AGAIN_MAX_MS ? every_ms : AGAIN_MAX_MS);
}

static void on_again(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, guard_again));
	bool is_any = false;
	for (size_t i = 0; p->plan && i < p->plan->settings->certificate_count; i++) {
		if (!p->plan->certificates[i].is_held)
			continue;
		is_any = true;
		if (!p->next)
			again(p, i);
	}
	if (is_any)
		again_arm(p);
}

static bool is_held(void *owner, const char *subject)
{
	const struct parent *p = owner;
	const struct parent_certificate *c = in_force(p, subject);
	return c && c->is_held;
}

void parent_guard_in_force(struct parent *p)
{
	const struct conf_settings *s = p->plan->settings;
	char text[PROC_ALARM_TEXT_CAP], reason[PROC_ALARM_TEXT_CAP], path[PATH_CAP];
	bool is_any = false;
	p->guard_is_off = false;
	parent_alarms_forget(p, PROC_ALARM_TLSA_GUARD, is_held, p);
	for (size_t i = 0; i < p->plan->settings->certificate_count; i++) {
		const struct parent_certificate *c = &p->plan->certificates[i];
		if (!c->is_held)
			continue;
		is_any = true;
		reason_write(reason, sizeof(reason), c);
		conf_certificate_chain_path(s, &s->certificates[i], path, sizeof(path));
		snprintf(text, sizeof(text),
		         "%.200s is not put into service, the old one stays: %.250s", path, reason);
		parent_alarm_raise(
			p, &(struct parent_alarm_news){
				   .kind = PROC_ALARM_TLSA_GUARD,
				   .subject = p->plan->settings->certificates[i].name,
				   .text = text,
				   .mend = "put the old pair back; a key is changed by plan, see "
					   "`mailseal tlsa --help`" });
	}
	p->guard_again.fn = on_again;
	if (is_any)
		again_arm(p);
}

void parent_guard_keys_lost(struct parent *p)
{
	bool is_any = false;
	for (size_t i = 0; p->plan && i < p->plan->settings->certificate_count; i++) {
		struct parent_certificate *c = &p->plan->certificates[i];
		is_any |= c->is_held;
		if (c->is_held) /* so the next look at the files finds them changed */
			c->chain_time = (struct timespec){};
	}
	if (!is_any)
		return;
	log_error(NULL, "a certificate that was kept out is put into service",
	          kv_str("reason", "the process keys died, and with it the key of the old one"));
	p->guard_is_off = true;
}

void parent_guard_end(struct parent *p)
{
	io_deadline_disarm(&p->guard_late);
	io_deadline_disarm(&p->guard_again);
}
