#include "witness/everywhere.h"

#include "ask/upstream.h"
#include "ask/zone.h"
#include "base/clean.h"
#include "base/err.h"
#include "io/loop.h"
#include "witness/tlsa.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FIND_MS = 15 * 1000, /* for the records by DNSSEC, and the servers of their zone */
	SERVER_MS = 3 * 1000,
	SERVER_AGAIN_MS = 1000, /* a lost datagram is sent again */
	SHOWN_MAX = 120,        /* of a name in a reason */
};

struct server {
	struct everywhere *e;
	const char *address; /* of the zone's question */
	struct upstream *upstream;
	struct upstream_question *question;
	bool is_answered;
};

struct everywhere {
	struct everywhere_settings set;
	struct proc_everywhere_question question;
	struct proc_everywhere_answer answer;
	size_t place;                 /* that is asked for */
	bool is_any;                  /* a place had records */
	char name[DNS_NAME_CAP];      /* of its records */
	struct lookup_question *tlsa; /* step one */
	struct zone_question *zone;   /* step two */
	char addresses[ZONE_ADDRESSES_MAX][ZONE_ADDRESS_CAP];
	struct server servers[ZONE_ADDRESSES_MAX]; /* step three */
	size_t server_count, open;
	struct io_deadline late;
	struct io_later next;
};

#define EVERYWHERE_OF(node, member)                                                                \
	((struct everywhere *)((char *)(node)-offsetof(struct everywhere, member)))

static void steps_end(struct everywhere *e)
{
	io_deadline_disarm(&e->late);
	lookup_question_free(TAKE(e->tlsa));
	zone_question_free(TAKE(e->zone));
	for (size_t i = 0; i < e->server_count; i++) {
		upstream_question_free(e->servers[i].question);
		upstream_free(e->servers[i].upstream);
	}
	e->server_count = e->open = 0;
}

/* It is not everywhere; what else is under way is ended in a later turn. */
static void fail(struct everywhere *e, const char *where, const char *why)
{
	if (!e->answer.why[0])
		snprintf(e->answer.why, sizeof(e->answer.why), "%.*s: %.70s", SHOWN_MAX, where,
		         why);
	io_later_add(e->set.loop, &e->next);
}

/* --- each server of the zone --- */

static void on_server(void *owner, struct slice packet, const char *why)
{
	struct server *s = owner;
	struct everywhere *e = s->e;
	struct dns_message m;
	char whose[DNS_NAME_CAP];
	s->is_answered = true;
	if (why || dns_message_open(&m, packet))
		fail(e, s->address, why ? why : "the name server's answer is none");
	else if (!m.is_authoritative)
		fail(e, s->address, "the name server says that it does not have the zone");
	else if (!witness_tlsa_has_key(packet, e->question.spki, &e->answer.ttl_s, whose))
		fail(e, s->address, "the name server does not have the next key's record yet");
	if (!--e->open)
		io_later_add(e->set.loop, &e->next);
}

static int server_ask(struct server *s)
{
	struct everywhere *e = s->e;
	const char *bad;
	const struct upstream_settings set = { .addresses = &s->address,
		                               .count = 1,
		                               .questions_max = 1,
		                               .again_ms = SERVER_AGAIN_MS,
		                               .has_zone = true };
	int r = upstream_new(&s->upstream, e->set.loop, &set, &bad);
	return r ? r : upstream_ask(&s->question, s->upstream, e->name, DNS_TLSA, on_server, s);
}

static void on_zone(void *owner, const char (*addresses)[ZONE_ADDRESS_CAP], size_t count,
                    const char *why)
{
	struct everywhere *e = owner;
	if (why) {
		fail(e, e->name, why);
		return;
	}
	memcpy(e->addresses, addresses, count * sizeof(*addresses));
	zone_question_free(TAKE(e->zone));
	io_deadline_arm(e->set.loop, &e->late, SERVER_MS);
	for (size_t i = 0; i < count; i++) {
		struct server *s = &e->servers[i];
		*s = (struct server){ .e = e, .address = e->addresses[i] };
		e->server_count++;
		e->open++;
		if (server_ask(s))
			fail(e, s->address, "the name server cannot be asked");
	}
}

