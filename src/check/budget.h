/*
 * Who may connect when. Hosts punish those who come too often, and then nothing can be said of
 * them: so many connections to an address at a time, so many a minute to its port 25, none for a
 * while after it turned one away; and so many in all. Pure: the clock comes from outside.
 *
 * Of those who wait for an address, who came first goes first, with all he wants (rank).
 */
#ifndef CHECK_BUDGET_H
#define CHECK_BUDGET_H

#include "dns/message.h"

enum {
	CHECK_BUDGET_MINUTE_MAX = 60, /* of per_minute */
	CHECK_BUDGET_MINUTE_MS = 60000,
};

struct check_budget_settings {
	unsigned at_a_time;  /* to an address */
	unsigned per_minute; /* to port 25 of an address */
	unsigned in_all;
	uint32_t back_off_ms; /* after a refusal; doubled with each that follows, up to 8 times */
	bool is_mine;         /* the first two do not hold, and back_off_ms is not doubled */
};

struct check_budget;
struct check_budget_host;

/* One who wants to connect; embedded, the owner's. Zeroed. */
struct check_want {
	char address[DNS_ADDRESS_CAP];
	uint16_t port;
	uint64_t rank; /* lower goes first at its address */
	/* Of the budget. */
	struct check_want *next;
	struct check_budget_host *host; /* NULL: nothing is wanted */
	bool is_under_way;
	bool was_refused;
};

/* 0 or -ENOMEM. */
[[nodiscard]] int check_budget_new(struct check_budget **ret_budget,
                                   const struct check_budget_settings *set);
/* Nobody may want anything any more. */
void check_budget_free(struct check_budget *budget);

/* 0 or -ENOMEM. */
[[nodiscard]] int check_budget_want(struct check_budget *budget, struct check_want *want);

/*
 * Who may connect now; NULL: nobody. ret_wait_ms: when to ask again even if nothing ends before;
 * UINT32_MAX: not at all.
 */
struct check_want *check_budget_next(struct check_budget *budget, uint64_t now_ms,
                                     uint32_t *ret_wait_ms);

/* The connection is over; or it is wanted no more, whether or not it was under way. */
void check_budget_leave(struct check_budget *budget, struct check_want *want);
/* It was turned away: its address rests. Before check_budget_leave(). False: it rests already, for
 * one that was under way together with this one. */
bool check_budget_refused(struct check_budget *budget, struct check_want *want, uint64_t now_ms);

/* For a test, and for the bound on memory: addresses that are remembered. */
size_t check_budget_host_count(const struct check_budget *budget);

#endif
