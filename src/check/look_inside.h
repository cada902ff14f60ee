/* Inside check/ only: a look's parts: lanes (connections), entries (endpoints), who asks. */
#ifndef CHECK_LOOK_INSIDE_H
#define CHECK_LOOK_INSIDE_H

#include "check/look.h"
#include "io/loop.h"

enum {
	CHECK_LOOK_PLACES = 4096,
	CHECK_LOOK_REFUSALS_MAX = 4, /* then it is left alone; each costs a rest of its address */
	CHECK_LOOK_LANES_MAX =
		8, /* connections to one endpoint at a time, whatever the budget has */
};

struct check_look {
	struct io_loop *loop;
	struct check_look_settings set;
	char *hostname, *from4, *from6;
	struct tls_hops *hops;
	struct tls_roots *roots;
	struct check_budget *budget;
	struct check_look_entry *places[CHECK_LOOK_PLACES];
	struct check_look_entry *kept, **kept_end; /* done, and nobody asks; oldest first */
	unsigned kept_count;
	uint64_t rank;
	struct io_later pump;
	struct io_deadline wake;
	struct check_look_progress progress;
};

/* One connection of an entry's, wanted or under way. */
struct check_look_lane {
	struct check_look_entry *entry;
	bool is_used;
	struct check_want want;
	struct check_ask ask;
	struct check_probe *probe;
	struct tls_expectation expected; /* as long as the probe */
	struct tls_record records[POLICY_TLSA_MAX];
};

struct check_look_entry {
	struct check_look *look;
	struct check_look_entry *next_in_place, *next_kept;
	struct check_look_asker *askers;
	bool is_kept;
	bool is_told_now; /* askers are being told: it lives */
	bool is_done;
	uint64_t done_ms; /* of the loop */
	struct check_endpoint endpoint;
	struct check_plan plan;
	struct policy_tlsa *records;
	size_t record_count;
	char *tlsa_base;
	char *names[TLS_PROOF_NAMES_MAX - 1];
	size_t name_count;
	struct tls_ticket *ticket;    /* of the first visit */
	struct tls_ticket *ticket_12; /* of TLS 1.2 */
	struct check_look_lane lanes[CHECK_LOOK_LANES_MAX];
	unsigned under_way;
	unsigned refusals;
	uint64_t since_ms; /* the first of them began */
	uint32_t left_ms;  /* of its time */
	struct io_deadline late;
	struct io_later tell;
};

#define MEMBER_OF(type, member, at) ((type *)((char *)(at)-offsetof(type, member)))

/* --- check/look_lane.c --- */

/* NULL: all are in use. */
struct check_look_lane *check_look_lane_free(struct check_look_entry *entry);
/* Its ask is set: a connection is wanted. 0 or -ENOMEM. */
[[nodiscard]] int check_look_lane_want(struct check_look_lane *lane);
/* The budget grants it. */
void check_look_lane_start(struct check_look_lane *lane);
void check_look_lane_close(struct check_look_lane *lane);
/* One connection less is under way: the entry's clock stops with the last. */
void check_look_clock_stop(struct check_look_entry *entry);

/* --- check/look_entry.c --- */

/* As many connections as the plan has use for, and the budget might grant. */
void check_look_entry_pump(struct check_look_entry *entry);
/* Nothing more is asked: what was not heard is lost. */
void check_look_entry_stop(struct check_look_entry *entry, const char *why);
void check_look_entry_late(struct io_deadline *d);
/* Ends what is under way, and frees what only that needs. */
void check_look_entry_close(struct check_look_entry *entry);

#endif
