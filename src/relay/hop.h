/*
 * One connection to a far end: it connects, comes to the TLS that the host must have, and is then
 * there for transactions. Whatever goes wrong before is told once, with the words for the MTA; the
 * owner decides what comes next.
 */
#ifndef RELAY_HOP_H
#define RELAY_HOP_H

#include "relay/judge.h"
#include "relay/plan.h"
#include "smtp/hop.h"

#include <netinet/in.h>

struct io_loop;
struct policy_asker;
struct relay_hop;
struct tls_hops;

enum relay_hop_end {
	RELAY_HOP_UNREACHABLE, /* no connection, or it closed before it was of any use */
	RELAY_HOP_LATE,
	RELAY_HOP_UNWELL,   /* its greeting, hello or a 421 says: not now */
	RELAY_HOP_NO_TLS,   /* STARTTLS is not offered, and must be */
	RELAY_HOP_BAD_TLS,  /* STARTTLS was refused, or the handshake failed */
	RELAY_HOP_UNPROVEN, /* the certificate does not prove what it must */
	RELAY_HOP_BROKEN,   /* it says what is no SMTP, or speaks out of turn */
	RELAY_HOP_END_COUNT
};
const char *relay_hop_end_name(enum relay_hop_end end);

struct relay_hop_failure {
	enum relay_hop_end end;
	enum policy_report report;
	struct slice line; /* for the MTA, CRLF included; borrowed */
	const char *why;   /* for the log; borrowed */
};

/* Called from the loop, never from inside a call of this header. The hop may be freed in each. */
struct relay_hop_owner {
	void *owner;
	void (*on_ready)(void *owner);
	void (*on_reply)(void *owner, enum smtp_hop_command of, unsigned number,
	                 const struct smtp_reply *reply);
	void (*on_text)(void *owner);
	void (*on_room)(void *owner); /* after relay_hop_is_full() */
	/* The last. Commands that are under way get no more replies. */
	void (*on_failed)(void *owner, const struct relay_hop_failure *f);
};

/* Where connections begin, by family; a family of 0: anywhere. */
struct relay_sources {
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* All is copied. */
struct relay_hop_settings {
	struct io_loop *loop;
	struct tls_hops *tls;
	const char *hostname; /* ours, for EHLO */
	const struct relay_sources *sources;
	const char *domain;
	const struct relay_target *target;
	bool mx_is_secure;
	const char *expanded; /* the domain behind all CNAMEs, or "" */
	bool is_told;         /* the operator's own route: our own name there is no loop */
	bool skips_tls;       /* opportunistic, and TLS has failed for long */
	bool is_small;        /* tls says the smaller ClientHello; for the record */
	bool is_implicit;
	uint16_t port;
	struct policy_memory_rules rules;
	struct policy_asker *asker;
	struct policy_place *place; /* taken; given back when the connection is gone, also of a hop
	                               that could not be made */
};

[[nodiscard]] int relay_hop_new(struct relay_hop **ret_hop, const struct relay_hop_settings *set,
                                const struct relay_hop_owner *owner);
/* Cuts it off. NULL is fine. */
void relay_hop_free(struct relay_hop *h);
/* Politely: QUIT where that may be said, and gone by itself a little later. */
void relay_hop_leave(struct relay_hop *h);
/* Another owner goes on with it. */
void relay_hop_give(struct relay_hop *h, const struct relay_hop_owner *owner);

/* To queue commands in; relay_hop_flush() sends them. */
struct smtp_hop *relay_hop_smtp(struct relay_hop *h);
void relay_hop_flush(struct relay_hop *h);

/* Behind on_text. What memory cannot hold ends the hop. */
void relay_hop_text(struct relay_hop *h, struct slice text);
/* Then on_room follows. */
bool relay_hop_is_full(struct relay_hop *h);
/* The final dot was in the text. waited_ms: for how long the MTA awaits the answer already. */
void relay_hop_text_end(struct relay_hop *h, uint32_t waited_ms);

/* The operator at whose hosts it has its place. */
const char *relay_hop_operator(const struct relay_hop *h);

/* Nothing is under way: it may carry another transaction. */
bool relay_hop_is_idle(const struct relay_hop *h);

struct relay_hop_facts {
	char domain[POLICY_WAY_NAME_CAP];
	char host[POLICY_WAY_NAME_CAP];
	char address[DNS_ADDRESS_CAP];
	enum policy_level level;
	bool is_small;                  /* of the settings */
	bool is_ready;                  /* it came to the TLS it must have, and to its hello */
	struct relay_verdict verdict;   /* once TLS is up; why is not kept */
	const struct tls_facts *tls;    /* NULL: plain */
	struct policy_memory memory;    /* of before */
	enum policy_report report;      /* what failed, also where mail goes all the same */
	char helo[POLICY_WAY_NAME_CAP]; /* as it called itself in clear; "" */
	uint64_t began_ms, bytes_in, bytes_out;
	unsigned messages;            /* transactions it carried to an end */
	char queue_ids[CONV_IDS_MAX]; /* of the far end, "," between; those that fit */
};
const struct relay_hop_facts *relay_hop_facts(struct relay_hop *h);
/* Our address of the connection; "" if there is none. ret_text: DNS_ADDRESS_CAP bytes. */
void relay_hop_local(const struct relay_hop *h, char *ret_text);
/* Without TLS now: does memory forbid mail? */
bool relay_hop_is_held(const struct policy_memory *m, const struct policy_memory_rules *rules);
/* The far end took one, and said so. */
void relay_hop_note_message(struct relay_hop *h, const struct smtp_reply *reply);

#endif
