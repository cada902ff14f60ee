/*
 * Answers that took long, kept for a while: this process has sessions to write down, and pages may
 * take a tenth of its time, after a burst. Pure.
 */
#ifndef WEB_CACHE_H
#define WEB_CACHE_H

#include "web/reply.h"

enum {
	WEB_CACHE_ENTRIES = 8,
	WEB_CACHE_QUICK_MS = 20,    /* what is made in less is made anew each time */
	WEB_CACHE_PART = 10,        /* of the time: one such part at most */
	WEB_CACHE_BURST_MS = 10000, /* of work, at once */
	WEB_CACHE_KEPT_MAX_MS = 60000,
};

struct web_cache_entry {
	char *target; /* NULL: none */
	struct web_reply reply;
	uint64_t until_ms;
};

/* All zero is empty. */
struct web_cache {
	struct web_cache_entry entries[WEB_CACHE_ENTRIES];
	uint64_t debt_ms;    /* of work that was done ahead of its part */
	uint64_t debt_at_ms; /* when that was so */
};

void web_cache_deinit(struct web_cache *c);

/* A copy of what was answered to this, if it is fresh. */
bool web_cache_find(const struct web_cache *c, const char *target, uint64_t now_ms,
                    struct web_reply *ret_reply);
/* So much was done that the next has to wait. */
bool web_cache_is_spent(struct web_cache *c, uint64_t now_ms);
/* It took so long to make. reply is copied, or, if it was quick or for want of memory, not kept. */
void web_cache_keep(struct web_cache *c, const char *target, const struct web_reply *reply,
                    uint64_t now_ms, uint64_t took_ms);

#endif
