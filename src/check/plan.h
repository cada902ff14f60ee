/*
 * What is asked of one endpoint, in which order, and when that is enough. Pure: says what the next
 * connection is for, hears what became of it, and fills in the endpoint's facts. One step is one
 * connection but for enumerations; a step that an earlier answer made needless is left out.
 */
#ifndef CHECK_PLAN_H
#define CHECK_PLAN_H

#include "check/facts.h"
#include "tls/enumerate.h"

enum check_step {
	/* The default tier. */
	CHECK_STEP_HANDSHAKE, /* what any client does: words, chain, DANE, words inside, ticket */
	CHECK_STEP_12,        /* by hand, everything that TLS 1.2 has, and GREASE */
	CHECK_STEP_11,
	CHECK_STEP_10,
	CHECK_STEP_SSL3,
	CHECK_STEP_SSL2,
	CHECK_STEP_13,     /* only where the handshake did not end well */
	CHECK_STEP_WEAK,   /* suites that nobody should take, and those without forward secrecy */
	CHECK_STEP_WEAKER, /* the half that WEAK did not show */
	CHECK_STEP_POST_QUANTUM,
	CHECK_STEP_SHA1,
	CHECK_STEP_FALLBACK,    /* RFC 7507, where there is something to fall back to */
	CHECK_STEP_RESUME,      /* a second visit with the ticket of the first; MAIL in clear */
	CHECK_STEP_INJECT,      /* behind STARTTLS; and renegotiation */
	CHECK_STEP_RENEGOTIATE, /* where INJECT ended before it */
	/* --deep */
	CHECK_STEP_NO_SNI,
	CHECK_STEP_OTHER_CHAIN, /* of the other kind of key */
	CHECK_STEP_ALPN,
	CHECK_STEP_SUITES_13,
	CHECK_STEP_SUITES_12,
	CHECK_STEP_GROUPS_13,
	CHECK_STEP_GROUPS_12, /* or of the latest there is before */
	CHECK_STEP_SCHEMES_12,
	CHECK_STEP_SCHEMES_13,
	CHECK_STEP_SUITES_10,
	CHECK_STEP_SUITES_11,
	CHECK_STEP_SUITES_SSL3,
	/* --attacks */
	CHECK_STEP_HEARTBLEED, /* where heartbeats are offered at all */
	CHECK_STEP_CCS,
	CHECK_STEP_TICKETBLEED, /* where TLS 1.2 has tickets */
	CHECK_STEP_ROBOT,       /* where the client may send the keys */
	CHECK_STEP_COUNT
};
const char *check_step_name(enum check_step step);

enum check_tier { CHECK_TIER_DEFAULT, CHECK_TIER_DEEP, CHECK_TIER_ATTACKS };

enum {
	CHECK_PLAN_CONNECTIONS_MAX = 80, /* of --deep, to one endpoint; --mine has no such limit */
	CHECK_PLAN_TRIES = 3,            /* of a step that was turned away */
	CHECK_PLAN_TRIES_LOST = 2,       /* of one whose connection ended in silence, or broke */
	CHECK_PLAN_RENEGOTIATIONS = 11,
};

/* For the test that counts, the manual, and --only. */
struct check_step_row {
	const char *name;
	enum check_tier tier;
	unsigned services;    /* 1 << enum check_service */
	unsigned connections; /* at most; 0: see CHECK_PLAN_CONNECTIONS_MAX */
	bool is_conditional;  /* a server with nothing wrong is not asked */
	const char *criteria; /* what it is for: "C2 D12", ids of advice/criteria.h */
};
extern const struct check_step_row check_steps[CHECK_STEP_COUNT];

/* Steps, 1 << enum check_step. */
#define CHECK_STEPS_ALL UINT64_MAX
/* Those that a criterion needs; 0: none does (DNS, policies), or there is no such thing. */
uint64_t check_steps_for(const char *criterion);

struct check_plan_settings {
	enum check_tier tier; /* DEFAULT or DEEP */
	bool has_attacks;
	uint64_t only; /* steps; CHECK_STEPS_ALL */
	bool is_mine;  /* no limit on connections */
};

/* What the next connection is for. */
struct check_ask {
	enum check_step step;
	bool is_visit; /* else a hello by hand */
	bool is_ssl2;
	struct tls_offer offer;
	struct tls_visit_settings tls; /* but for the ticket */
	bool resumes;                  /* with the ticket of the first visit */
	bool has_no_sni;
	bool asks_mail, injects;
	unsigned renegotiations_max;
	enum check_attack attack;
	unsigned variant;
};

enum check_step_state {
	CHECK_STEP_TODO,
	CHECK_STEP_UNDER_WAY,
	CHECK_STEP_DONE,
	CHECK_STEP_LOST, /* asked, and nothing was heard */
	CHECK_STEP_LEFT_OUT,
};

struct check_plan {
	struct check_plan_settings set;
	struct check_endpoint *endpoint; /* borrowed: what is known, and filled in */
	uint8_t states[CHECK_STEP_COUNT];
	uint8_t tries[CHECK_STEP_COUNT];
	unsigned connections; /* asked for */
	bool has_ticket;      /* the owner has one */
	bool has_ticket_12;   /* and one of TLS 1.2 */
	bool weak_has_shown;  /* WEAK was answered: one half of what it offers is taken */
	bool has_heartbeat;   /* it offers heartbeats */
	struct check_reaction robot[TLS_PREMASTER_COUNT];
	unsigned robot_count;
	unsigned robot_rounds; /* that told one from another */
	bool robot_is_pointless;
	const char *sni; /* the endpoint's; NULL: it has no name */
	bool is_over;    /* nothing more is to be asked, whatever is left */
	struct tls_enumeration *enumerations[CHECK_STEP_COUNT]; /* owned; those under way */
};

/* endpoint: its host, address, port and service are set; the rest is zero */
void check_plan_init(struct check_plan *plan, const struct check_plan_settings *set,
                     struct check_endpoint *endpoint);
void check_plan_deinit(struct check_plan *plan);

/*
 * The next connection; answer with check_plan_hear() or check_plan_lose(). Several may be under
 * way. What is asked borrows the endpoint's host.
 *
 * Returns 0, CHECK_PLAN_WAIT (what is under way decides), CHECK_PLAN_DONE, or -ENOMEM.
 */
enum { CHECK_PLAN_WAIT = 1, CHECK_PLAN_DONE };
[[nodiscard]] int check_plan_next(struct check_plan *plan, struct check_ask *ret_ask);

/* A connection that ended in TLS, or in a word that settles it. 0 or -ENOMEM. */
[[nodiscard]] int check_plan_hear(struct check_plan *plan, enum check_step step,
                                  const struct check_heard *heard);
/* One that told nothing of TLS: it is asked again, up to so many times. */
void check_plan_lose(struct check_plan *plan, enum check_step step,
                     const struct check_heard *heard);
/* No time is left: what was not heard is lost. */
void check_plan_stop(struct check_plan *plan, const char *why);

#endif
