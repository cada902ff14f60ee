/*
 * Which suites, groups and signature schemes a server takes, with as few connections as can be: it
 * is offered all that is left, and what it chose is taken out, until it refuses. Pure: says what to
 * offer next and hears what was answered; the caller connects, as slowly as he must.
 *
 *     while (tls_enumeration_next(&e, &offer))
 *             ... connect, write the offer, read the answer ...
 *             tls_enumeration_take(&e, &answer);
 *
 * A connection that told nothing about TLS (a 421, a time-out) is not taken: ask for next again.
 * A server may just close instead of an alert: that is taken as {}.
 */
#ifndef TLS_ENUMERATE_H
#define TLS_ENUMERATE_H

#include "tls/answer.h"
#include "tls/iana.h"
#include "tls/offer.h"

enum tls_enumeration_kind {
	TLS_ENUMERATE_SUITES, /* 64 at a time: accepted + chunks + 1 connections at most */
	/*
	 * TLS 1.3: no share, HelloRetryRequest; before: suites of ECDHE only. There a server whose
	 * only key is on a curve refuses hellos without that curve (RFC 8422 5.1): once it is
	 * found it stays, last, which costs two connections more. What a server of its own order
	 * likes less than that curve stays hidden.
	 */
	TLS_ENUMERATE_GROUPS,
	/*
	 * TLS 1.2: removal. TLS 1.3: each alone, for the choice is not seen: as many connections
	 * as schemes. Of who chooses behind his ServerHello (Java) all seem to be taken.
	 */
	TLS_ENUMERATE_SCHEMES,
};

enum tls_enumeration_order {
	TLS_ORDER_UNKNOWN, /* fewer than two were accepted of a chunk, or it is not done yet */
	TLS_ORDER_SERVER,
	TLS_ORDER_CLIENT,
};

/* One that was accepted, and what came with it. */
struct tls_enumerated {
	uint16_t number;
	uint16_t group;   /* which the key exchange used; 0: none */
	uint16_t scheme;  /* which signed it; 0: not seen */
	uint16_t dh_bits; /* 0: no finite field */
};

struct tls_enumeration {
	enum tls_enumeration_kind kind;
	uint16_t version;
	/* In the order in which the server chose. Over more than one chunk that is the order within
	 * each: what was found in two is not compared. */
	struct tls_enumerated accepted[TLS_IANA_SUITES_MAX];
	size_t accepted_count;
	enum tls_enumeration_order order;
	size_t connection_count; /* answers taken */
	bool is_done;
	bool is_odd; /* it chose what was not offered, or twice the same; what was found stands */
	bool is_version_refused; /* another version came, or the alert protocol_version */

	/* Of the machine. */
	struct tls_offer offer;             /* without what varies */
	uint16_t left[TLS_IANA_SUITES_MAX]; /* not decided yet */
	size_t left_count;
	size_t chunk_len;   /* of left, in the offers under way; 0: the next chunk begins */
	size_t last_at;     /* where in left the last choice stood */
	bool is_by_server;  /* it preferred what stood behind */
	bool has_curve_key; /* it was met by a suite of ECDSA */
	uint16_t stays;     /* a group that was found and is offered on, last; 0: none */
	size_t run_start;   /* in accepted: the chunk under way */
	size_t order_start, order_count; /* in accepted: a chunk to ask for the order with */
	bool is_asking_order;
};

/* version: 0x0300 to 0x0304. sni: borrowed by every offer; NULL: none. */
void tls_enumeration_init(struct tls_enumeration *e, enum tls_enumeration_kind kind,
                          uint16_t version, const char *sni);

/* The same again until an answer is taken. false: it is done. */
[[nodiscard]] bool tls_enumeration_next(struct tls_enumeration *e, struct tls_offer *ret_offer);
void tls_enumeration_take(struct tls_enumeration *e, const struct tls_answer *answer);

#endif
