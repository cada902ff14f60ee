/* Lines that a stranger can cause: so many a minute at most, and how many were not said. */
#ifndef BASE_LOG_CALM_H
#define BASE_LOG_CALM_H

#include <stdbool.h>
#include <stdint.h>

enum { LOG_CALM_MS = 60 * 1000, LOG_CALM_LINES = 20 };

/* All zero is the start. */
struct log_calm {
	uint64_t until_ms; /* of the minute that counts */
	unsigned said;     /* in it */
	uint64_t unsaid;   /* since the last that was said */
};

/* One more. True: say it, and that *ret_unsaid before it were not. */
static inline bool log_calm(struct log_calm *c, uint64_t now_ms, uint64_t *ret_unsaid)
{
	if (now_ms >= c->until_ms) {
		c->until_ms = now_ms + LOG_CALM_MS;
		c->said = 0;
	}
	if (c->said == LOG_CALM_LINES) {
		c->unsaid++;
		return false;
	}
	c->said++;
	*ret_unsaid = c->unsaid;
	c->unsaid = 0;
	return true;
}

#endif
