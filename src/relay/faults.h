/*
 * Hosts whose TLS failed: since when, so that plain text is not tried before it has failed for a
 * while, and which are met with a smaller ClientHello. Of one worker, in memory; bounded. Pure.
 */
#ifndef RELAY_FAULTS_H
#define RELAY_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RELAY_FAULTS_PLACES = 4096,
	RELAY_FAULTS_FORGET_MS = 24 * 3600 * 1000, /* after the last failure */
};

struct relay_fault {
	uint64_t key; /* 0: free */
	uint64_t first_ms, last_ms;
	bool needs_small_hello;
};

struct relay_faults {
	uint64_t seed;
	struct relay_fault places[RELAY_FAULTS_PLACES];
};

/* TLS failed now. Returns for how long it has done so, in ms. */
uint64_t relay_faults_note(struct relay_faults *f, const char *host, uint64_t now_ms);
/* TLS was well. What the small hello is needed for stays. */
void relay_faults_clear(struct relay_faults *f, const char *host, uint64_t now_ms);
/* The small hello helped: for a day it is used at once. */
void relay_faults_note_small(struct relay_faults *f, const char *host, uint64_t now_ms);
bool relay_faults_wants_small(struct relay_faults *f, const char *host, uint64_t now_ms);

#endif
