/*
 * What DNS and web servers say of a domain, and which of its places are to be looked at: MX hosts,
 * their addresses and TLSA records, MTA-STS, TLSRPT, CAA, SRV, autoconfig (reference: checks A, F).
 * Facts only. It connects to web servers; to no port of mail.
 *
 * It ends in time whatever happens: what is not answered by then counts as not to be had.
 */
#ifndef CHECK_DISCOVER_H
#define CHECK_DISCOVER_H

#include "check/places.h"

struct check_discovery;
struct fetch;
struct io_loop;
struct lookup;

enum { CHECK_DISCOVER_MS = 20000 };

struct check_discover_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	/* Nothing but the public internet is connected to (base/address.h). The fetch has to be
	 * made with address_is_special for its settings' refuses, which holds for all it does.
	 */
	bool refuses_private;
	bool refuses_inside;  /* what nobody outside can reach is not: a stranger's records would
	                         choose hosts of our network. The fetch: address_is_inside */
	int family;           /* AF_INET or AF_INET6: places of that alone; 0: of both */
	unsigned deadline_ms; /* 0: CHECK_DISCOVER_MS */
};

/* The facts are there, but for endpoints. places are the discovery's, which may be freed from
 * inside. */
typedef void check_discover_fn(void *owner, const struct check_places *places);

/*
 * fn is called once, in a later turn, unless it is freed before.
 *
 * domain: dns_name_is_host(), in lower case
 * facts:  zeroed, to be filled in; the caller's as long as it lasts, and to be
 *         check_domain_deinit()ed
 */
[[nodiscard]] int check_discover_new(struct check_discovery **ret_discovery,
                                     const struct check_discover_settings *set, const char *domain,
                                     struct check_domain *facts, check_discover_fn *fn,
                                     void *owner);
void check_discover_free(struct check_discovery *d);

#endif
