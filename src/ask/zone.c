#include "ask/zone.h"

#include "base/clean.h"
#include "base/err.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KINDS = 2 };

static const enum dns_type kinds[KINDS] = { DNS_A, DNS_AAAA };

struct zone_server {
	struct zone_question *zone;
	char name[DNS_NAME_CAP];
	struct lookup_question *asked[KINDS];
	size_t count; /* of its addresses */
	unsigned open;
};

struct zone_question {
	struct zone_settings set;
	zone_fn *fn;
	void *owner;
	char name[DNS_NAME_CAP];
	const char *at; /* the part of the name that is asked for */
	struct lookup_question *ns;
	struct zone_server servers[ZONE_SERVERS_MAX];
	size_t server_count;
	unsigned open; /* servers whose addresses are asked for */
	char addresses[ZONE_ADDRESSES_MAX][ZONE_ADDRESS_CAP];
	size_t count;
	char why[ZONE_WHY_CAP];
	struct io_later end;
	bool is_told;
};

static void on_end(struct io_later *later)
{
	struct zone_question *q =
		(struct zone_question *)((char *)later - offsetof(struct zone_question, end));
	if (q->is_told)
		return;
	q->is_told = true;
	q->fn(q->owner, (const char(*)[ZONE_ADDRESS_CAP])q->addresses, q->count,
	      q->why[0] ? q->why : NULL);
}

static void fail(struct zone_question *q, const char *what, const char *why)
{
	if (!q->why[0])
		snprintf(q->why, sizeof(q->why), "%.100s: %.50s", what, why);
	io_later_add(q->set.loop, &q->end);
}

/* --- by a stub --- */

static bool is_in(const char *name, const char *zone)
{
	size_t name_len = strlen(name), len = strlen(zone);
	len -= len && zone[len - 1] == '.';
	if (len > name_len || strncasecmp(name + name_len - len, zone, len) != 0)
		return false;
	return !len || len == name_len || name[name_len - len - 1] == '.';
}

/* The nearest zone's, all of them. */
static void stubs_take(struct zone_question *q)
{
	size_t best = 0;
	for (size_t i = 0; i < q->set.stub_count; i++) {
		const struct lookup_stub *s = &q->set.stubs[i];
		size_t len = strlen(s->zone) + 1;
		if (!is_in(q->name, s->zone) || len < best)
			continue;
		if (len > best)
			q->count = 0;
		best = len;
		if (q->count < ZONE_ADDRESSES_MAX)
			snprintf(q->addresses[q->count++], ZONE_ADDRESS_CAP, "%s", s->address);
	}
}

/* --- by NS records --- */

static void addresses_read(struct zone_server *s, struct slice packet)
{
	struct zone_question *q = s->zone;
	struct dns_message m;
	struct dns_record r;
	if (dns_message_open(&m, packet))
		return;
	while (s->count < ZONE_SERVER_ADDRESSES_MAX && !dns_message_next(&m, &r))
		if (!dns_address_read(&r, q->addresses[q->count])) {
			q->count++;
			s->count++;
		}
}

static void on_addresses(void *owner, const struct lookup_answer *answer)
{
	struct zone_server *s = owner;
	struct zone_question *q = s->zone;
	if (policy_dns_is_lost(answer->status))
		fail(q, s->name, answer->why ? answer->why : "its addresses are not known");
	else
		addresses_read(s, answer->packet);
	if (--s->open)
		return;
	if (!s->count)
		fail(q, s->name, "a name server without address");
	if (!--q->open)
		io_later_add(q->set.loop, &q->end);
}

static int server_ask(struct zone_question *q, struct zone_server *s)
{
	s->zone = q;
	q->open++;
	for (size_t i = 0; i < KINDS; i++) {
		int r = lookup_ask(&s->asked[i], q->set.lookup, s->name, kinds[i], on_addresses, s);
		if (r)
			return err_up(r);
		s->open++;
	}
	return 0;
}

static void ns_read(struct zone_question *q, struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	if (dns_message_open(&m, packet))
		return;
	while (q->server_count < ZONE_SERVERS_MAX && !dns_message_next(&m, &r))
		if (r.type == DNS_NS && !strcasecmp(r.name, q->at) &&
		    !dns_cname_read(&m, &r, q->servers[q->server_count].name))
			q->server_count++;
}

static int ns_ask(struct zone_question *q);

static void on_ns(void *owner, const struct lookup_answer *answer)
{
	struct zone_question *q = owner;
	bool is_lost = policy_dns_is_lost(answer->status);
	if (is_lost)
		fail(q, q->at, answer->why ? answer->why : "its name servers are not known");
	else
		ns_read(q, answer->packet);
	lookup_question_free(TAKE(q->ns)); /* and with it the answer */
	if (is_lost)
		return;
	int r = 0;
	if (!q->server_count) { /* a zone begins further up */
		q->at += strcspn(q->at, ".");
		q->at += *q->at == '.';
		r = *q->at ? ns_ask(q) : -ENOENT;
	}
	for (size_t i = 0; !r && i < q->server_count; i++)
		r = server_ask(q, &q->servers[i]);
	if (r)
		fail(q, q->name, r == -ENOENT ? "no zone with name servers" : strerror(-r));
}

static int ns_ask(struct zone_question *q)
{
	return err_up(lookup_ask(&q->ns, q->set.lookup, q->at, DNS_NS, on_ns, q));
}

int zone_ask(struct zone_question **ret_q, const struct zone_settings *settings, const char *name,
             zone_fn *fn, void *owner)
{
	struct zone_question *q = calloc(1, sizeof(*q));
	if (!q)
		return err_raise(-ENOMEM);
	q->set = *settings;
	q->fn = fn;
	q->owner = owner;
	q->end.fn = on_end;
	snprintf(q->name, sizeof(q->name), "%s", name);
	q->at = q->name;
	stubs_take(q);
	int r = 0;
	if (q->count)
		io_later_add(q->set.loop, &q->end);
	else
		r = ns_ask(q);
	if (r) {
		zone_question_free(q);
		return err_up(r);
	}
	*ret_q = q;
	return 0;
}

void zone_question_free(struct zone_question *q)
{
	if (!q)
		return;
	io_later_remove(q->set.loop, &q->end);
	lookup_question_free(q->ns);
	for (size_t i = 0; i < q->server_count; i++)
		for (size_t k = 0; k < KINDS; k++)
			lookup_question_free(q->servers[i].asked[k]);
	free(q);
}
