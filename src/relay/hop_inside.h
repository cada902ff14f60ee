/*
 * What the files of a hop share. hop.c: its life and what its stream and its conversation say.
 * hop_tls.c: the way to the TLS that the host must have. hop_end.c: how it ends, and the words for
 * that. hop_wait.c: how long the far end has.
 */
#ifndef RELAY_HOP_INSIDE_H
#define RELAY_HOP_INSIDE_H

#include "io/stream.h"
#include "policy/ask.h"
#include "relay/hop.h"

struct relay_hop {
	struct io_loop *loop;
	struct io_stream stream;
	struct smtp_hop smtp;
	struct relay_hop_owner owner;
	struct policy_asker *asker;
	struct policy_place *place;
	struct tls_hops *tls;
	struct io_deadline late;
	struct io_later failed;
	struct io_later gone;
	struct policy_decision decision;
	bool skips_tls;
	bool is_implicit;
	uint32_t waited_ms; /* of END_MS, before the final dot went out */
	bool is_leaving;
	bool *is_freed;
	struct relay_hop_facts facts;
	char hostname[POLICY_WAY_NAME_CAP];
	/* What the certificate is held against. */
	char base[POLICY_WAY_NAME_CAP];
	char pkix_name[POLICY_WAY_NAME_CAP];
	bool mx_is_secure;
	char expanded[POLICY_WAY_NAME_CAP];
	bool is_told; /* by the operator, who knows whom */
	struct policy_memory_rules rules;
	struct policy_tlsa *records;
	size_t record_count;
	/* What is told once. */
	enum relay_hop_end end;
	enum policy_report report;
	struct buf line;
	char why[256];
};

/* It ends, or is left alone to end. */
static inline bool relay_hop_is_over(const struct relay_hop *h)
{
	return h->failed.is_queued || h->is_leaving;
}

static inline bool relay_hop_is_in_handshake(const struct relay_hop *h)
{
	return h->stream.tls && !h->facts.tls;
}

/* Told from a later turn; the connection is cut at once. The first counts. */
void relay_hop_fail(struct relay_hop *h, enum relay_hop_end end, const char *code, const char *why);
void relay_hop_fail_handshake(struct relay_hop *h, const char *why);
void relay_hop_fail_memory(struct relay_hop *h);
/* As the conversation has it. */
void relay_hop_fail_smtp(struct relay_hop *h);
/* The later turn. */
void relay_hop_end(struct io_later *later);

/* The hello was answered: STARTTLS, or on in clear, or it fails. */
void relay_hop_hello(struct relay_hop *h);
void relay_hop_start_tls(struct relay_hop *h);
void relay_hop_tls_up(struct relay_hop *h);

#endif
