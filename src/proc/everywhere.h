/*
 * What parent asks of witness while a key is rolled: is the TLSA record "3 1 1" of the next key
 * there by DNSSEC, and at each server of its zone, wherever the certificate is shown? And the
 * answer. Pure. Unpacking believes nothing.
 */
#ifndef PROC_EVERYWHERE_H
#define PROC_EVERYWHERE_H

#include "proc/guard.h"

enum { PROC_EVERYWHERE_WHY_CAP = 200 };

struct proc_everywhere_question {
	uint32_t number;             /* of the parent's */
	uint8_t spki[PROC_SPKI_LEN]; /* digest of the next key */
	size_t count;
	struct proc_guard_place places[PROC_GUARD_PLACES_MAX];
};
void proc_everywhere_question_pack(struct proc_packer *p,
                                   const struct proc_everywhere_question *question);
/* False: it is none. */
bool proc_everywhere_question_unpack(struct slice payload,
                                     struct proc_everywhere_question *ret_question);

struct proc_everywhere_answer {
	uint32_t number;
	bool is_everywhere;
	uint32_t ttl_s;                    /* the largest that was seen */
	char why[PROC_EVERYWHERE_WHY_CAP]; /* where it is not, for people; "": it is everywhere */
};
void proc_everywhere_answer_pack(struct proc_packer *p,
                                 const struct proc_everywhere_answer *answer);
/* False: it is none. */
bool proc_everywhere_answer_unpack(struct slice payload, struct proc_everywhere_answer *ret_answer);

#endif
