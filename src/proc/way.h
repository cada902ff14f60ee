/*
 * What is known of the way to a domain (policy/way.h), as it crosses from resolver to worker.
 * Pure. Unpacking believes nothing: every count and length is checked.
 */
#ifndef PROC_WAY_H
#define PROC_WAY_H

#include "policy/way.h"
#include "proc/msg.h"

struct proc_way {
	struct policy_way way; /* its hosts are ours */
	struct policy_sts_facts sts;
};

/* memories: by host; NULL: those in the way. */
void proc_way_pack(struct proc_packer *p, const struct policy_way *way,
                   const struct policy_sts_facts *sts, const struct policy_memory *memories);

enum { PROC_WAY_BAD = 1 };

/* Returns 0, PROC_WAY_BAD (*ret_way is as it was; no memory for records included) or -ENOMEM. */
[[nodiscard]] int proc_way_unpack(struct proc_unpacker *u, struct proc_way **ret_way);
void proc_way_free(struct proc_way *w);
void proc_way_freep(struct proc_way **w);

#endif
