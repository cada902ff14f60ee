/*
 * What was found of domains, as pages, for a while: so many, of so many bytes in all; the oldest
 * go. Pure; the clock comes from outside. For --serve.
 */
#ifndef WEB_RESULTS_H
#define WEB_RESULTS_H

#include "dns/idn.h"
#include "web/reply.h"

struct web_result {
	struct web_result *next; /* newer */
	char domain[DNS_IDN_CAP];
	struct web_kept *html, *json;
	uint64_t at_ms; /* monotonic */
};

/* Zeroed but for the limits is empty. */
struct web_results {
	size_t count_max, bytes_max;
	uint64_t kept_ms;
	struct web_result *oldest, **end;
	size_t count, bytes;
};

void web_results_init(struct web_results *results);
void web_results_deinit(struct web_results *results);

enum { WEB_RESULTS_TOO_LARGE = 1 };
/*
 * In place of what is there of the domain. The pages are taken in any case.
 * 0, -ENOMEM, or TOO_LARGE: it is more than a quarter of all that there may be, and not kept.
 */
[[nodiscard]] int web_results_put(struct web_results *results, const char *domain, struct buf *html,
                                  struct buf *json, uint64_t now_ms);

/* NULL: there is none, or its time is over. Valid until the next call. */
const struct web_result *web_results_find(struct web_results *results, const char *domain,
                                          uint64_t now_ms);

#endif
