/*
 * Certificates that are ordered from a CA (ACME): keys and requests, orders and their results.
 * Inside of parent/ alone.
 */
#ifndef PARENT_ACME_H
#define PARENT_ACME_H

#include "base/slice.h"
#include "proc/msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parent;
struct json_t;

/* --- parent/requests.c: what keys makes of a key --- */

struct parent_request_made {
	bool is_well;          /* else the rest is empty, and the log has said why */
	bool is_lost;          /* keys died first: its successor may be asked */
	const uint8_t *digest; /* 32 bytes: SHA-256 of the SubjectPublicKeyInfo */
	struct slice request;  /* PKCS #10 in PEM */
	struct slice chain;    /* self-made, for the same names and key */
};

struct parent_request {
	const char *key_path; /* is made with mode 0600 if a key is to be made: not there yet */
	enum proc_request_key key;
	char *const *names;
	size_t name_count;
	/* Once, and not from inside the call. made is borrowed. */
	void (*on_made)(struct parent *p, uint64_t owner, const struct parent_request_made *made);
	uint64_t owner;
};
/* 0, or a negative: it cannot be asked for, and no on_made follows. */
[[nodiscard]] int parent_request_ask(struct parent *p, const struct parent_request *ask);
void parent_request_came(struct parent *p, struct slice payload);
/* keys died: all that it was to make failed. */
void parent_requests_lost(struct parent *p);
void parent_requests_free(struct parent *p);

/* --- parent/acme.c: orders --- */

/* Which key of a certificate. */
enum parent_order_key {
	PARENT_ORDER_CURRENT, /* key.pem, giving chain.pem */
	PARENT_ORDER_NEXT,    /* next.pem (of a plan), giving next-chain.pem */
	PARENT_ORDER_KEY_COUNT
};

[[nodiscard]] int parent_acme_begin(struct parent *p);
void parent_acme_free(struct parent *p);
/* Every few seconds, and when a plan came into force: what is due is ordered. */
void parent_acme_tick(struct parent *p);
/*
 * Orders now, whatever is due: a certificate of the plan in force for that key. NULL, or why not.
 * How it ended is in parent_acme_json(), and for PARENT_ORDER_NEXT in next-chain.pem, which then
 * fits next.pem, has the names and is valid.
 */
const char *parent_acme_order(struct parent *p, const char *name, enum parent_order_key key);
/* Each certificate that is ordered: state, expiry, when it is due, what went wrong. */
struct json_t *parent_acme_json(const struct parent *p);

/* Runner said how a program ended; runner died. */
void parent_acme_program_ended(struct parent *p, struct slice payload);
void parent_acme_runner_lost(struct parent *p);
/* Ledger said what the cluster's store has. */
void parent_acme_share_came(struct parent *p, struct slice payload);

/* --- parent/challenges.c: what CAs may ask for, at all workers --- */

/* A worker answers those of this generation. */
void parent_challenges_taken(struct parent *p, unsigned slot, struct slice payload);
/* keys made the certificate of one. */
void parent_challenge_made(struct parent *p, struct slice payload);
/* The cluster's store is reached: orders that waited for it begin. */
void parent_acme_share_reached(struct parent *p);
/* In a cluster: ledger is to hear what the other nodes are told. */
void parent_challenges_tell(struct parent *p);
/* What CAs may ask for, of the orders of other nodes: all of it (acme/tokens.h). */
void parent_challenges_heard(struct parent *p, struct slice tokens);

#endif
