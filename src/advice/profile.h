/*
 * What authorities recommend for TLS: named profiles, one row each. For `report impact` (who would
 * break), and for whoever judges a server by them.
 */
#ifndef ADVICE_PROFILE_H
#define ADVICE_PROFILE_H

#include "tls/server.h"
#include "tls/suite.h"

/* Who is at the other end: a provider, on port 25, or a user or a host of our own. */
enum advice_side { ADVICE_PROVIDERS, ADVICE_USERS, ADVICE_SIDE_COUNT };

enum advice_suites {
	ADVICE_SUITES_AEAD = 1 << 0,      /* ECDHE; those of TLS 1.3 are in every profile */
	ADVICE_SUITES_CBC_SHA2 = 1 << 1,  /* ECDHE */
	ADVICE_SUITES_CBC_SHA1 = 1 << 2,  /* ECDHE */
	ADVICE_SUITES_DHE = 1 << 3,       /* finite fields, 2048 bits */
	ADVICE_SUITES_ALL = (1 << 4) - 1, /* forward secrecy, whatever else */
};

struct advice_profile {
	const char *name;   /* "ncsc2025" */
	const char *source; /* the document */
	enum tls_version min_version;
	unsigned suites[ADVICE_SIDE_COUNT]; /* enum advice_suites */
	const char *groups;                 /* ":" between, the best first */
};

extern const struct advice_profile advice_profiles[];
extern const size_t advice_profile_count;

/* NULL: there is none of that name. */
const struct advice_profile *advice_profile_find(const char *name);

/* The profile has this suite. */
bool advice_profile_takes(const struct advice_profile *profile, enum advice_side side,
                          const struct tls_suite *suite);

#endif
