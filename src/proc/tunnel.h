/* Tunnels that may be used, as they cross from parent to worker: one behind the other. Pure. */
#ifndef PROC_TUNNEL_H
#define PROC_TUNNEL_H

#include "proc/msg.h"
#include "tunnel/told.h"

void proc_tunnel_pack(struct proc_packer *p, const struct tunnel_told *tunnel);

/* The next one. False: it is none. */
bool proc_tunnel_unpack(struct proc_unpacker *u, struct tunnel_told *ret_tunnel);

/* Of one, packed. */
enum { PROC_TUNNEL_MIN = 2 + 2 + 1 + 1 };

#endif
