#include "check/facts.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/certificate.h"
#include "tls/dh_primes.h"
#include "tls/enumerate.h"
#include "tls/iana.h"
#include "tls/server.h"

#include <stdio.h>

enum { ALERT_PROTOCOL_VERSION = 70, ALERT_INAPPROPRIATE_FALLBACK = 86 };
enum { SSL_2 = 0x0002, SSL_3 = 0x0300, COMMON_DH_BITS = 1024 };

static const uint16_t numbers[] = {
	[CHECK_SSL2] = SSL_2,    [CHECK_SSL3] = SSL_3,    [CHECK_TLS10] = TLS_1_0,
	[CHECK_TLS11] = TLS_1_1, [CHECK_TLS12] = TLS_1_2, [CHECK_TLS13] = TLS_1_3,
};
_Static_assert(COUNT_OF(numbers) == CHECK_VERSION_COUNT, "a version without a number");

enum check_version check_version_of(uint16_t number)
{
	enum check_version v = CHECK_SSL2;
	while (v < CHECK_VERSION_COUNT && numbers[v] != number)
		v++;
	return v;
}

uint16_t check_version_number(enum check_version version)
{
	return numbers[version];
}

static enum check_seen seen_of(bool is_there)
{
	return is_there ? CHECK_YES : CHECK_NO;
}

static void set_once(enum check_seen *fact, bool is_there)
{
	if (*fact == CHECK_UNKNOWN)
		*fact = seen_of(is_there);
}

static bool is_hello(const struct tls_answer *a)
{
	return a->kind == TLS_ANSWER_HELLO || a->kind == TLS_ANSWER_RETRY;
}

/* --- Words --- */

static void text_once(char *fact, const char *text)
{
	if (!fact[0])
		snprintf(fact, CHECK_TEXT_CAP, "%s", text);
}

void check_facts_talk(struct check_endpoint *e, const struct check_opening *o)
{
	text_once(e->greeting, o->greeting);
	if (strlen(o->software) > strlen(e->software))
		snprintf(e->software, sizeof(e->software), "%s", o->software);
	if (o->clear.was_heard && !e->clear.was_heard)
		e->clear = o->clear;
	e->clear.is_preauth |= o->clear.is_preauth;
	if (o->sealed.was_heard && !e->sealed.was_heard)
		e->sealed = o->sealed;
	if (o->plain_mail != CHECK_UNKNOWN && e->plain_mail == CHECK_UNKNOWN)
		e->plain_mail = o->plain_mail;
	text_once(e->plain_mail_answer, o->plain_mail_answer);
	if (o->injection == CHECK_YES || e->injection == CHECK_UNKNOWN)
		e->injection = o->injection ?: e->injection;
}

/* --- What was met --- */

static void suite_add(struct check_suites *suites, uint16_t number)
{
	for (unsigned i = 0; i < suites->count; i++)
		if (suites->accepted[i] == number)
			return;
	if (number && suites->count < CHECK_SUITES_MAX && !suites->is_whole)
		suites->accepted[suites->count++] = number;
}

static void group_add(struct check_endpoint *e, uint16_t number)
{
	for (unsigned i = 0; i < e->group_count; i++)
		if (e->groups[i] == number)
			return;
	if (number && e->group_count < CHECK_GROUPS_MAX)
		e->groups[e->group_count++] = number;
}

static void dh_take(struct check_endpoint *e, const struct tls_answer *a)
{
	struct slice prime = buf_slice(&a->dh_prime);
	bool is_less = !e->dh.bits || a->dh_bits < e->dh.bits;
	if (a->exchange != TLS_EXCHANGE_DH || !a->dh_bits || !is_less)
		return;
	const struct tls_dh_prime *known = tls_dh_prime_find(prime);
	e->dh = (struct check_dh){ .bits = a->dh_bits };
	e->dh.is_common = known && known->bits <= COMMON_DH_BITS;
	snprintf(e->dh.name, sizeof(e->dh.name), "%s", known ? known->name : "");
}

/* Below TLS 1.3, where these are questions. */
static void old_facts_take(struct check_endpoint *e, const struct tls_answer *a)
{
	set_once(&e->has_ems, a->has_ems);
	set_once(&e->has_secure_renegotiation, a->has_renegotiation_info);
	if (e->compresses != CHECK_YES)
		e->compresses = seen_of(a->compression != 0);
}

