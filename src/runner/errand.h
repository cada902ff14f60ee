/* Programs that the parent itself wants to be run, beside the hooks: what they say goes back. */
#ifndef RUNNER_ERRAND_H
#define RUNNER_ERRAND_H

#include "proc/peer.h"

struct io_loop;
struct runner_errand;

/* All under way. Zero but for loop and parent. */
struct runner_errands {
	struct io_loop *loop;
	struct proc_peer **parent; /* NULL: gone, nobody is told */
	struct runner_errand *first;
	void (*on_idle)(void *owner); /* the last one has ended */
	void *owner;
};

/* PROC_MSG_PROGRAM. Takes fd: its stdin. What cannot be run is answered. 0 or -EPROTO, -ENOMEM. */
[[nodiscard]] int runner_errand_start(struct runner_errands *all, struct slice payload, int fd);
/* Ends what is under way. */
void runner_errands_end(struct runner_errands *all);

#endif
