#include "parent/truth.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "conf/value.h"
#include "edge/peer.h"
#include "io/address.h"
#include "parent/alarms.h"
#include "parent/state.h"
#include "parent/verdict.h"
#include "tls/inspect.h"
#include "tls/label.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESSES_MAX = 8, FILE_LEN_MAX = 256 * 1024, SUBJECT_CAP = 256 };
#define NO_EDGE SIZE_MAX

/* One address of a target, and what was wrong there at the last look. */
struct place {
	char address[64];
	bool is_there; /* seen in the look under way */
	bool was_wrong[PROC_ALARM_KIND_COUNT];
};

struct target {
	struct proc_witness_target told;
	char subject[SUBJECT_CAP];
	size_t edge;    /* of the settings; NO_EDGE: it is not ours */
	char file[512]; /* the chain that should be served; "": not known */
	bool is_self_made;
	bool wants_again;
	struct place places[ADDRESSES_MAX];
	size_t place_count;
};

struct parent_truth {
	struct target *targets;
	size_t count;
	uint32_t ids;
	size_t turn;  /* the pair of listener and certificate that the next list begins with */
	size_t pairs; /* how many there are */
	bool takes_turns;
	uint64_t looks; /* that ended */
	int64_t looked_s;
};

/* --- the list --- */

/* Where a listener is reached from this host. False: by no address. */
static bool address_of(const struct parent_listener *l, char ret_host[64], uint16_t *ret_port)
{
	struct sockaddr_storage sa = l->sa;
	if (sa.ss_family == AF_INET &&
	    ((struct sockaddr_in *)&sa)->sin_addr.s_addr == htonl(INADDR_ANY))
		((struct sockaddr_in *)&sa)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (sa.ss_family == AF_INET6 &&
	         IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&sa)->sin6_addr))
		((struct sockaddr_in6 *)&sa)->sin6_addr = in6addr_loopback;
	io_address_text((struct sockaddr *)&sa, ret_host, 64, ret_port);
	return ret_host[0] && !strchr(ret_host, '%');
}

/* As check/ calls what is spoken there. */
static const char *protocol_of(const struct conf_edge *e, bool is_tls)
{
	switch (e->protocol) {
	case CONF_SMTP:
	case CONF_SUBMISSION:
		return is_tls ? "submissions" : "submission";
	case CONF_IMAP:
		return is_tls ? "imaps" : "imap";
	case CONF_POP3:
		return is_tls ? "pop3s" : "pop3";
	case CONF_SIEVE:
		return is_tls ? "tls" : "managesieve";
	case CONF_LMTP:
		return is_tls ? "tls" : "submission";
	case CONF_TCP:
	case CONF_HTTP:
	case CONF_PROTOCOL_COUNT:
		break;
	}
	return "tls";
}

static bool is_served_by(const struct conf_edge *e, const char *certificate)
{
	for (size_t i = 0; i < e->certificate_count; i++)
		if (!strcmp(e->certificates[i], certificate))
			return true;
	return !e->certificate_count;
}

/* NULL: there is no room in this list. */
static struct target *target_add(struct parent_truth *t)
{
	if (t->count == PROC_WITNESS_TARGETS_MAX)
		return NULL;
	struct target *target = &t->targets[t->count++];
	*target = (struct target){ .told = { .id = ++t->ids }, .edge = NO_EDGE };
	return target;
}

static bool is_looked_at(const struct parent *p, const struct parent_listener *l)
{
	if (l->is_service || l->sa.ss_family == AF_UNIX)
		return false;
	const struct conf_edge *e = &p->plan->settings->edges[l->edge];
	/* Port 80 has no TLS, and TLS that is passed on is the backend's own. */
	return !e->is_passthrough && (e->protocol != CONF_HTTP || l->is_tls);
}

/* name: "": that of no certificate, the first is shown. False: there is no room. */
static bool own_add(struct parent *p, const struct parent_listener *l, size_t certificate,
                    const char *name)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_edge *e = &s->edges[l->edge];
	struct target *t = target_add(p->truth);
	char host[64];
	if (!t)
		return false;
	if (!address_of(l, host, &t->told.port)) {
		p->truth->count--;
		return true;
	}
	struct sockaddr_storage from;
	edge_peer_parse(host, &from);
	t->edge = l->edge;
	t->is_self_made = certificate == conf_chain_self_made(s);
	t->told.is_own = true;
	t->told.says_lhlo = e->protocol == CONF_LMTP;
	t->told.has_header =
		edge_peer_is_in((struct sockaddr *)&from, e->proxy_from, e->proxy_from_count);
	snprintf(t->told.protocol, sizeof(t->told.protocol), "%s", protocol_of(e, l->is_tls));
	snprintf(t->told.host, sizeof(t->told.host), "%s", host);
	snprintf(t->told.name, sizeof(t->told.name), "%s", name);
	if (certificate < s->certificate_count)
		snprintf(t->file, sizeof(t->file), "%s", s->certificates[certificate].chain);
	snprintf(t->subject, sizeof(t->subject), "%.48s %.100s%s%.100s", e->name, l->text,
	         name[0] ? " " : "", name);
	return true;
}

