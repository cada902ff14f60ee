#include "ask/way.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { A, AAAA, ALIAS, TLSA, QUESTIONS };

/* The questions of one host. */
struct host_search {
	struct way *way;
	struct policy_way_host *host;
	struct lookup_question *questions[QUESTIONS];
	unsigned addresses_open;
	enum policy_dns status[2]; /* of A and AAAA */
	bool is_through;
};

struct way {
	struct lookup *lookup;
	way_fn *fn;
	void *owner;
	struct lookup_question *mx;
	struct policy_way facts;
	struct host_search *searches;
	size_t room; /* for so many hosts, and searches */
	size_t open; /* hosts that are not through */
};

static void done(struct way *w)
{
	w->fn(w->owner, &w->facts); /* w may be gone */
}

static void host_done(struct host_search *s)
{
	struct policy_way_host *h = s->host;
	s->is_through = true;
	h->facts.name = h->name;
	h->facts.has_address = h->address_count > 0;
	h->facts.records = h->tlsa;
	h->facts.count = h->tlsa_count;
	if (!--s->way->open)
		done(s->way);
}

static void why_note(struct policy_way_host *h, const char *what,
                     const struct lookup_answer *answer)
{
	if (policy_dns_is_lost(answer->status) && !h->why[0])
		snprintf(h->why, sizeof(h->why), "%s: %s", what, answer->why ? answer->why : "");
}

static void question_end(struct host_search *s, int number)
{
	lookup_question_free(TAKE(s->questions[number]));
}

static int host_ask(struct host_search *s, int number, const char *name, enum dns_type type,
                    lookup_fn *fn)
{
	return lookup_ask(&s->questions[number], s->way->lookup, name, type, fn, s);
}

static void on_tlsa(void *owner, const struct lookup_answer *answer);

/* False: there was no memory for the question. */
static bool tlsa_ask(struct host_search *s, const char *base)
{
	char name[POLICY_WAY_NAME_CAP + 16];
	struct policy_way_host *h = s->host;
	snprintf(h->base, sizeof(h->base), "%s", base);
	snprintf(name, sizeof(name), "_25._tcp.%s", base);
	h->facts.was_asked = true;
	/* What another name had, vouched for or not, is not this one's. */
	free(TAKE(h->tlsa));
	h->tlsa_count = 0;
	return !host_ask(s, TLSA, name, DNS_TLSA, on_tlsa);
}

/* No memory to ask is no answer. */
static void host_give_up(struct host_search *s)
{
	s->host->facts.address = POLICY_DNS_FAILED;
	snprintf(s->host->why, sizeof(s->host->why), "out of memory");
	host_done(s);
}

static size_t records_count(struct slice packet, enum dns_type type)
{
	struct dns_message m;
	struct dns_record r;
	size_t count = 0;
	if (dns_message_open(&m, packet))
		return 0;
	while (!dns_message_next(&m, &r))
		count += r.type == type;
	return count;
}

/* False: no memory, and what is not known is no absence. */
static bool tlsa_take(struct policy_way_host *h, struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	size_t count = records_count(packet, DNS_TLSA);
	if (!count)
		return true;
	count = count < POLICY_TLSA_MAX ? count : POLICY_TLSA_MAX;
	h->tlsa = calloc(count, sizeof(*h->tlsa));
	if (!h->tlsa || dns_message_open(&m, packet))
		return false;
	while (h->tlsa_count < count && !dns_message_next(&m, &r))
		if (r.type == DNS_TLSA)
			policy_tlsa_take(&h->tlsa[h->tlsa_count++], &r);
	return true;
}

static void on_tlsa(void *owner, const struct lookup_answer *answer)
{
	struct host_search *s = owner;
	struct policy_way_host *h = s->host;
	h->facts.tlsa = answer->status;
	why_note(h, "TLSA", answer);
	if (!policy_dns_is_lost(answer->status) && !tlsa_take(h, answer->packet)) {
		h->facts.tlsa = POLICY_DNS_FAILED;
		snprintf(h->why, sizeof(h->why), "TLSA: out of memory");
	}
	question_end(s, TLSA);
	/* RFC 7672 2.2.3: behind a CNAME both names, the expanded one first. */
	bool has_other = h->is_alias && !strcmp(h->base, h->expanded);
	if (h->facts.tlsa == POLICY_DNS_SECURE && h->tlsa_count)
		has_other = false;
	if (!has_other || policy_dns_is_lost(h->facts.tlsa))
		host_done(s);
	else if (!tlsa_ask(s, h->name))
		host_give_up(s);
}

static void tlsa_begin(struct host_search *s)
{
	struct policy_way_host *h = s->host;
	h->facts.has_address = h->address_count > 0;
	if (!policy_wants_tlsa(&h->facts))
		host_done(s);
	else if (!tlsa_ask(s, h->facts.address == POLICY_DNS_SECURE ? h->expanded : h->name))
		host_give_up(s);
}

