#include "parent/truth.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/file.h"
#include "io/address.h"
#include "parent/alarms.h"
#include "parent/guard.h"
#include "parent/truth_inside.h"
#include "parent/verdict.h"
#include "tls/inspect.h"

#include <ifaddrs.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { FILE_LEN_MAX = 256 * 1024 };

/* --- alarms that nobody looks after any more --- */

static bool is_of_listener(const struct parent *p, const char *subject)
{
	char begin[160];
	for (size_t i = 0; i < p->listener_count; i++) {
		const struct parent_listener *l = &p->listeners[i];
		if (!truth_is_looked_at(p, l))
			continue;
		int len = snprintf(begin, sizeof(begin), "%.48s %.100s",
		                   p->plan->settings->edges[l->edge].name, l->text);
		if (verdict_is_about(subject, begin, (size_t)len))
			return true;
	}
	return false;
}

static bool is_known(void *owner, const char *subject)
{
	const struct parent *p = owner;
	const struct conf_settings *s = p->plan->settings;
	if (!conf_needs_witness(s))
		return false;
	for (size_t i = 0; i < s->watched_count; i++)
		if (verdict_is_about(subject, s->watched[i].text, strcspn(s->watched[i].text, "=")))
			return true;
	return is_of_listener(p, subject);
}

void parent_truth_forget(struct parent *p)
{
	for (int kind = 0; kind < PROC_ALARM_KIND_COUNT; kind++)
		if (verdict_may_find((enum proc_alarm_kind)kind))
			parent_alarms_forget(p, (enum proc_alarm_kind)kind, is_known, p);
	if (p->truth) /* ids are of another list, and what was wrong at its last look */
		p->truth->turn = p->truth->count = 0;
}

/* --- what was seen --- */

static void file_expect(struct verdict_expected *e, const char *path)
{
	CLEAN(buf_deinit) struct buf pem = {};
	struct tls_inspection inspection;
	struct timespec at = {};
	if (!path[0] || file_read(&pem, path, FILE_LEN_MAX, &at) ||
	    tls_inspect(&inspection, buf_slice(&pem)))
		return;
	e->has_file = true;
	e->file_s = at.tv_sec;
	snprintf(e->file, sizeof(e->file), "%s", path);
	memcpy(e->file_sha256, inspection.certificates[0].sha256, sizeof(e->file_sha256));
	tls_inspection_deinit(&inspection);
}

/* Which of those that this edge may show it is; certificate_count: none. */
static size_t in_force_find(const struct parent *p, const struct truth_target *t,
                            const struct proc_witness_sight *sight)
{
	const struct parent_plan *plan = p->plan;
	for (size_t i = 0; i < plan->certificate_count; i++) {
		const struct parent_certificate *c = &plan->certificates[i];
		bool is_it = !memcmp(c->chain_digest, sight->spki, sizeof(sight->spki)) &&
		             c->not_after_s == sight->not_after_s;
		if (is_it && buf_len(&c->chain) &&
		    (i >= plan->settings->certificate_count ||
		     truth_is_served_by(&plan->settings->edges[t->edge],
		                        plan->settings->certificates[i].name)))
			return i;
	}
	return plan->certificate_count;
}

/* Two certificates may have the same name, and either is shown: its own file counts. */
static void expect(const struct parent *p, const struct truth_target *t,
                   const struct proc_witness_sight *sight, struct verdict_expected *ret_expected)
{
	const struct conf_settings *s = p->plan->settings;
	const char *file = t->file;
	char path[sizeof(t->file)];
	ret_expected->is_self_made = t->is_self_made;
	if (t->edge != TRUTH_NO_EDGE) {
		size_t at = in_force_find(p, t, sight);
		ret_expected->has_force = true;
		ret_expected->is_in_force = at < p->plan->certificate_count;
		if (at < s->certificate_count) {
			conf_certificate_chain_path(s, &s->certificates[at], path, sizeof(path));
			file = path;
		}
	}
	file_expect(ret_expected, file);
}

static struct truth_place *place_of(struct truth_target *t, const char *address)
{
	for (size_t i = 0; i < t->place_count; i++)
		if (!strcmp(t->places[i].address, address))
			return &t->places[i];
	if (t->place_count == TRUTH_ADDRESSES_MAX)
		return NULL;
	struct truth_place *place = &t->places[t->place_count++];
	*place = (struct truth_place){};
	snprintf(place->address, sizeof(place->address), "%s", address);
	return place;
}

static void subject_of(const struct truth_target *t, const struct truth_place *place,
                       char *ret_text)
{
	bool is_said = !place->address[0] || t->edge != TRUTH_NO_EDGE ||
	               !strcmp(place->address, t->told.host);
	snprintf(ret_text, PROC_ALARM_SUBJECT_CAP, "%.180s%s%s", t->subject, is_said ? "" : " ",
	         is_said ? "" : place->address);
}

/* Does this look say anything of it? */
static bool is_answered(enum proc_alarm_kind kind, const struct proc_witness_sight *sight)
{
	if (!verdict_may_find(kind) || sight->end == PROC_WITNESS_LOST)
		return false;
	if (kind == PROC_ALARM_TLSA_MISMATCH && sight->tlsa == PROC_WITNESS_TLSA_UNKNOWN)
		return false;
	return kind == PROC_ALARM_UNREACHABLE || sight->end == PROC_WITNESS_SEEN;
}