/* A ServerHello says something of its version, whatever was asked. */
static void hello_take(struct check_endpoint *e, const struct tls_answer *a)
{
	enum check_version version = check_version_of(a->version);
	if (version == CHECK_VERSION_COUNT)
		return;
	e->has_tls = CHECK_YES;
	e->versions[version].is_there = CHECK_YES;
	suite_add(&e->versions[version], a->suite);
	group_add(e, a->group);
	dh_take(e, a);
	if (version >= CHECK_TLS10 && version < CHECK_TLS13)
		old_facts_take(e, a);
}

/* --- Chains --- */

static void chain_describe(struct check_chain *ret_chain, const struct check_endpoint *e,
                           const struct check_heard *h)
{
	*ret_chain = (struct check_chain){ .name = e->host, .roots = h->roots, .now_s = h->now_s };
	if (h->seen) {
		ret_chain->der = buf_slice(&h->seen->chain);
		ret_chain->staple = buf_slice(&h->seen->staple);
		ret_chain->was_asked_to_staple = true;
	} else {
		ret_chain->der = buf_slice(&h->answer->chain);
		ret_chain->staple = buf_slice(&h->answer->ocsp);
	}
}

static int chain_take(struct check_endpoint *e, const struct check_heard *h)
{
	struct check_chain chain;
	if (e->has_chain)
		return 0;
	chain_describe(&chain, e, h);
	int r = chain.der.len ? check_certificate_read(&e->chain, &chain) : TLS_INSPECT_EMPTY;
	if (r < 0)
		return err_up(r);
	e->has_chain = !r;
	return 0;
}

int check_facts_other_chain(struct check_endpoint *e, const struct check_heard *h)
{
	struct check_certificate other = {};
	struct check_chain chain;
	if (!h->seen->is_done || e->has_other_chain)
		return 0;
	chain_describe(&chain, e, h);
	int r = check_certificate_read(&other, &chain);
	if (r < 0)
		return err_up(r);
	/* A server with one key alone does not care what it is asked for. */
	if (r || !e->has_chain || !memcmp(other.spki, e->chain.spki, sizeof(other.spki))) {
		free(other.names);
		return 0;
	}
	e->other_chain = other;
	e->has_other_chain = true;
	if (h->seen->proof.dane != TLS_PROOF_NOT_ASKED)
		e->other_chain_matches_dane = seen_of(h->seen->proof.dane == TLS_PROOF_HOLDS);
	return 0;
}

/* --- Visits --- */

static void ticket_take(struct check_endpoint *e, const struct check_probe_seen *seen)
{
	bool is_13 = check_version_find(seen->version) == CHECK_TLS13;
	set_once(&e->has_tickets, seen->ticket_facts.is_ticket);
	if (seen->ticket_facts.is_ticket && !e->ticket_lifetime_s)
		e->ticket_lifetime_s = seen->ticket_facts.lifetime_s;
	if (is_13 && e->has_early_data != CHECK_YES)
		e->has_early_data = seen_of(seen->ticket_facts.early_data > 0);
}

static uint16_t suite_number(uint16_t version, const char *name)
{
	uint16_t all[TLS_IANA_SUITES_MAX];
	struct tls_iana_suite suite;
	size_t count = tls_iana_suites(version, all, COUNT_OF(all));
	for (size_t i = 0; i < count; i++)
		if (tls_iana_suite(all[i], &suite) && !strcmp(suite.name, name))
			return all[i];
	return 0;
}

static void session_take(struct check_endpoint *e, const struct check_probe_seen *seen)
{
	enum check_version v = check_version_find(seen->version);
	if (v == CHECK_VERSION_COUNT)
		return;
	e->has_tls = CHECK_YES;
	e->versions[v].is_there = CHECK_YES;
	suite_add(&e->versions[v], suite_number(check_version_number(v), seen->suite));
	if (v < CHECK_TLS13) {
		set_once(&e->has_ems, seen->facts.has_ems);
		set_once(&e->has_secure_renegotiation, seen->facts.has_secure_renegotiation);
	}
	ticket_take(e, seen);
}

static void handshake_take(struct check_handshake *h, const struct check_probe_seen *seen)
{
	h->is_done = seen_of(seen->is_done);
	snprintf(h->why, sizeof(h->why), "%s", seen->why);
	snprintf(h->version, sizeof(h->version), "%s", seen->version);
	snprintf(h->suite, sizeof(h->suite), "%s", seen->suite);
	snprintf(h->group, sizeof(h->group), "%s", seen->group);
	snprintf(h->signature, sizeof(h->signature), "%s", seen->facts.signature);
}

/* The best version that it has is what it chose, for this client has them all. */
static void newer_rule_out(struct check_endpoint *e, const struct check_probe_seen *seen)
{
	enum check_version chosen = check_version_find(seen->version);
	if (chosen >= CHECK_TLS10 && chosen <= CHECK_TLS12)
		set_once(&e->versions[CHECK_TLS13].is_there, false);
}

