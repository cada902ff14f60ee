/*
 * One connection to an endpoint that is looked at: connects, talks (check/opening.h), and then
 * either writes a ClientHello by hand and reads the answer (tls/offer.h, tls/answer.h), or makes a
 * real handshake and looks around inside. It decides nothing: what to ask is told, what was heard
 * is left in the probe.
 *
 * Everything has a deadline. on_end is called once, from a turn of the loop, not from inside a call
 * of this header; the probe may be freed in it.
 */
#ifndef CHECK_PROBE_H
#define CHECK_PROBE_H

#include "check/attack.h"
#include "check/opening.h"
#include "io/loop.h"
#include "tls/answer.h"
#include "tls/proof.h"
#include "tls/visit.h"

struct check_limits {
	uint32_t connect_ms;
	uint32_t greeting_ms; /* the first word: servers make strangers wait for it */
	uint32_t answer_ms;   /* any other */
	uint32_t total_ms;
};

/* Where to. Copied. */
struct check_probe_way {
	const char *address;
	uint16_t port;
	const char *from; /* an address of ours of the same family; NULL: any */
};

/* A real handshake, and what is done inside. */
struct check_probe_visit {
	/* Borrowed, as long as the probe. */
	struct tls_hops *hops;
	const struct tls_expectation *expected;
	struct tls_visit_settings tls;
	unsigned renegotiations_max; /* 0: not tried */
	bool waits_for_ticket;       /* also where nothing is said inside */
};

struct check_probe_settings {
	struct check_probe_way way;
	struct slice preamble; /* goes out before anything is read; empty: nothing. Copied */
	struct check_opening_settings opening; /* hostname: borrowed, as long as the probe */
	struct check_limits limits;
	struct slice hello;       /* empty: visit */
	enum check_attack attack; /* behind the answer to hello */
	unsigned variant;         /* of ROBOT: enum tls_premaster */
	struct check_probe_visit visit;
	void (*on_end)(void *owner);
	void *owner;
};

enum check_probe_end {
	CHECK_PROBE_UNDER_WAY,
	CHECK_PROBE_TLS,     /* TLS was spoken: an answer, a refusal (an alert, or just the end of
	                        the connection), a handshake that went well or not */
	CHECK_PROBE_NO_TLS,  /* the words were well, and STARTTLS is not offered or refused */
	CHECK_PROBE_CLOSED,  /* nobody there: refused, unreachable */
	CHECK_PROBE_SILENT,  /* no connection, or no word, in time */
	CHECK_PROBE_RATE,    /* turned away: says nothing of TLS */
	CHECK_PROBE_FOREIGN, /* speaks something else */
	CHECK_PROBE_LOST,    /* silent or broken in mid-conversation, or we had no memory */
	CHECK_PROBE_END_COUNT
};

/* Of a visit. */
struct check_probe_seen {
	bool was_tried; /* TLS began */
	bool is_done;
	bool is_cut;              /* not done: the connection ended without an alert */
	char why[CHECK_TEXT_CAP]; /* it was not */
	char version[16], suite[64], group[32];
	bool is_resumed;
	struct tls_visit_facts facts;
	struct tls_proof proof; /* its words are the library's, and static */
	struct buf chain;       /* DER */
	struct buf staple;
	struct tls_ticket *ticket;
	struct tls_ticket_facts ticket_facts;
	enum check_seen renegotiates;
	unsigned renegotiations;
};

struct check_probe;

/* Connects at once. Everything in set is copied, but for what is called borrowed. 0 or a negative
 * (the address is none, or no memory): then on_end is not called. */
[[nodiscard]] int check_probe_new(struct check_probe **ret_probe, struct io_loop *loop,
                                  const struct check_probe_settings *set);
/* At any time; on_end is not called any more. */
void check_probe_free(struct check_probe *probe);

/* In on_end and behind it. */
enum check_probe_end check_probe_end(const struct check_probe *probe);
const char *check_probe_why(const struct check_probe *probe); /* of an end that is not TLS */
const struct check_opening *check_probe_opening(const struct check_probe *probe);
const struct tls_answer *check_probe_answer(const struct check_probe *probe);
/* NULL: there was no attack, or no way to it. */
const struct check_reaction *check_probe_reaction(const struct check_probe *probe);
/* The owner may take ticket, and sets it to NULL then. */
struct check_probe_seen *check_probe_seen(struct check_probe *probe);

#endif
