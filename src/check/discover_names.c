#include "check/discover_private.h"

#include "base/address.h"
#include "base/clean.h"
#include "check/records.h"

#include <libpsl.h>
#include <stdio.h>
#include <sys/socket.h>

enum { CLIMB_MAX = 16 }; /* a stranger's name may have more labels than it is worth */

/* The domain that somebody registered; the name itself where there is none. */
static const char *registered(const char *name)
{
	const char *found = psl_registrable_domain(psl_builtin(), name);
	return found ? found : name;
}

/* Names that a host goes by. */
static enum check_seen is_provider(const struct check_discovery *d, const char *name,
                                   const char *expanded)
{
	const char *own = registered(d->facts->name);
	bool is_own = !strcmp(registered(name), own) &&
	              (!expanded[0] || !strcmp(registered(expanded), own));
	return is_own ? CHECK_NO : CHECK_YES;
}

void check_discover_address_add(struct check_discovery *d, struct check_host *host,
                                struct check_addresses *to, const char *address)
{
	/* Examples count as of the outside: that is what labs use them for. */
	bool is_private = address_is_inside(address);
	bool is_refused = d->set.refuses_private ? address_is_special(address)
	                                         : d->set.refuses_inside && is_private;
	host->has_address = true;
	if (is_private && !host->address_is_private)
		snprintf(host->private_address, sizeof(host->private_address), "%s", address);
	host->address_is_private = host->address_is_private || is_private;
	if (is_refused)
		d->facts->addresses_refused++;
	else if (d->set.family && (d->set.family == AF_INET6) != (strchr(address, ':') != NULL))
		return;
	else if (to->count < POLICY_WAY_ADDRESSES_MAX)
		snprintf(to->list[to->count++], DNS_ADDRESS_CAP, "%s", address);
}

static void host_begin(struct check_host *h, const char *name, enum check_origin origin)
{
	*h = (struct check_host){ .origin = origin,
		                  .is_mx = origin == CHECK_FROM_MX,
		                  .address = POLICY_DNS_FAILED,
		                  .caa.status = POLICY_DNS_FAILED,
		                  .is_literal = address_is_literal(name),
		                  .is_single_label = !strchr(name, '.') };
	snprintf(h->name, sizeof(h->name), "%s", name);
}

/* CAA: of the name, then of those above it (RFC 8659 3). */
static void on_caa(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_txt *to = t->subject;
	const char *up = strchr(t->name, '.');
	check_records_caa(to, answer->status, answer->packet);
	if (policy_dns_is_lost(answer->status) || to->count || !up || t->number == CLIMB_MAX)
		return;
	to->status = POLICY_DNS_FAILED; /* until that is answered too */
	check_task_ask(t->discovery, up + 1, DNS_CAA, on_caa, to, t->number + 1);
}

void check_discover_caa(struct check_discovery *d, const char *name, struct check_txt *to)
{
	to->status = POLICY_DNS_FAILED;
	check_task_ask(d, name, DNS_CAA, on_caa, to, 0);
}

static void host_caa(struct check_discovery *d, struct check_host *h)
{
	h->caa_is_asked = true;
	check_discover_caa(d, h->name, &h->caa);
}

static void addresses_take(struct check_discovery *d, struct check_seeker *s, struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	char text[DNS_NAME_CAP];
	if (dns_message_open(&m, packet))
		return;
	while (!dns_message_next(&m, &r)) {
		if (r.type == DNS_CNAME && !dns_cname_read(&m, &r, text)) {
			s->host->is_alias = true;
			if (dns_name_is_host(text))
				snprintf(s->expanded, sizeof(s->expanded), "%.*s",
				         POLICY_WAY_NAME_CAP - 1, text);
		} else if (!dns_address_read(&r, text)) {
			check_discover_address_add(d, s->host, s->addresses, text);
		}
	}
}

