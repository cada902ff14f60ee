/* What CAs may ask this worker's doors for, as the parent said last. */
#ifndef WORKER_CHALLENGES_H
#define WORKER_CHALLENGES_H

#include "acme/challenges.h"
#include "base/slice.h"

struct proc_chan;

/* PROC_MSG_CHALLENGES: from now on these are answered; the parent hears so. 0 or -EPROTO. */
[[nodiscard]] int worker_challenges_came(struct acme_challenges *list, struct proc_chan *parent,
                                         struct slice payload);

#endif
