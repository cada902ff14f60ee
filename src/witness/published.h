/*
 * Looks at the MTA-STS policies of our own as strangers see them: the TXT record, then the file by
 * HTTPS, one domain after the other, all of them once in so many milliseconds.
 */
#ifndef WITNESS_PUBLISHED_H
#define WITNESS_PUBLISHED_H

#include "proc/published.h"

struct fetch;
struct io_loop;
struct lookup;
struct published;

struct published_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	void (*on_seen)(void *owner, const struct proc_published *seen);
	void *owner;
};

/* 0 or -ENOMEM. */
[[nodiscard]] int published_new(struct published **ret_published,
                                const struct published_settings *set);
/* NULL is fine. */
void published_free(struct published *p);

/* The payload of PROC_MSG_STS_LOOK: all others are forgotten. 0 or a negative. */
[[nodiscard]] int published_domains_set(struct published *p, struct slice payload);

#endif
