/* The addresses of a host (policy/host.h), as they cross from resolver to worker. Pure; unpacking
 * believes nothing. */
#ifndef PROC_HOST_H
#define PROC_HOST_H

#include "policy/host.h"
#include "proc/msg.h"

void proc_host_pack(struct proc_packer *p, const struct policy_host_answer *host);
/* All that is left. False: it is none. */
bool proc_host_unpack(struct proc_unpacker *u, struct policy_host_answer *ret_host);

#endif