/* By each of its names; of "*.example.org" there is no other that anybody could tell. */
static bool certificate_add(struct parent *p, const struct parent_listener *l, size_t number)
{
	struct tls_label label = {};
	char name[PROC_WITNESS_HOST_CAP];
	bool has_room = true;
	size_t added = 0;
	if (tls_label_read(&label, buf_slice(&p->plan->certificates[number].chain)))
		return true;
	struct slice rest = slice_str(label.names);
	while (rest.len && added < TRUTH_NAMES_MAX && has_room) {
		size_t len = slice_find(rest, ',');
		slice_to_text(slice_head(rest, len), name, sizeof(name));
		rest = slice_skip(rest, len + 1);
		if (!conf_hostname_is_valid(name))
			continue;
		has_room = own_add(p, l, number, name);
		added++;
	}
	tls_label_deinit(&label);
	return added ? has_room : own_add(p, l, number, "");
}

static bool pair_add(struct parent *p, const struct parent_listener *l, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	return number < s->certificate_count ? certificate_add(p, l, number)
	                                     : own_add(p, l, number, "");
}

/* Does the edge serve it? What mailseal made itself only where there is nothing else. */
static bool is_pair(const struct parent *p, const struct parent_listener *l, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_edge *e = &s->edges[l->edge];
	if (!buf_len(&p->plan->certificates[number].chain))
		return false;
	if (number < s->certificate_count)
		return is_served_by(e, s->certificates[number].name);
	return number == conf_chain_self_made(s) && !s->certificate_count &&
	       (e->protocol == CONF_SMTP || e->accepts_self_signed);
}

/* Calls add() for each pair from one on. Returns how many pairs there are in all. */
static size_t pairs_walk(struct parent *p, size_t from, size_t *ret_next)
{
	size_t at = 0;
	bool has_room = true;
	for (size_t i = 0; i < p->listener_count; i++)
		for (size_t n = 0;
		     is_looked_at(p, &p->listeners[i]) && n < p->plan->certificate_count; n++) {
			if (!is_pair(p, &p->listeners[i], n))
				continue;
			if (at >= from && has_room &&
			    !(has_room = pair_add(p, &p->listeners[i], n)))
				*ret_next = at;
			at++;
		}
	if (has_room)
		*ret_next = 0;
	return at;
}

static void watched_add(struct parent_truth *t, const struct conf_watched *w)
{
	struct target *target = target_add(t);
	if (!target)
		return;
	target->told.port = w->port;
	snprintf(target->told.protocol, sizeof(target->told.protocol), "%s", w->protocol);
	snprintf(target->told.host, sizeof(target->told.host), "%s", w->host);
	if (!conf_watched_is_address(w))
		snprintf(target->told.name, sizeof(target->told.name), "%s", w->host);
	snprintf(target->file, sizeof(target->file), "%s", w->file);
	snprintf(target->subject, sizeof(target->subject), "%.*s", (int)strcspn(w->text, "="),
	         w->text);
}

static bool is_suspect(const struct target *t)
{
	for (size_t i = 0; i < t->place_count; i++)
		for (size_t kind = 0; kind < PROC_ALARM_KIND_COUNT; kind++)
			if (t->places[i].was_wrong[kind])
				return true;
	return false;
}

/* Of the list before: what was wrong is looked at again, half of a list of it at most. */
static void suspects_keep(struct parent_truth *t)
{
	size_t kept = 0;
	for (size_t i = 0; t->takes_turns && i < t->count && kept < PROC_WITNESS_TARGETS_MAX / 2;
	     i++)
		if (t->targets[i].edge != NO_EDGE && is_suspect(&t->targets[i]))
			t->targets[kept++] = t->targets[i];
	t->count = kept;
}

static int list_pack(const struct parent *p, struct buf *ret_payload)
{
	const struct parent_truth *t = p->truth;
	struct proc_packer packer = proc_packer_onto(ret_payload);
	proc_pack_u32(&packer, p->plan->settings->witness_every_ms);
	proc_pack_str(&packer, p->witness_token);
	proc_pack_u16(&packer, (uint16_t)t->count);
	for (size_t i = 0; i < t->count; i++)
		proc_witness_target_pack(&packer, &t->targets[i].told);
	return packer.has_failed ? err_raise(-ENOMEM) : 0;
}

