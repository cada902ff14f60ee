/*
 * What goes on failing until somebody mends it, as on a full disk: said when it begins, once an
 * hour while it lasts, and when it is over.
 */
#ifndef BASE_LOG_LASTING_H
#define BASE_LOG_LASTING_H

#include <stdbool.h>
#include <stdint.h>

/* On a disk that is full now and then it is not over each time. */
enum { LOG_LASTING_MS = 60 * 60 * 1000, LOG_LASTING_WELL_MS = 10 * 1000 };

/* All zero: all is well. */
struct log_lasting {
	bool is_on;
	uint64_t due_ms; /* when it is said again */
	uint64_t failed_ms;
	uint64_t unsaid;
};

/* It failed. True: say it, and that *ret_unsaid before it were not. */
static inline bool log_lasting(struct log_lasting *l, uint64_t now_ms, uint64_t *ret_unsaid)
{
	l->failed_ms = now_ms;
	if (l->is_on && now_ms < l->due_ms) {
		l->unsaid++;
		return false;
	}
	l->is_on = true;
	l->due_ms = now_ms + LOG_LASTING_MS;
	*ret_unsaid = l->unsaid;
	l->unsaid = 0;
	return true;
}

/* It went well. True: it had failed, say that it is over. */
static inline bool log_lasting_over(struct log_lasting *l, uint64_t now_ms)
{
	if (!l->is_on || now_ms < l->failed_ms + LOG_LASTING_WELL_MS)
		return false;
	*l = (struct log_lasting){};
	return true;
}

#endif
