/* Facts for tests: a domain and endpoints that have nothing wrong, for a test to spoil. */
#ifndef CHECK_TEST_FACTS_H
#define CHECK_TEST_FACTS_H

#include "check/domain.h"

enum { FACTS_NOW = 1800000000, FACTS_DAY = 24 * 3600 };

enum facts_endpoint {
	FACTS_MX,
	FACTS_MX6, /* the same host, another address */
	FACTS_MX2,
	FACTS_SUBMISSION,
	FACTS_SUBMISSIONS,
	FACTS_IMAP,
	FACTS_IMAPS,
	FACTS_POP3,
	FACTS_POP3S,
	FACTS_SIEVE,
	FACTS_WEB,
	FACTS_STS,
	FACTS_ENDPOINT_COUNT
};

struct facts {
	struct check_domain domain;
	struct check_endpoint endpoints[FACTS_ENDPOINT_COUNT];
	struct policy_way_host hosts[2];
	struct policy_tlsa tlsa[2][2]; /* of each host */
};

/* example.org: everything passes. On the heap, for it is large; free() it. */
struct facts *facts_new(void);

#endif