/* As ask/way.c has it. */
static enum policy_dns address_status(const struct check_seeker *s)
{
	enum policy_dns a = s->status[0], aaaa = s->status[1];
	if (s->host->has_address && a == POLICY_DNS_FAILED && !policy_dns_is_lost(aaaa))
		return aaaa;
	if (s->host->has_address && aaaa == POLICY_DNS_FAILED && !policy_dns_is_lost(a))
		return a;
	return a > aaaa ? a : aaaa;
}

bool check_discover_sought(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_seeker *s = t->subject;
	s->status[t->number] = answer->status;
	addresses_take(t->discovery, s, answer->packet);
	if (--s->open)
		return false;
	s->host->address = address_status(s);
	return true;
}

void check_discover_seek(struct check_discovery *d, struct check_seeker *s, const char *name,
                         check_answer_fn *fn)
{
	s->status[0] = s->status[1] = POLICY_DNS_FAILED;
	s->open = 2;
	check_task_ask(d, name, DNS_A, fn, s, 0);
	check_task_ask(d, name, DNS_AAAA, fn, s, 1);
}

static void on_host(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_discovery *d = t->discovery;
	struct check_seeker *s = t->subject;
	if (!check_discover_sought(t, answer))
		return;
	s->host->is_provider = is_provider(d, s->host->name, s->expanded);
	if (s->host->has_address &&
	    check_habit_of(d->facts->name, s->host->name) & (1u << CHECK_HTTPS))
		host_caa(d, s->host);
	check_discover_documents(d, s);
}

struct check_seeker *check_discover_host(struct check_discovery *d, const char *name,
                                         enum check_origin origin, unsigned *ret_host)
{
	struct check_seeker *s = d->others;
	unsigned at = POLICY_WAY_HOSTS_MAX;
	for (unsigned i = 0; i < d->other_count; i++, s++, at++) {
		if (!strcmp(s->host->name, name)) {
			*ret_host = at;
			return s;
		}
	}
	if (d->other_count == CHECK_OTHERS_MAX || !dns_name_is_host(name))
		return NULL;
	d->other_count++;
	*s = (struct check_seeker){ .host = &d->facts->hosts[at], .addresses = &d->addresses[at] };
	*ret_host = at;
	host_begin(s->host, name, origin);
	if (s->host->is_literal) {
		check_discover_address_add(d, s->host, s->addresses, name);
		s->host->is_provider = CHECK_YES;
		return s;
	}
	check_discover_seek(d, s, name, on_host);
	return s;
}

void check_discover_name(struct check_discovery *d, const char *host, enum check_origin origin,
                         enum check_service service, uint16_t port)
{
	unsigned at;
	struct check_seeker *s;
	/* Where strangers say what is looked at, theirs is no choice of ports, either. */
	if (d->set.refuses_private && !check_port_is_usual(service, port))
		return;
	if (d->named_count == CHECK_NAMED_MAX || !(s = check_discover_host(d, host, origin, &at)))
		return;
	if (s->host->origin == CHECK_FROM_HABIT)
		s->host->origin = origin;
	d->named[d->named_count++] =
		(struct check_named){ .host = at, .port = port, .service = service };
}

void check_discover_habits(struct check_discovery *d)
{
	char name[POLICY_WAY_NAME_CAP + 16];
	unsigned at;
	for (size_t i = 0; i < CHECK_HABITS; i++) {
		snprintf(name, sizeof(name), "%s%s", check_habits[i].prefix, d->facts->name);
		(void)check_discover_host(d, name, CHECK_FROM_HABIT, &at);
	}
}

static void probe_why(struct check_host *h, const char *what, const struct lookup_answer *answer)
{
	if (policy_dns_is_lost(answer->status) && !h->tlsa_why[0])
		snprintf(h->tlsa_why, sizeof(h->tlsa_why), "%s: %s", what,
		         answer->why ? answer->why : "");
}

static void on_tlsa(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_host *h = t->subject;
	h->tlsa_probe = answer->status;
	h->tlsa_ttl_s = check_records_ttl_s(answer->packet, DNS_TLSA);
	probe_why(h, "TLSA", answer);
}

