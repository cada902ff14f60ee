/*
 * From one key of a certificate to the next without a moment in which DANE fails (RFC 7671 8.1):
 * the next key's TLSA record is published beside the old one, everybody's caches have it, then the
 * key changes, then the old record may go. Pure: sights of DNS and the time in, a state out.
 *
 * Time counts only while somebody looks: a clock that is set, or an hour in which nobody looked,
 * makes nothing ripe.
 */
#ifndef ROLLOVER_ROLLOVER_H
#define ROLLOVER_ROLLOVER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	ROLLOVER_DIGEST_LEN = 32, /* SHA-256 of a SubjectPublicKeyInfo: "3 1 1" */
	ROLLOVER_WHY_CAP = 200,
	ROLLOVER_GAP_MAX_S = 300, /* between two sights; more does not count */
	ROLLOVER_TTL_ZERO_S = 60, /* for 0: some caches keep what says 0 all the same */
	ROLLOVER_TTL_MAX_S = 7 * 24 * 3600,
	ROLLOVER_TEXT_MAX = 1024,
};

enum rollover_state {
	ROLLOVER_NONE,     /* nothing is planned */
	ROLLOVER_PLANNED,  /* the next key is made; its record is not everywhere */
	ROLLOVER_SEEN,     /* it is, and two of its TTLs have not passed yet */
	ROLLOVER_RIPE,     /* they have: the next key may be put in force */
	ROLLOVER_SWITCHED, /* it is in force; the old key's record stays */
	ROLLOVER_OVER,     /* the old key's record may go */
	ROLLOVER_STATE_COUNT
};

struct rollover {
	enum rollover_state state;
	uint8_t current[ROLLOVER_DIGEST_LEN]; /* once switched: the old one */
	uint8_t next[ROLLOVER_DIGEST_LEN];    /* once switched: the one in force */
	int64_t planned_s;                    /* Unix time; so are all but watched_s */
	int64_t seen_s;                       /* since when it is everywhere; 0: it is not */
	int64_t switched_s;
	int64_t looked_s;           /* the last sight */
	int64_t watched_s;          /* seconds that count for what the state waits for */
	uint32_t ttl_s;             /* the largest that was seen, within the two bounds */
	char why[ROLLOVER_WHY_CAP]; /* what it waits for, as the last sight said */
};

/* What DNS had, for all hosts and ports of the certificate together. */
struct rollover_sight {
	bool is_everywhere; /* the next key's record, by DNSSEC and at each authoritative server */
	uint32_t ttl_s;     /* the largest of these records; 0 counts as ROLLOVER_TTL_ZERO_S */
	const char *why;    /* where it is not; NULL: it is */
};

/* Begins. False: there is a plan under way, or the keys are one. */
bool rollover_plan(struct rollover *r, const uint8_t *current, const uint8_t *next, int64_t now_s);
/* False: nothing to take back (none, or the key has changed already). */
bool rollover_abort(struct rollover *r);
/* True: the state is another now. */
bool rollover_see(struct rollover *r, const struct rollover_sight *sight, int64_t now_s);
/* The next key is in force. False: it is not ripe. */
bool rollover_switch(struct rollover *r, int64_t now_s);
/*
 * A certificate with this key is in force. The next key: it is switched to, ripe or not (what is
 * there at a start is served); another one, once switched: the plan begins to wait anew. True: the
 * state is another now.
 */
bool rollover_serve(struct rollover *r, const uint8_t *spki, int64_t now_s);
/* Is a certificate with this key one that the plan lets in now? */
bool rollover_allows(const struct rollover *r, const uint8_t *spki);
/* Seconds of looking until the state may change by itself; 0: it waits for something else. */
int64_t rollover_wait_s(const struct rollover *r);

/* "planned". Never NULL. */
const char *rollover_state_name(enum rollover_state state);

/* As a file, and back. */
[[nodiscard]] int rollover_write(struct buf *ret_text, const struct rollover *r);
enum { ROLLOVER_BAD = 1 };
/* 0 or ROLLOVER_BAD: not what rollover_write() writes; *ret_r is then untouched. */
[[nodiscard]] int rollover_read(struct rollover *ret_r, struct slice text);

#endif