/* Of what should be served there; two certificates of one name have one keeper, or nearly so. */
static enum verdict_keeper keeper_of(const struct parent *p, const struct truth_target *t)
{
	const struct conf_settings *s = p->plan->settings;
	char path[sizeof(t->file)];
	if (t->edge == TRUTH_NO_EDGE)
		return VERDICT_KEEPER_OTHER;
	for (size_t i = 0; i < s->certificate_count; i++) {
		conf_certificate_chain_path(s, &s->certificates[i], path, sizeof(path));
		if (s->certificates[i].acme && !strcmp(path, t->file))
			return VERDICT_KEEPER_OURS;
	}
	return VERDICT_KEEPER_FILES;
}

static void verdict_take(struct parent *p, struct truth_target *t, struct truth_place *place,
                         const struct proc_witness_sight *sight, const struct verdict *v)
{
	char subject[PROC_ALARM_SUBJECT_CAP];
	subject_of(t, place, subject);
	for (int k = 0; k < PROC_ALARM_KIND_COUNT; k++) {
		enum proc_alarm_kind kind = (enum proc_alarm_kind)k;
		if (!is_answered(kind, sight))
			continue;
		bool was_wrong = place->was_wrong[kind];
		place->was_wrong[kind] = v->is_wrong[kind];
		if (!v->is_wrong[kind])
			parent_alarm_clear(p, kind, subject);
		else if (was_wrong)
			parent_alarm_raise(p,
			                   &(struct parent_alarm_news){
						   .kind = kind,
						   .subject = subject,
						   .text = v->texts[kind],
						   .mend = verdict_mend(kind, keeper_of(p, t)) });
		else
			t->wants_again = true;
	}
}

struct places_asked {
	const struct truth_target *target;
	size_t subject_len;
};

/* Of another target, or of an address that its host still has. */
static bool is_place_known(void *owner, const char *subject)
{
	const struct places_asked *asked = owner;
	const struct truth_target *t = asked->target;
	char known[PROC_ALARM_SUBJECT_CAP];
	if (!verdict_is_about(subject, t->subject, asked->subject_len))
		return true;
	for (size_t i = 0; i < t->place_count; i++) {
		subject_of(t, &t->places[i], known);
		if (!strcmp(known, subject))
			return true;
	}
	return false;
}

/* Addresses that the host has no more are nobody's alarm. */
static void places_follow(struct parent *p, struct truth_target *t)
{
	struct places_asked asked = { .target = t, .subject_len = strlen(t->subject) };
	size_t kept = 0;
	for (size_t i = 0; i < t->place_count; i++)
		if (t->places[i].is_there) {
			t->places[kept] = t->places[i];
			t->places[kept++].is_there = false;
		}
	t->place_count = kept;
	for (int kind = 0; kind < PROC_ALARM_KIND_COUNT && t->edge == TRUTH_NO_EDGE; kind++)
		if (verdict_may_find((enum proc_alarm_kind)kind))
			parent_alarms_forget(p, (enum proc_alarm_kind)kind, is_place_known, &asked);
}

/* An edge may listen on an address that is another host's now (VRRP). */
static bool is_here(const char *address)
{
	struct ifaddrs *list = NULL;
	char text[64];
	uint16_t port;
	bool is_found = false;
	if (getifaddrs(&list))
		return true;
	for (const struct ifaddrs *a = list; a && !is_found; a = a->ifa_next) {
		if (!a->ifa_addr ||
		    (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6))
			continue;
		io_address_text(a->ifa_addr, text, sizeof(text), &port);
		is_found = !strcmp(text, address);
	}
	freeifaddrs(list);
	return is_found;
}

static bool is_elsewhere(const struct truth_target *t, const struct proc_witness_sight *sight)
{
	return t->edge != TRUTH_NO_EDGE && sight->end != PROC_WITNESS_SEEN &&
	       address_scope_of(sight->address) != ADDRESS_LOOPBACK && !is_here(sight->address);
}

static void sight_take(struct parent *p, struct truth_target *t,
                       const struct proc_witness_sight *sight)
{
	struct verdict_expected expected = {};
	struct truth_place *place = place_of(t, sight->address);
	struct verdict verdict;
	if (!place)
		return;
	place->is_there = true;
	expect(p, t, sight, &expected);
	verdict_find(&verdict, sight, &expected, time(NULL));
	verdict_take(p, t, place, sight, &verdict);
	if (expected.has_force)
		parent_guard_saw(p, t->file, sight->tlsa);
}

bool parent_truth_saw(struct parent *p, const struct proc_witness_sight *sight)
{
	struct truth_target *t = NULL;
	for (size_t i = 0; p->truth && i < p->truth->count; i++)
		if (p->truth->targets[i].told.id == sight->id)
			t = &p->truth->targets[i];
	if (!t || p->is_draining || is_elsewhere(t, sight))
		return true;
	if (p->is_reloading &&
	    t->edge != TRUTH_NO_EDGE) /* workers are not yet what the plan says */
		return !sight->is_last;
	sight_take(p, t, sight);
	if (!sight->is_last)
		return true;
	p->truth->looks++;
	p->truth->looked_s = time(NULL);
	/* DNS that does not answer does not take addresses away. */
	if (sight->address[0] || sight->end != PROC_WITNESS_LOST)
		places_follow(p, t);
	bool is_well = !t->wants_again;
	t->wants_again = false;
	return is_well;
}

json_t *parent_truth_json(const struct parent *p)
{
	if (!p->truth)
		return NULL;
	return json_pack("{s:I, s:I, s:b, s:I, s:I}", "targets", (json_int_t)p->truth->count,
	                 "edges_and_certificates", (json_int_t)p->truth->pairs, "in_turn",
	                 p->truth->takes_turns, "looks", (json_int_t)p->truth->looks, "looked",
	                 (json_int_t)p->truth->looked_s);
}

void parent_truth_free(struct parent *p)
{
	struct parent_truth *t = TAKE(p->truth);
	if (t)
		free(t->targets);
	free(t);
}
