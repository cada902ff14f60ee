/* The questions for addresses of hosts (resolver/hosts.h) that one worker has under way. */
#ifndef RESOLVER_HOST_ASKERS_H
#define RESOLVER_HOST_ASKERS_H

#include "resolver/hosts.h"

struct host_asker;
struct proc_peer;

/* Both outlive it. 0 or -ENOMEM. */
[[nodiscard]] int host_asker_new(struct host_asker **ret_a, struct hosts *hosts,
                                 struct proc_peer *worker);
void host_asker_free(struct host_asker *a);
/* PROC_MSG_HOST. 0, -EPROTO or -ENOMEM. */
[[nodiscard]] int host_asker_on_question(struct host_asker *a, struct slice payload);

#endif
