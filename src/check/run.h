/*
 * Looks at domains, from the name to the verdict: discovery (check/discover.h), endpoints
 * (check/look.h), judgement (check/judge.h). So many domains at a time; the rest wait. What two
 * domains share, an MX host, is looked at once.
 */
#ifndef CHECK_RUN_H
#define CHECK_RUN_H

#include "check/finding.h"
#include "check/look.h"
#include "check/places.h"

struct check_run;
struct fetch;
struct io_loop;
struct lookup;

enum { CHECK_RUN_DOMAINS = 16 }; /* at a time, unless the settings say otherwise */

struct check_run_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct check_look *look;
	const struct advice_profile *profile;
	const char *const *only; /* ids of criteria; ends with NULL; NULL: all */
	bool refuses_private;    /* check/discover.h */
	bool refuses_inside;     /* check/discover.h */
	bool is_mine;            /* check/domain.h */
	bool no_v4, no_v6;
	unsigned at_once; /* 0: CHECK_RUN_DOMAINS */
	/* Of a domain once it is begun, longer than CHECK_DISCOVER_MS: endpoints that are not done
	 * by then are left out. 0: as long as it takes. */
	uint32_t deadline_ms;
};

/* A domain with its verdict. To be freed before the look is. */
struct check_result {
	struct check_domain domain;
	struct check_report report;
};
void check_result_free(struct check_result *result);

[[nodiscard]] int check_run_new(struct check_run **ret_run, const struct check_run_settings *set);
/* What is under way is given up: no result comes. */
void check_run_free(struct check_run *run);

/* result is now the owner's. NULL: no memory. The run may not be freed from inside. */
typedef void check_run_fn(void *owner, struct check_result *result);

/* name: dns_name_is_host(), in lower case. fn is called once, in a later turn. */
[[nodiscard]] int check_run_domain(struct check_run *run, const char *name, check_run_fn *fn,
                                   void *owner);

/* One endpoint by itself: the result's domain has no name, and of DNS its addresses and TLSA
 * records alone are asked for. place: its address is not read. */
[[nodiscard]] int check_run_host(struct check_run *run, const struct check_place *place,
                                 check_run_fn *fn, void *owner);

/* How far a domain is that was asked for. */
struct check_run_progress {
	bool is_waiting;
	unsigned before;               /* is_waiting: domains that come first */
	unsigned endpoint_count, done; /* else; 0 and 0: they are not known yet */
};
/* False: it is not under way. */
bool check_run_progress(const struct check_run *run, const char *name,
                        struct check_run_progress *ret_progress);

/* Domains that wait, and that are being looked at. */
unsigned check_run_waiting(const struct check_run *run);
unsigned check_run_busy(const struct check_run *run);

#endif
