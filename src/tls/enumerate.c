#include "tls/enumerate.h"

#include "base/clean.h"
#include "tls/server.h"

#include <assert.h>

enum { ALERT_PROTOCOL_VERSION = 70 };

_Static_assert((int)TLS_OFFER_GROUPS_MAX <= (int)TLS_IANA_SUITES_MAX);

/* What there is to ask for */

static void suites_fill(struct tls_enumeration *e)
{
	e->left_count = tls_iana_suites(e->version, e->left, COUNT_OF(e->left));
}

static void groups_fill(struct tls_enumeration *e)
{
	for (size_t i = 0; i < e->offer.group_count; i++)
		e->left[e->left_count++] = e->offer.groups[i];
	e->offer.group_count = 0;
	e->offer.share_count = 0;
}

/* Those of certificates alone (RFC 8446 4.2.3) are none that the handshake may be signed with. */
static void schemes_fill(struct tls_enumeration *e)
{
	for (size_t i = 0; i < e->offer.scheme_count; i++) {
		const struct tls_iana_scheme *scheme = tls_iana_scheme(e->offer.schemes[i]);
		if (scheme->max_version >= e->version)
			e->left[e->left_count++] = scheme->number;
	}
	e->offer.scheme_count = 0;
}

/* A suite whose exchange has a curve; one whose exchange is signed. */
static bool is_suite_of(const struct tls_enumeration *e, const struct tls_iana_suite *s)
{
	if (s->kex == TLS_KEX_13)
		return true;
	if (e->kind == TLS_ENUMERATE_GROUPS)
		return s->kex == TLS_KEX_ECDHE;
	return (s->kex == TLS_KEX_ECDHE || s->kex == TLS_KEX_DHE) &&
	       s->authentication != TLS_AUTHENTICATION_ANONYMOUS;
}

static void offer_suites(struct tls_enumeration *e)
{
	uint16_t all[TLS_IANA_SUITES_MAX];
	size_t count = tls_iana_suites(e->version, all, COUNT_OF(all));
	struct tls_offer *o = &e->offer;
	for (size_t i = 0; i < count && o->suite_count < TLS_OFFER_SUITES_MAX; i++) {
		struct tls_iana_suite suite;
		if (tls_iana_suite(all[i], &suite) && is_suite_of(e, &suite))
			o->suites[o->suite_count++] = all[i];
	}
}

void tls_enumeration_init(struct tls_enumeration *e, enum tls_enumeration_kind kind,
                          uint16_t version, const char *sni)
{
	*e = (struct tls_enumeration){ .kind = kind, .version = version };
	tls_offer_init_version(&e->offer, version, sni);
	switch (kind) {
	case TLS_ENUMERATE_SUITES:
		suites_fill(e);
		break;
	case TLS_ENUMERATE_GROUPS:
		offer_suites(e);
		groups_fill(e);
		break;
	case TLS_ENUMERATE_SCHEMES:
		offer_suites(e);
		schemes_fill(e);
		break;
	}
	e->is_done = !e->left_count;
}

/* The offer */

/* In TLS 1.3 the scheme that the server chose is encrypted; that it could choose is not. */
static bool is_one_by_one(const struct tls_enumeration *e)
{
	return e->kind == TLS_ENUMERATE_SCHEMES && e->version >= TLS_1_3;
}

static size_t chunk_max(const struct tls_enumeration *e)
{
	switch (e->kind) {
	case TLS_ENUMERATE_SUITES:
		return TLS_OFFER_SUITES_MAX;
	case TLS_ENUMERATE_GROUPS:
		return TLS_OFFER_GROUPS_MAX - 1; /* one may stay */
	case TLS_ENUMERATE_SCHEMES:
		break;
	}
	return is_one_by_one(e) ? 1 : TLS_OFFER_SCHEMES_MAX;
}

static void chunk_begin(struct tls_enumeration *e)
{
	size_t max = chunk_max(e);
	e->chunk_len = e->left_count < max ? e->left_count : max;
	e->last_at = 0;
	e->run_start = e->accepted_count;
}

static void number_add(const struct tls_enumeration *e, struct tls_offer *o, uint16_t number)
{
	switch (e->kind) {
	case TLS_ENUMERATE_SUITES:
		o->suites[o->suite_count++] = number;
		break;
	case TLS_ENUMERATE_GROUPS:
		o->groups[o->group_count++] = number;
		break;
	case TLS_ENUMERATE_SCHEMES:
		o->schemes[o->scheme_count++] = number;
		break;
	}
}

bool tls_enumeration_next(struct tls_enumeration *e, struct tls_offer *ret_offer)
{
	if (e->is_done)
		return false;
	*ret_offer = e->offer;
	if (!e->is_asking_order && !e->chunk_len)
		chunk_begin(e);
	/* Backwards: a client's order then gives another answer than before. */
	for (size_t i = e->order_count; e->is_asking_order && i > 0; i--)
		number_add(e, ret_offer, e->accepted[e->order_start + i - 1].number);
	for (size_t i = 0; !e->is_asking_order && i < e->chunk_len; i++)
		number_add(e, ret_offer, e->left[i]);
	if (e->stays && !e->is_asking_order)
		number_add(e, ret_offer, e->stays);
	return true;
}

