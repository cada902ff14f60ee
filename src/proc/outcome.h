/*
 * The outcome of a session (policy/outcome.h), as it crosses from worker to who counts. Pure.
 * Unpacking believes nothing.
 */
#ifndef PROC_OUTCOME_H
#define PROC_OUTCOME_H

#include "policy/outcome.h"
#include "proc/msg.h"

void proc_outcome_pack(struct proc_packer *p, const struct policy_outcome *outcome);

/* Borrows from what u reads. False: it is none, or there is something behind it. */
bool proc_outcome_unpack(struct proc_unpacker *u, struct policy_outcome *ret_outcome);

#endif
