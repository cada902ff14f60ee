/*
 * Which places of a domain are looked at: host, address, port, service. Pure: from the names that
 * were found and what they are for.
 */
#ifndef CHECK_PLACES_H
#define CHECK_PLACES_H

#include "check/domain.h"

struct check_place {
	char host[POLICY_WAY_NAME_CAP]; /* to ask for, and SNI */
	char address[DNS_ADDRESS_CAP];
	uint16_t port;
	enum check_service service;
	enum check_origin origin;
};

/* In the order in which they matter: MX hosts' port 25, then what SRV and autoconfig name, then
 * usual ports of usual names, then those of MX hosts. None stands there twice; a mail server whose
 * address and port are there under one name is not for a second that is only usual. */
struct check_places {
	struct check_place list[CHECK_ENDPOINTS_MAX];
	unsigned count;
	unsigned left_out;
};

/* A host's addresses that may be connected to. */
struct check_addresses {
	char list[POLICY_WAY_ADDRESSES_MAX][DNS_ADDRESS_CAP];
	unsigned count;
};

/* A server that SRV or autoconfig names. */
struct check_named {
	unsigned host; /* of domain->hosts */
	uint16_t port;
	enum check_service service;
};

/* What is usual below a domain, and what for. The first is the domain itself. */
struct check_habit {
	const char *prefix; /* "mail.", ... */
	unsigned services;  /* 1 << enum check_service */
};
enum { CHECK_HABITS = 10 };
extern const struct check_habit check_habits[CHECK_HABITS];
/* The services of a host, if it is one of these; else 0. */
unsigned check_habit_of(const char *domain, const char *host);

/* Has a service's usual port, or one that many servers have for it. */
bool check_port_is_usual(enum check_service service, unsigned port);

/* addresses: of domain->hosts, in the same order. */
void check_places_find(struct check_places *ret_places, const struct check_domain *domain,
                       const struct check_addresses *addresses, const struct check_named *named,
                       unsigned named_count);

#endif