/* --- what DNSSEC vouches for, and who has it --- */

static void on_tlsa(void *owner, const struct lookup_answer *answer)
{
	struct everywhere *e = owner;
	const struct zone_settings set = { e->set.loop, e->set.lookup, e->set.stubs,
		                           e->set.stub_count };
	struct witness_tlsa tlsa;
	witness_tlsa_read(&tlsa, answer);
	if (tlsa.state == PROC_WITNESS_TLSA_UNKNOWN) {
		fail(e, e->name, answer->why ? answer->why : "DNS does not answer");
	} else if (tlsa.state == PROC_WITNESS_TLSA_NONE) {
		e->place++;
		io_later_add(e->set.loop, &e->next);
	} else if (!witness_tlsa_has_key(answer->packet, e->question.spki, &e->answer.ttl_s,
	                                 e->name)) {
		fail(e, e->name, "the next key's record is not there yet");
	} else {
		e->is_any = true;
		if (zone_ask(&e->zone, &set, e->name, on_zone, e))
			fail(e, e->name, "its name servers cannot be asked for");
	}
	lookup_question_free(TAKE(e->tlsa));
}

static void place_ask(struct everywhere *e)
{
	const struct proc_guard_place *place = &e->question.places[e->place];
	if (!dns_name_is_host(place->host)) { /* nobody could ask for it */
		e->place++;
		io_later_add(e->set.loop, &e->next);
		return;
	}
	witness_tlsa_name(place->host, place->port, e->name, sizeof(e->name));
	io_deadline_arm(e->set.loop, &e->late, FIND_MS);
	if (lookup_ask(&e->tlsa, e->set.lookup, e->name, DNS_TLSA, on_tlsa, e))
		fail(e, e->name, "DNS cannot be asked");
}

/* --- the steps --- */

static void on_late(struct io_deadline *d)
{
	struct everywhere *e = EVERYWHERE_OF(d, late);
	const char *where = e->name;
	for (size_t i = 0; i < e->server_count; i++)
		if (!e->servers[i].is_answered)
			where = e->servers[i].address;
	fail(e, where,
	     where == e->name ? "DNS does not answer" : "the name server does not answer");
}

static void on_next(struct io_later *later)
{
	struct everywhere *e = EVERYWHERE_OF(later, next);
	e->place += e->server_count && !e->answer.why[0]; /* all of them have it */
	steps_end(e);
	if (!e->answer.why[0] && e->place < e->question.count) {
		place_ask(e);
		return;
	}
	if (!e->answer.why[0] && !e->is_any)
		snprintf(e->answer.why, sizeof(e->answer.why),
		         "no port that shows it has TLSA records with DNSSEC");
	e->answer.is_everywhere = !e->answer.why[0];
	e->set.on_answer(e->set.owner, e, &e->answer);
}

int everywhere_new(struct everywhere **ret_e, const struct everywhere_settings *set)
{
	struct everywhere *e = calloc(1, sizeof(*e));
	if (!e)
		return err_raise(-ENOMEM);
	e->set = *set;
	e->late.fn = on_late;
	e->next.fn = on_next;
	if (!proc_everywhere_question_unpack(set->question, &e->question)) {
		free(e);
		return err_raise(-EPROTO);
	}
	e->set.question = (struct slice){};
	e->answer.number = e->question.number;
	io_later_add(e->set.loop, &e->next);
	*ret_e = e;
	return 0;
}

void everywhere_free(struct everywhere *e)
{
	if (!e)
		return;
	steps_end(e);
	io_later_remove(e->set.loop, &e->next);
	free(e);
}