static void on_tlsa_name(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_host *h = t->subject;
	h->tlsa_name_probe = answer->status;
	probe_why(h, "A", answer);
}

/* Senders with DANE ask for TLSA records, also where they are in doubt: what fails there defers
 * their mail. An A question at the name shows whether its denial holds for others too (A7). */
static void tlsa_begin(struct check_discovery *d, struct check_host *h, const char *base)
{
	char name[POLICY_WAY_NAME_CAP + 16];
	snprintf(name, sizeof(name), "_25._tcp.%s", base);
	h->tlsa_was_asked = true;
	h->tlsa_probe = h->tlsa_name_probe = POLICY_DNS_FAILED;
	check_task_ask(d, name, DNS_TLSA, on_tlsa, h, 0);
	check_task_ask(d, name, DNS_A, on_tlsa_name, h, 0);
}

void check_discover_mx(struct check_discovery *d)
{
	const struct policy_way *w = &d->facts->way;
	for (size_t i = 0; i < w->host_count; i++) {
		const struct policy_way_host *from = &w->hosts[i];
		struct check_host *h = &d->facts->hosts[i];
		host_begin(h, from->name, CHECK_FROM_MX);
		if (h->is_literal)
			continue;
		tlsa_begin(d, h, from->base[0] ? from->base : from->expanded);
		host_caa(d, h);
	}
}

/* What the way found of an MX host; also where it was late. */
static void mx_settle(struct check_discovery *d, size_t i)
{
	const struct policy_way_host *from = &d->facts->way.hosts[i];
	struct check_host *h = &d->facts->hosts[i];
	if (!h->name[0])
		host_begin(h, from->name, CHECK_FROM_MX);
	h->address = from->facts.address;
	h->is_alias = from->is_alias;
	h->is_provider = is_provider(d, from->name, from->is_alias ? from->expanded : "");
	for (size_t k = 0; k < from->address_count; k++)
		check_discover_address_add(d, h, &d->addresses[i], from->addresses[k]);
}

/* The MX host of that name, or count. */
static unsigned mx_find(const struct check_domain *f, unsigned count, const char *name)
{
	unsigned i = 0;
	while (i < count && strcmp(f->hosts[i].name, name) != 0)
		i++;
	return i;
}

/* A usual name that nobody made. */
static bool is_nothing(const struct check_host *h)
{
	return h->origin == CHECK_FROM_HABIT && !h->has_address && !policy_dns_is_lost(h->address);
}

/* Moves it to the end of those that are settled, unless it is there by its name, or nothing. */
static unsigned other_settle(struct check_discovery *d, unsigned at)
{
	struct check_domain *f = d->facts;
	unsigned to = mx_find(f, (unsigned)f->way.host_count, f->hosts[at].name);
	if (to < f->way.host_count || is_nothing(&f->hosts[at]))
		return to;
	to = f->host_count++;
	memmove(&f->hosts[to], &f->hosts[at], sizeof(f->hosts[at]));
	memmove(&d->addresses[to], &d->addresses[at], sizeof(d->addresses[at]));
	return to;
}

void check_discover_hosts_settle(struct check_discovery *d)
{
	struct check_domain *f = d->facts;
	unsigned now[CHECK_NAMES_MAX] = {}; /* where each is afterwards */
	f->host_count = (unsigned)f->way.host_count;
	for (unsigned i = 0; i < f->way.host_count; i++)
		mx_settle(d, i);
	for (unsigned i = 0; i < d->other_count; i++)
		now[POLICY_WAY_HOSTS_MAX + i] = other_settle(d, POLICY_WAY_HOSTS_MAX + i);
	memset(&f->hosts[f->host_count], 0,
	       (CHECK_NAMES_MAX - f->host_count) * sizeof(f->hosts[0]));
	for (unsigned i = 0; i < d->named_count; i++)
		d->named[i].host = now[d->named[i].host];
}