static void chosen_take(struct check_endpoint *e, const struct check_probe_seen *seen)
{
	struct check_suites *suites = &e->versions[CHECK_TLS13];
	if (check_version_find(seen->version) == CHECK_TLS13)
		suites->chosen = suite_number(TLS_1_3, seen->suite);
}

int check_facts_handshake(struct check_endpoint *e, const struct check_heard *h)
{
	if (!h->seen->was_tried)
		return 0;
	handshake_take(&e->handshake, h->seen);
	if (!h->seen->is_done)
		return 0;
	session_take(e, h->seen);
	newer_rule_out(e, h->seen);
	chosen_take(e, h->seen);
	e->proof = h->seen->proof;
	e->has_proof = true;
	return err_up(chain_take(e, h));
}

int check_facts_again(struct check_endpoint *e, const struct check_heard *h)
{
	if (!h->seen->is_done)
		return 0;
	session_take(e, h->seen);
	set_once(&e->handshake.is_resumed, h->seen->is_resumed);
	return err_up(chain_take(e, h));
}

void check_facts_renegotiation(struct check_endpoint *e, const struct check_probe_seen *seen)
{
	if (seen->renegotiates == CHECK_UNKNOWN)
		return;
	e->renegotiates = seen->renegotiates;
	e->renegotiations = seen->renegotiations;
}

void check_facts_no_sni(struct check_endpoint *e, const struct check_probe_seen *seen)
{
	e->works_without_sni = seen_of(seen->is_done);
	e->no_sni_is_same = seen->is_done && e->has_chain &&
	                    !memcmp(seen->proof.spki, e->chain.spki, sizeof(e->chain.spki));
}

/* --- Hellos by hand --- */

/* Versions from first to last are not there, unless they were met. */
static void rule_out(struct check_endpoint *e, enum check_version first, enum check_version last)
{
	for (enum check_version v = first; v <= last; v++)
		set_once(&e->versions[v].is_there, false);
}

/*
 * A server takes the latest version that both have: where it chose an earlier one, those between
 * are not there, and where it says protocol_version, none below is (RFC 8446 4.2.1, 6.2).
 */
int check_facts_version(struct check_endpoint *e, enum check_version asked,
                        const struct check_heard *h)
{
	const struct tls_answer *a = h->answer;
	bool is_refused = a->has_alert && a->alert_description == ALERT_PROTOCOL_VERSION;
	if (!is_hello(a)) {
		if (is_refused && asked < CHECK_TLS12)
			rule_out(e, CHECK_SSL3, asked);
		rule_out(e, asked, asked);
		return 0;
	}
	enum check_version version = check_version_of(a->version);
	hello_take(e, a);
	if (asked == CHECK_TLS12 || asked == CHECK_TLS13)
		e->tolerates = CHECK_YES;
	if (version > asked)
		return 0;
	rule_out(e, version + 1, asked);
	e->versions[version].chosen = a->suite;
	return err_up(chain_take(e, h));
}

void check_facts_ssl2(struct check_endpoint *e, const struct tls_answer *a)
{
	bool is_there = a->kind == TLS_ANSWER_SSL2;
	e->versions[CHECK_SSL2].is_there = seen_of(is_there);
	if (is_there)
		e->has_tls = CHECK_YES;
}

void check_facts_weak(struct check_endpoint *e, const struct tls_answer *a)
{
	struct tls_iana_suite suite;
	if (!is_hello(a)) {
		set_once(&e->takes_bad_suites, false);
		return;
	}
	hello_take(e, a);
	if (!tls_iana_suite(a->suite, &suite) || !tls_iana_suite_is_weak(&suite))
		return;
	e->takes_bad_suites = CHECK_YES;
	e->bad_suite = a->suite;
}

void check_facts_post_quantum(struct check_endpoint *e, const struct tls_answer *a)
{
	const struct tls_iana_group *group = is_hello(a) ? tls_iana_group(a->group) : NULL;
	bool is_pq = group && (group->kind == TLS_GROUP_HYBRID || group->kind == TLS_GROUP_KEM);
	if (is_pq)
		e->pq_group = a->group;
	if (is_pq)
		hello_take(e, a);
	e->has_pq = seen_of(is_pq && !group->is_draft);
}

void check_facts_sha1(struct check_endpoint *e, const struct tls_answer *a)
{
	const struct tls_iana_scheme *scheme =
		is_hello(a) && a->is_signed ? tls_iana_scheme(a->scheme) : NULL;
	if (is_hello(a))
		hello_take(e, a);
	e->takes_sha1 = seen_of(scheme && scheme->hash == TLS_HASH_SHA1);
}