/* The answer */

static void left_remove(struct tls_enumeration *e, size_t at, size_t count)
{
	memmove(e->left + at, e->left + at + count,
	        (e->left_count - at - count) * sizeof(e->left[0]));
	e->left_count -= count;
	e->chunk_len -= count;
}

/* Nothing is left: who chose the order is asked, unless it is known. */
static void finish(struct tls_enumeration *e)
{
	if (e->is_by_server)
		e->order = TLS_ORDER_SERVER;
	if (e->is_by_server || !e->order_count)
		e->is_done = true;
	else
		e->is_asking_order = true;
}

static void chunk_end(struct tls_enumeration *e)
{
	size_t found = e->accepted_count - e->run_start;
	left_remove(e, 0, e->chunk_len);
	if (found > 1 && !e->order_count) {
		e->order_start = e->run_start;
		e->order_count = found;
	}
	if (!e->left_count)
		finish(e);
}

static bool is_chosen_version(const struct tls_enumeration *e, const struct tls_answer *answer)
{
	bool has_hello = answer->kind == TLS_ANSWER_HELLO || answer->kind == TLS_ANSWER_RETRY;
	return has_hello && answer->version == e->version;
}

static bool is_other_version(const struct tls_enumeration *e, const struct tls_answer *answer)
{
	if (answer->kind == TLS_ANSWER_ALERT)
		return answer->alert_description == ALERT_PROTOCOL_VERSION;
	return answer->kind != TLS_ANSWER_NONE && answer->version != e->version;
}

enum { NOTHING = -1 };

/* The suite 0 is one, group and scheme 0 are none. */
static int chosen_number(const struct tls_enumeration *e, const struct tls_answer *answer)
{
	if (!is_chosen_version(e, answer))
		return NOTHING;
	switch (e->kind) {
	case TLS_ENUMERATE_SUITES:
		return answer->suite;
	case TLS_ENUMERATE_GROUPS:
		return answer->group ?: NOTHING;
	case TLS_ENUMERATE_SCHEMES:
		break;
	}
	return is_one_by_one(e) ? e->left[0] : answer->scheme ?: NOTHING;
}

static void order_take(struct tls_enumeration *e, int number)
{
	const struct tls_enumerated *first = &e->accepted[e->order_start];
	const struct tls_enumerated *last = first + e->order_count - 1;
	if (number == last->number)
		e->order = TLS_ORDER_CLIENT;
	else if (number == first->number)
		e->order = TLS_ORDER_SERVER;
	e->is_done = true;
}

/* One that goes by the client's order never comes back to what it passed over. */
static void accept_at(struct tls_enumeration *e, size_t at, const struct tls_answer *answer)
{
	struct tls_iana_suite suite = {};
	if (tls_iana_suite(answer->suite, &suite))
		e->has_curve_key |= suite.authentication == TLS_AUTHENTICATION_ECDSA;
	e->accepted[e->accepted_count++] = (struct tls_enumerated){
		.number = e->left[at],
		.group = answer->group,
		.scheme = answer->scheme,
		.dh_bits = (uint16_t)answer->dh_bits,
	};
	e->is_by_server |= at < e->last_at;
	e->last_at = at;
	left_remove(e, at, 1);
	if (!e->chunk_len)
		chunk_end(e);
}

/* Perhaps the group that was taken out last is the one of the server's key. */
static bool is_key_missing(const struct tls_enumeration *e)
{
	return e->kind == TLS_ENUMERATE_GROUPS && e->has_curve_key && !e->stays &&
	       e->accepted_count > e->run_start;
}

static void refusal_take(struct tls_enumeration *e)
{
	if (is_key_missing(e))
		e->stays = e->accepted[e->accepted_count - 1].number;
	else
		chunk_end(e);
}

static void choice_take(struct tls_enumeration *e, int number, const struct tls_answer *answer)
{
	if (e->stays && number == e->stays) {
		chunk_end(e);
		return;
	}
	for (size_t i = 0; i < e->chunk_len; i++)
		if (e->left[i] == number) {
			accept_at(e, i, answer);
			return;
		}
	e->is_odd = true;
	e->is_done = true;
}

void tls_enumeration_take(struct tls_enumeration *e, const struct tls_answer *answer)
{
	int number = chosen_number(e, answer);
	assert(!e->is_done && (e->is_asking_order || e->chunk_len));
	e->connection_count++;
	if (e->is_asking_order) {
		order_take(e, number);
	} else if (number != NOTHING) {
		choice_take(e, number, answer);
	} else if (!e->accepted_count && is_other_version(e, answer)) {
		e->is_version_refused = true;
		e->is_done = true;
	} else {
		refusal_take(e);
	}
}
