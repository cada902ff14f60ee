#include "witness/cover.h"

#include "ask/lookup.h"
#include "base/clean.h"
#include "base/err.h"
#include "io/loop.h"
#include "tls/shown.h"
#include "witness/tlsa.h"

#include <errno.h>
#include <stdlib.h>

enum { DNS_MS = 8 * 1000 /* then what is not known yet is not waited for */ };

struct asked {
	struct cover *cover;
	const struct proc_guard_place *place;
	struct lookup_question *question;
};

struct cover {
	struct cover_settings set;
	struct buf payload; /* the chain is in it */
	struct proc_guard_question question;
	struct asked asked[PROC_GUARD_PLACES_MAX];
	size_t pending;
	struct proc_guard_answer answer;
	struct io_deadline late;
	struct io_later end;
};

#define COVER_OF(node, member) ((struct cover *)((char *)(node)-offsetof(struct cover, member)))

static void place_take(struct cover *c, const struct proc_guard_place *place,
                       enum proc_witness_tlsa tlsa)
{
	if (!proc_guard_is_worse(tlsa, c->answer.tlsa))
		return;
	c->answer.tlsa = tlsa;
	c->answer.place = *place;
}

/* A chain that cannot be read is covered by nothing. */
static bool is_covered(const struct cover *c, const struct proc_guard_place *place,
                       const struct witness_tlsa *tlsa)
{
	struct tls_record records[POLICY_TLSA_MAX];
	const struct tls_shown shown = { .chain_pem = c->question.chain_pem, .host = place->host };
	bool matches = false;
	size_t count = witness_tlsa_records(tlsa, records);
	return !tls_shown_matches(&shown, records, count, &matches) && matches;
}

static void on_tlsa(void *owner, const struct lookup_answer *answer)
{
	struct asked *a = owner;
	struct cover *c = a->cover;
	struct witness_tlsa tlsa;
	witness_tlsa_read(&tlsa, answer);
	if (tlsa.state == PROC_WITNESS_TLSA_MISSES && is_covered(c, a->place, &tlsa))
		tlsa.state = PROC_WITNESS_TLSA_COVERS;
	place_take(c, a->place, tlsa.state);
	lookup_question_free(TAKE(a->question));
	if (!--c->pending)
		io_later_add(c->set.loop, &c->end);
}

static void on_late(struct io_deadline *d)
{
	struct cover *c = COVER_OF(d, late);
	for (size_t i = 0; i < c->question.count; i++) {
		if (!c->asked[i].question)
			continue;
		lookup_question_free(TAKE(c->asked[i].question));
		place_take(c, c->asked[i].place, PROC_WITNESS_TLSA_UNKNOWN);
	}
	c->pending = 0;
	io_later_add(c->set.loop, &c->end);
}

static void on_end(struct io_later *later)
{
	struct cover *c = COVER_OF(later, end);
	io_deadline_disarm(&c->late);
	c->set.on_answer(c->set.owner, c, &c->answer);
}

static int place_ask(struct cover *c, size_t number)
{
	struct asked *a = &c->asked[number];
	char name[DNS_NAME_CAP];
	*a = (struct asked){ .cover = c, .place = &c->question.places[number] };
	if (!dns_name_is_host(a->place->host))
		return 0; /* nobody could ask for it */
	witness_tlsa_name(a->place->host, a->place->port, name, sizeof(name));
	int r = lookup_ask(&a->question, c->set.lookup, name, DNS_TLSA, on_tlsa, a);
	c->pending += !r;
	return err_up(r);
}

static int begin(struct cover *c)
{
	int r = buf_add(&c->payload, c->set.question);
	if (!r && !proc_guard_question_unpack(buf_slice(&c->payload), &c->question))
		r = err_raise(-EPROTO);
	c->answer.number = c->question.number;
	for (size_t i = 0; i < c->question.count && !r; i++)
		r = place_ask(c, i);
	if (r)
		return err_up(r);
	if (c->pending)
		io_deadline_arm(c->set.loop, &c->late, DNS_MS);
	else
		io_later_add(c->set.loop, &c->end);
	return 0;
}

int cover_new(struct cover **ret_cover, const struct cover_settings *set)
{
	struct cover *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	c->set = *set;
	c->late.fn = on_late;
	c->end.fn = on_end;
	c->answer.tlsa = PROC_WITNESS_TLSA_NONE;
	int r = begin(c);
	if (r) {
		cover_free(c);
		return err_up(r);
	}
	*ret_cover = c;
	return 0;
}

void cover_free(struct cover *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->question.count; i++)
		lookup_question_free(c->asked[i].question);
	io_deadline_disarm(&c->late);
	io_later_remove(c->set.loop, &c->end);
	buf_deinit(&c->payload);
	free(c);
}