void check_facts_fallback(struct check_endpoint *e, const struct tls_answer *a)
{
	if (is_hello(a))
		e->honours_fallback_scsv = CHECK_NO;
	else if (a->has_alert)
		e->honours_fallback_scsv =
			seen_of(a->alert_description == ALERT_INAPPROPRIATE_FALLBACK);
}

void check_facts_alpn(struct check_endpoint *e, const struct tls_answer *a)
{
	if (is_hello(a))
		snprintf(e->alpn, sizeof(e->alpn), "%s", a->alpn);
	e->alpn_is_strict = seen_of(!is_hello(a) || strcmp(a->alpn, "http/1.1") != 0);
}

/* --- Attacks --- */

/* What is longer than an alert, and than an honest answer to an empty heartbeat, is memory. */
void check_facts_heartbleed(struct check_endpoint *e, const struct check_reaction *r)
{
	enum { HONEST_LEN = 64 };
	if (!r)
		return;
	e->attacks.heartbleed = seen_of(r->kind == CHECK_REACTION_HEARTBEAT && r->len > HONEST_LEN);
}

/* A server that is well says unexpected_message, or ends. Silence may be anything. */
void check_facts_ccs(struct check_endpoint *e, const struct check_reaction *r)
{
	enum { BAD_RECORD_MAC = 20, DECRYPTION_FAILED = 21 };
	if (!r || r->kind == CHECK_REACTION_SILENCE)
		return;
	e->attacks.ccs = seen_of(r->kind == CHECK_REACTION_ALERT &&
	                         (r->alert == BAD_RECORD_MAC || r->alert == DECRYPTION_FAILED));
}

void check_facts_ticketbleed(struct check_endpoint *e, const struct check_reaction *r)
{
	if (r && r->kind != CHECK_REACTION_SILENCE)
		e->attacks.ticketbleed = seen_of(r->kind == CHECK_REACTION_BLED);
}

void check_facts_robot(struct check_endpoint *e,
                       const struct check_reaction reactions[TLS_PREMASTER_COUNT])
{
	bool differs = false;
	for (size_t i = 1; i < TLS_PREMASTER_COUNT; i++)
		differs |= !check_reaction_is_same(&reactions[0], &reactions[i]);
	e->attacks.robot = seen_of(differs);
}

/* --- Enumerations --- */

/* In the order in which they were chosen; what other hellos met before stands behind. */
static void suites_take(struct check_endpoint *e, const struct tls_enumeration *n)
{
	enum check_version version = check_version_of(n->version);
	struct check_suites *suites = &e->versions[version];
	struct check_suites before = *suites;
	suites->count = 0;
	suites->is_whole = false;
	for (size_t i = 0; i < n->accepted_count; i++)
		suite_add(suites, n->accepted[i].number);
	for (unsigned i = 0; i < before.count; i++)
		suite_add(suites, before.accepted[i]);
	suites->is_whole = n->is_done && !n->is_odd && n->accepted_count <= CHECK_SUITES_MAX;
	if (n->order != TLS_ORDER_UNKNOWN)
		suites->has_order = seen_of(n->order == TLS_ORDER_SERVER);
	if (n->is_done && !n->accepted_count && n->is_version_refused)
		set_once(&suites->is_there, false);
}

/* Two lists, TLS 1.3's and 1.2's, become one; whether it is whole is the plan's to say. */
static void groups_take(struct check_endpoint *e, const struct tls_enumeration *n)
{
	for (size_t i = 0; i < n->accepted_count; i++)
		group_add(e, n->accepted[i].number);
}

static void schemes_take(struct check_endpoint *e, const struct tls_enumeration *n)
{
	for (size_t i = 0; i < n->accepted_count; i++) {
		bool is_known = false;
		for (unsigned k = 0; k < e->sigalg_count; k++)
			is_known |= e->sigalgs[k] == n->accepted[i].number;
		if (!is_known && e->sigalg_count < CHECK_SIGALGS_MAX)
			e->sigalgs[e->sigalg_count++] = n->accepted[i].number;
	}
}

void check_facts_enumeration(struct check_endpoint *e, const struct tls_enumeration *n,
                             const struct tls_answer *a)
{
	dh_take(e, a);
	switch (n->kind) {
	case TLS_ENUMERATE_SUITES:
		suites_take(e, n);
		break;
	case TLS_ENUMERATE_GROUPS:
		groups_take(e, n);
		break;
	case TLS_ENUMERATE_SCHEMES:
		schemes_take(e, n);
		break;
	}
}
