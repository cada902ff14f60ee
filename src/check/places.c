#include "check/places.h"

#include "base/clean.h"

#include <stdio.h>

#define IT(service) (1u << CHECK_##service)
#define READING (IT(IMAPS) | IT(IMAP) | IT(POP3S) | IT(POP3))
#define SENDING (IT(SUBMISSIONS) | IT(SUBMISSION))

/* The domain itself has a web server, often; mail programs are sent elsewhere, or it is an MX. */
const struct check_habit check_habits[CHECK_HABITS] = {
	{ "", IT(HTTPS) },
	{ "mail.", READING | SENDING | IT(MANAGESIEVE) | IT(HTTPS) },
	{ "imap.", IT(IMAPS) | IT(IMAP) | IT(MANAGESIEVE) },
	{ "smtp.", SENDING },
	{ "pop.", IT(POP3S) | IT(POP3) },
	{ "pop3.", IT(POP3S) | IT(POP3) },
	{ "webmail.", IT(HTTPS) },
	{ "autoconfig.", IT(HTTPS) },
	{ "autodiscover.", IT(HTTPS) },
	{ "mta-sts.", IT(HTTPS) },
};

/* The first is the one where it is looked for. */
static const uint16_t ports[CHECK_SERVICE_COUNT][3] = {
	[CHECK_SMTP] = { 25 },         [CHECK_SUBMISSION] = { 587, 25, 2525 },
	[CHECK_SUBMISSIONS] = { 465 }, [CHECK_IMAP] = { 143 },
	[CHECK_IMAPS] = { 993 },       [CHECK_POP3] = { 110 },
	[CHECK_POP3S] = { 995 },       [CHECK_MANAGESIEVE] = { 4190, 2000 },
	[CHECK_HTTPS] = { 443 },       [CHECK_TLS] = { 443 },
};

bool check_port_is_usual(enum check_service service, unsigned port)
{
	for (size_t i = 0; i < COUNT_OF(ports[0]); i++)
		if (port && ports[service][i] == port)
			return true;
	return false;
}

unsigned check_habit_of(const char *domain, const char *host)
{
	char name[POLICY_WAY_NAME_CAP + 16];
	for (size_t i = 0; i < CHECK_HABITS; i++) {
		snprintf(name, sizeof(name), "%s%s", check_habits[i].prefix, domain);
		if (!strcmp(name, host))
			return check_habits[i].services;
	}
	return 0;
}

struct finding {
	struct check_places *places;
	const struct check_domain *domain;
	const struct check_addresses *addresses;
};

/* A web server is another under each name. Of a mail server that nobody named it is enough to look
 * once, under the name that comes first: connections are what its owner minds. */
static bool is_there(const struct check_places *p, const struct check_place *place, bool is_named)
{
	bool minds_name = is_named || place->service == CHECK_HTTPS;
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].port == place->port && !strcmp(p->list[i].address, place->address) &&
		    (!minds_name || !strcmp(p->list[i].host, place->host)))
			return true;
	return false;
}

/* At each of the host's addresses. is_named: by MX, SRV or autoconfig. */
static void place_add(struct finding *f, unsigned host, const struct check_named *at, bool is_named)
{
	const struct check_host *h = &f->domain->hosts[host];
	struct check_place place = { .port = at->port,
		                     .service = at->service,
		                     .origin = h->origin };
	memcpy(place.host, h->name, sizeof(place.host));
	for (unsigned i = 0; i < f->addresses[host].count; i++) {
		memcpy(place.address, f->addresses[host].list[i], sizeof(place.address));
		if (is_there(f->places, &place, is_named))
			continue;
		if (f->places->count < CHECK_ENDPOINTS_MAX)
			f->places->list[f->places->count++] = place;
		else
			f->places->left_out++;
	}
}

static void services_add(struct finding *f, unsigned host, unsigned services)
{
	for (unsigned s = 0; s < CHECK_SERVICE_COUNT; s++)
		if (services & (1u << s))
			place_add(f, host, &(struct check_named){ host, ports[s][0], s }, false);
}

/*
 * What users may meet at a host without its being named. Another provider's host is looked at where
 * the domain sends mail or users to it, and nowhere else: an MX of a large provider has nothing to
 * do with passwords of this domain, and its other ports are none of our business. Its web server
 * is: it answers under a name of the domain.
 */
static unsigned habits_of(const struct finding *f, const struct check_host *h)
{
	unsigned habit = check_habit_of(f->domain->name, h->name);
	return h->is_provider == CHECK_YES ? habit & IT(HTTPS) : habit;
}

static unsigned mx_services(const struct check_host *h)
{
	return h->is_mx && h->is_provider != CHECK_YES ? READING | SENDING | IT(MANAGESIEVE) : 0;
}

/* SRV and autoconfig may name any port of anybody: of others' hosts only those where mail is. */
static bool may_be_named(const struct check_host *h, const struct check_named *n)
{
	return h->is_provider == CHECK_NO || check_port_is_usual(n->service, n->port);
}

void check_places_find(struct check_places *ret_places, const struct check_domain *domain,
                       const struct check_addresses *addresses, const struct check_named *named,
                       unsigned named_count)
{
	struct finding f = { ret_places, domain, addresses };
	ret_places->count = ret_places->left_out = 0;
	for (unsigned i = 0; i < domain->host_count; i++)
		if (domain->hosts[i].is_mx)
			place_add(&f, i,
			          &(struct check_named){ i, ports[CHECK_SMTP][0], CHECK_SMTP },
			          true);
	for (unsigned i = 0; i < named_count; i++)
		if (may_be_named(&domain->hosts[named[i].host], &named[i]))
			place_add(&f, named[i].host, &named[i], true);
	for (unsigned i = 0; i < domain->host_count; i++)
		services_add(&f, i, habits_of(&f, &domain->hosts[i]));
	for (unsigned i = 0; i < domain->host_count; i++)
		services_add(&f, i, mx_services(&domain->hosts[i]));
}
