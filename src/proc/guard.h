/*
 * What parent asks of witness before a certificate comes into service: do TLSA records cover it
 * where it will be shown? And the answer. Pure. Unpacking believes nothing.
 */
#ifndef PROC_GUARD_H
#define PROC_GUARD_H

#include "proc/witness.h"

enum { PROC_GUARD_PLACES_MAX = 64, PROC_GUARD_CHAIN_MAX = 256 * 1024 };

/* Where a certificate is shown: TLSA records stand at _PORT._tcp.HOST. */
struct proc_guard_place {
	uint16_t port;
	char host[PROC_WITNESS_HOST_CAP];
};

void proc_guard_place_pack(struct proc_packer *p, const struct proc_guard_place *place);
/* False: it is none. */
bool proc_guard_place_unpack(struct proc_unpacker *u, struct proc_guard_place *ret_place);

struct proc_guard_question {
	uint32_t number; /* of the parent's */
	size_t count;
	struct proc_guard_place places[PROC_GUARD_PLACES_MAX];
	struct slice chain_pem; /* borrowed; leaf first */
};
void proc_guard_question_pack(struct proc_packer *p, const struct proc_guard_question *question);
/* False: it is none. */
bool proc_guard_question_unpack(struct slice payload, struct proc_guard_question *ret_question);

struct proc_guard_answer {
	uint32_t number;
	enum proc_witness_tlsa tlsa;   /* the worst of all places, as proc_guard_worse() has it */
	struct proc_guard_place place; /* with it; of MISSES and UNKNOWN */
};
void proc_guard_answer_pack(struct proc_packer *p, const struct proc_guard_answer *answer);
/* False: it is none. */
bool proc_guard_answer_unpack(struct slice payload, struct proc_guard_answer *ret_answer);

/* MISSES is the worst, then UNKNOWN, COVERS, NONE. */
bool proc_guard_is_worse(enum proc_witness_tlsa a, enum proc_witness_tlsa than);

#endif