int parent_truth_list(struct parent *p, struct buf *ret_payload)
{
	const struct conf_settings *s = p->plan->settings;
	if (!p->truth)
		p->truth = calloc(1, sizeof(*p->truth));
	if (p->truth && !p->truth->targets)
		p->truth->targets = calloc(PROC_WITNESS_TARGETS_MAX, sizeof(*p->truth->targets));
	if (!p->truth || !p->truth->targets)
		return err_raise(-ENOMEM);
	struct parent_truth *t = p->truth;
	suspects_keep(t);
	for (size_t i = 0; i < s->watched_count; i++)
		watched_add(t, &s->watched[i]);
	size_t from = t->turn;
	t->pairs = pairs_walk(p, from, &t->turn);
	t->takes_turns = from || t->turn;
	return err_up(list_pack(p, ret_payload));
}

bool parent_truth_takes_turns(const struct parent *p)
{
	return p->truth && p->truth->takes_turns;
}

/* --- alarms that nobody looks after any more --- */

static bool is_of_listener(const struct parent *p, const char *subject)
{
	char begin[160];
	for (size_t i = 0; i < p->listener_count; i++) {
		const struct parent_listener *l = &p->listeners[i];
		if (!is_looked_at(p, l))
			continue;
		int len = snprintf(begin, sizeof(begin), "%.48s %.100s",
		                   p->plan->settings->edges[l->edge].name, l->text);
		if (!strncmp(subject, begin, (size_t)len))
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
		if (!strncmp(subject, s->watched[i].text, strcspn(s->watched[i].text, "=")))
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

/* One of those that this edge may show. */
static bool is_in_force(const struct parent *p, const struct target *t,
                        const struct proc_witness_sight *sight)
{
	const struct parent_plan *plan = p->plan;
	for (size_t i = 0; i < plan->certificate_count; i++) {
		const struct parent_certificate *c = &plan->certificates[i];
		bool is_it = !memcmp(c->chain_digest, sight->spki, sizeof(sight->spki)) &&
		             c->not_after_s == sight->not_after_s;
		if (is_it && buf_len(&c->chain) &&
		    (i >= plan->settings->certificate_count ||
		     is_served_by(&plan->settings->edges[t->edge],
		                  plan->settings->certificates[i].name)))
			return true;
	}
	return false;
}

static struct place *place_of(struct target *t, const char *address)
{
	for (size_t i = 0; i < t->place_count; i++)
		if (!strcmp(t->places[i].address, address))
			return &t->places[i];
	if (t->place_count == ADDRESSES_MAX)
		return NULL;
	struct place *place = &t->places[t->place_count++];
	*place = (struct place){};
	snprintf(place->address, sizeof(place->address), "%s", address);
	return place;
}

static void subject_of(const struct target *t, const struct place *place, char *ret_text)
{
	bool is_said =
		!place->address[0] || t->edge != NO_EDGE || !strcmp(place->address, t->told.host);
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

static void verdict_take(struct parent *p, struct target *t, struct place *place,
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
			                   &(struct parent_alarm_news){ .kind = kind,
			                                                .subject = subject,
			                                                .text = v->texts[kind] });
		else
			t->wants_again = true;
	}
}

static void place_clear(struct parent *p, const struct target *t, const struct place *place)
{
	char subject[PROC_ALARM_SUBJECT_CAP];
	subject_of(t, place, subject);
	for (int kind = 0; kind < PROC_ALARM_KIND_COUNT; kind++)
		if (verdict_may_find((enum proc_alarm_kind)kind))
			parent_alarm_clear(p, (enum proc_alarm_kind)kind, subject);
}

/* Addresses that the host has no more. */
static void places_follow(struct parent *p, struct target *t)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->place_count; i++) {
		if (!t->places[i].is_there) {
			place_clear(p, t, &t->places[i]);
			continue;
		}
		t->places[kept] = t->places[i];
		t->places[kept++].is_there = false;
	}
	t->place_count = kept;
}

static void sight_take(struct parent *p, struct target *t, const struct proc_witness_sight *sight)
{
	struct verdict_expected expected = { .has_force = t->edge != NO_EDGE,
		                             .is_self_made = t->is_self_made };
	struct place *place = place_of(t, sight->address);
	struct verdict verdict;
	if (!place)
		return;
	place->is_there = true;
	file_expect(&expected, t->file);
	if (expected.has_force)
		expected.is_in_force = is_in_force(p, t, sight);
	verdict_find(&verdict, sight, &expected, time(NULL));
	verdict_take(p, t, place, sight, &verdict);
}

bool parent_truth_saw(struct parent *p, const struct proc_witness_sight *sight)
{
	struct target *t = NULL;
	for (size_t i = 0; p->truth && i < p->truth->count; i++)
		if (p->truth->targets[i].told.id == sight->id)
			t = &p->truth->targets[i];
	if (!t || p->is_draining)
		return true;
	if (p->is_reloading && t->edge != NO_EDGE) /* workers are not yet what the plan says */
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
