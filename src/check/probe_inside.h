/* Inside check/ only: a probe's parts. */
#ifndef CHECK_PROBE_INSIDE_H
#define CHECK_PROBE_INSIDE_H

#include "check/probe.h"
#include "io/stream.h"

enum check_probe_phase {
	CHECK_PROBE_CONNECTING,
	CHECK_PROBE_TALKING, /* check/opening.h has the word, in clear or in TLS */
	CHECK_PROBE_OFFERED, /* the hello went out: all that comes is its answer */
	CHECK_PROBE_HANDSHAKE,
	CHECK_PROBE_ATTACKING, /* something went out that a server should not fall for */
	CHECK_PROBE_RENEGOTIATING,
	CHECK_PROBE_LINGERING, /* for tickets */
	CHECK_PROBE_OVER,
};

struct check_probe {
	struct io_loop *loop;
	struct io_stream stream;
	struct check_opening opening;
	struct check_limits limits;
	struct buf hello, preamble;
	struct check_probe_visit visit;
	void (*on_end)(void *owner);
	void *owner;
	enum check_probe_phase phase;
	enum check_opening_state waits_for; /* since late was armed */
	struct io_deadline late, total;
	struct io_later done, renegotiated;
	enum check_probe_end end;
	char why[CHECK_TEXT_CAP];
	struct tls_answer answer;
	enum check_attack attack;
	unsigned variant;
	struct buf reply; /* to the attack */
	struct check_reaction reaction;
	bool has_reaction;
	struct check_probe_seen seen;
};

/* Told from a later turn; nothing is read any more. */
void check_probe_finish(struct check_probe *p, enum check_probe_end end, const char *why);
void check_probe_no_memory(struct check_probe *p);
void check_probe_deadline(struct check_probe *p, uint32_t ms);

/* The first byte of TLS goes out: a hello by hand, or a handshake begins. */
void check_probe_start_tls(struct check_probe *p);
/* What a handshake showed. 0 or -ENOMEM. */
[[nodiscard]] int check_probe_seen_take(struct check_probe *p);
void check_probe_ticket_take(struct check_probe *p);
/* True: another renegotiation is under way. */
bool check_probe_renegotiate(struct check_probe *p);
/* There is input: of the answer to a hello; of the reaction to an attack. */
void check_probe_answered(struct check_probe *p);
void check_probe_reacted(struct check_probe *p);

#endif
