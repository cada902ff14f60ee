/*
 * The questions of this worker for addresses of hosts (policy/host.h), as resolver is asked them. A
 * new resolver is asked again what none has answered.
 */
#ifndef WORKER_HOSTS_H
#define WORKER_HOSTS_H

#include "base/slice.h"
#include "policy/host.h"

struct proc_peer;

struct worker_hosts {
	struct policy_host_question ring; /* this is its head */
	uint32_t number;
};

void worker_hosts_init(struct worker_hosts *hs);
/* resolver: NULL, it is not there. */
void worker_hosts_ask(struct worker_hosts *hs, struct proc_peer *resolver,
                      struct policy_host_question *q);
void worker_hosts_cancel(struct policy_host_question *q);
void worker_hosts_ask_again(const struct worker_hosts *hs, struct proc_peer *resolver);
/* PROC_MSG_HOST_FOUND. 0 or -EPROTO. */
[[nodiscard]] int worker_hosts_on_found(struct worker_hosts *hs, struct slice payload);

#endif