static void on_alias(void *owner, const struct lookup_answer *answer)
{
	struct host_search *s = owner;
	s->host->facts.alias = answer->status;
	question_end(s, ALIAS);
	tlsa_begin(s);
}

static void addresses_take(struct policy_way_host *h, struct slice packet, enum dns_type type)
{
	struct dns_message m;
	struct dns_record r;
	char target[DNS_NAME_CAP];
	if (dns_message_open(&m, packet))
		return;
	while (!dns_message_next(&m, &r)) {
		if (r.type == DNS_CNAME && !dns_cname_read(&m, &r, target)) {
			h->is_alias = true;
			if (dns_name_is_host(target)) /* a longer one has no TLSA to be asked for */
				snprintf(h->expanded, sizeof(h->expanded), "%.*s",
				         POLICY_WAY_NAME_CAP - 1, target);
		} else if (r.type == type && h->address_count < POLICY_WAY_ADDRESSES_MAX &&
		           !dns_address_read(&r, h->addresses[h->address_count])) {
			h->address_count++;
		}
	}
}

/*
 * The worse of both. But where one could not be had and the other has addresses, these are used,
 * and what vouches for them counts: the owner's name is the same, and so are its CNAMEs, its zone
 * and whether that is signed. So a failure never makes an answer less secure: behind a secure one
 * TLSA records are asked for and have to be had (RFC 7672 2.2.2). Signatures that do not hold are
 * no failure: somebody meddles.
 */
static enum policy_dns address_status(const struct host_search *s)
{
	enum policy_dns a = s->status[A], aaaa = s->status[AAAA];
	if (s->host->address_count && a == POLICY_DNS_FAILED && !policy_dns_is_lost(aaaa))
		return aaaa;
	if (s->host->address_count && aaaa == POLICY_DNS_FAILED && !policy_dns_is_lost(a))
		return a;
	return a > aaaa ? a : aaaa;
}

static void on_address(struct host_search *s, const struct lookup_answer *answer, int number)
{
	struct policy_way_host *h = s->host;
	s->status[number] = answer->status;
	why_note(h, number == A ? "A" : "AAAA", answer);
	if (!policy_dns_is_lost(answer->status))
		addresses_take(h, answer->packet, number == A ? DNS_A : DNS_AAAA);
	question_end(s, number);
	if (--s->addresses_open)
		return;
	h->facts.address = address_status(s);
	h->facts.alias = h->facts.address;
	if (!h->is_alias || h->facts.address != POLICY_DNS_INSECURE)
		tlsa_begin(s);
	else if (host_ask(s, ALIAS, h->name, DNS_CNAME, on_alias))
		host_give_up(s);
}

static void on_a(void *owner, const struct lookup_answer *answer)
{
	on_address(owner, answer, A);
}

static void on_aaaa(void *owner, const struct lookup_answer *answer)
{
	on_address(owner, answer, AAAA);
}

static void host_begin(struct host_search *s)
{
	struct policy_way_host *h = s->host;
	snprintf(h->expanded, sizeof(h->expanded), "%s", h->name);
	s->addresses_open = 2;
	if (host_ask(s, A, h->name, DNS_A, on_a) || host_ask(s, AAAA, h->name, DNS_AAAA, on_aaaa)) {
		question_end(s, A);
		host_give_up(s);
	}
}

static void hosts_begin(struct way *w)
{
	struct policy_way *f = &w->facts;
	size_t count = f->host_count; /* w is gone when the last is through at once */
	w->open = count;
	for (size_t i = 0; i < count; i++) {
		w->searches[i] = (struct host_search){ .way = w, .host = &f->hosts[i] };
		host_begin(&w->searches[i]);
	}
}

static bool room_make(struct way *w, size_t count)
{
	w->room = count < POLICY_WAY_HOSTS_MAX ? count : POLICY_WAY_HOSTS_MAX;
	w->facts.hosts = calloc(w->room, sizeof(*w->facts.hosts));
	w->searches = calloc(w->room, sizeof(*w->searches));
	return w->facts.hosts && w->searches;
}

/* Keeps the hosts in order of preference, as they came among equals. */
static void host_insert(struct way *w, uint16_t preference, const char *name)
{
	struct policy_way *f = &w->facts;
	size_t at = f->host_count;
	while (at && f->hosts[at - 1].preference > preference)
		at--;
	if (at == w->room || !dns_name_is_host(name)) {
		f->left_out++;
		return;
	}
	if (f->host_count == w->room)
		f->left_out++;
	else
		f->host_count++;
	memmove(&f->hosts[at + 1], &f->hosts[at], (f->host_count - 1 - at) * sizeof(f->hosts[0]));
	f->hosts[at] = (struct policy_way_host){ .preference = preference };
	snprintf(f->hosts[at].name, sizeof(f->hosts[at].name), "%.*s", POLICY_WAY_NAME_CAP - 1,
	         name);
}

