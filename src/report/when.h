/* From when to when a report looks: times as people write them. Pure. */
#ifndef REPORT_WHEN_H
#define REPORT_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* [since_s, until_s), Unix time. */
struct report_span {
	int64_t since_s, until_s;
};

enum { REPORT_WHEN_BAD = 1, REPORT_SPAN_USUAL_S = 30 * 24 * 3600 };

/*
 * A date ("2027-03-31"), one with a time ("2027-03-31T12:00", also with seconds, a "Z", or a space
 * instead of the T), all UTC, or so long ago ("90m", "24h", "7d", "2w"), or "now". 0 or
 * REPORT_WHEN_BAD. ret_is_day: it was a date alone.
 */
[[nodiscard]] int report_when_parse(const char *text, int64_t now_s, int64_t *ret_at_s,
                                    bool *ret_is_day);

/*
 * since, until: as they were written; NULL: 30 days before the end, and now. The day of an until
 * that is a date alone is in it. 0 or REPORT_WHEN_BAD, with ret_why: what is wrong, in words.
 */
[[nodiscard]] int report_span_parse(const char *since, const char *until, int64_t now_s,
                                    struct report_span *ret_span, const char **ret_why);

#endif
