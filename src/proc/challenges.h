/* What CAs may ask for, as it crosses from parent to worker (PROC_MSG_CHALLENGES). Pure. */
#ifndef PROC_CHALLENGES_H
#define PROC_CHALLENGES_H

#include "acme/challenges.h"
#include "proc/msg.h"

/* others: of other nodes, as many as there is room for. */
void proc_challenges_pack(struct proc_packer *p, uint32_t generation,
                          const struct acme_challenges *own, const struct acme_challenges *others);
/* In place of what list has. False: it is none, or there is no memory; then list is empty. */
bool proc_challenges_unpack(struct slice payload, uint32_t *ret_generation,
                            struct acme_challenges *list);

#endif