static void mx_lost(struct policy_way *f, enum policy_dns status, const char *why)
{
	f->mx = status;
	f->end = POLICY_WAY_LOST;
	snprintf(f->why, sizeof(f->why), "%s", why ? why : "");
}

/* What the MX records say. Some that cannot be read are left out; if all are, nothing is known. */
static void mx_take(struct way *w, struct slice packet)
{
	struct policy_way *f = &w->facts;
	struct dns_message m;
	struct dns_record r;
	struct dns_mx mx;
	size_t records = records_count(packet, DNS_MX), bad = 0;
	bool has_null = false;
	f->is_implicit = !records;
	if (!room_make(w, records + f->is_implicit)) {
		mx_lost(f, POLICY_DNS_FAILED, "out of memory");
		return;
	}
	if (f->is_implicit)
		host_insert(w, 0, f->domain);
	if (dns_message_open(&m, packet))
		return;
	while (!dns_message_next(&m, &r)) {
		if (r.type != DNS_MX)
			continue;
		if (strcmp(r.name, f->domain) != 0)
			snprintf(f->expanded, sizeof(f->expanded), "%.*s", POLICY_WAY_NAME_CAP - 1,
			         r.name);
		if (dns_mx_read(&m, &r, &mx))
			bad++;
		else if (mx.host[0])
			host_insert(w, mx.preference, mx.host);
		else
			has_null = true;
	}
	f->left_out += bad;
	if (has_null && records == 1)
		f->end = POLICY_WAY_NULL_MX;
	else if (bad && bad == records)
		mx_lost(f, POLICY_DNS_FAILED, "its MX records cannot be read");
}

static void on_mx(void *owner, const struct lookup_answer *answer)
{
	struct way *w = owner;
	struct policy_way *f = &w->facts;
	f->mx = answer->status;
	if (policy_dns_is_lost(answer->status))
		mx_lost(f, answer->status, answer->why);
	else if (!answer->is_name_there)
		f->end = POLICY_WAY_NO_DOMAIN;
	else
		mx_take(w, answer->packet);
	lookup_question_free(TAKE(w->mx));
	if (f->end == POLICY_WAY_HOSTS && f->host_count)
		hosts_begin(w);
	else
		done(w);
}

int way_new(struct way **ret_way, struct lookup *lookup, const char *domain, bool is_host,
            way_fn *fn, void *owner)
{
	struct way *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	w->lookup = lookup;
	w->fn = fn;
	w->owner = owner;
	snprintf(w->facts.domain, sizeof(w->facts.domain), "%s", domain);
	int r = is_host ? room_make(w, 1) ? 0 : err_raise(-ENOMEM)
	                : lookup_ask(&w->mx, lookup, domain, DNS_MX, on_mx, w);
	if (r) {
		way_free(w);
		return err_up(r);
	}
	*ret_way = w;
	if (is_host) {
		w->facts.is_implicit = true;
		host_insert(w, 0, domain);
		hosts_begin(w);
	}
	return 0;
}

/* What was asked for and what would be asked for next could not be had. */
static void host_hurry(struct host_search *s)
{
	struct policy_way_host *h = s->host;
	if (!h->why[0])
		snprintf(h->why, sizeof(h->why), "no answer in time");
	for (int number = A; number <= AAAA; number++)
		if (s->questions[number])
			s->status[number] = POLICY_DNS_FAILED;
	if (s->addresses_open)
		h->facts.alias = h->facts.address = address_status(s);
	if (s->questions[ALIAS])
		h->facts.alias = POLICY_DNS_FAILED;
	h->facts.has_address = h->address_count > 0;
	h->facts.was_asked = h->facts.was_asked || policy_wants_tlsa(&h->facts);
	h->facts.tlsa = POLICY_DNS_FAILED;
	for (int number = 0; number < QUESTIONS; number++)
		question_end(s, number);
	host_done(s);
}

void way_hurry(struct way *w)
{
	if (w->mx) {
		lookup_question_free(TAKE(w->mx));
		mx_lost(&w->facts, POLICY_DNS_FAILED, "no answer in time");
		done(w);
		return;
	}
	size_t left = w->open; /* w is gone with the last of them */
	for (size_t i = 0; left; i++) {
		if (w->searches[i].is_through)
			continue;
		left--;
		host_hurry(&w->searches[i]);
	}
}

void way_take(struct way *w, struct policy_way *ret_facts)
{
	*ret_facts = w->facts;
	w->facts = (struct policy_way){};
}

void way_free(struct way *w)
{
	if (!w)
		return;
	lookup_question_free(w->mx);
	for (size_t i = 0; w->searches && i < w->facts.host_count; i++)
		for (int number = 0; number < QUESTIONS; number++)
			lookup_question_free(w->searches[i].questions[number]);
	free(w->searches);
	policy_way_deinit(&w->facts);
	free(w);
}
