/*
 * Who came, out of logs of servers that are not behind our doors yet. Sessions of one who with one
 * TLS are summed up; of more names than the maximum only the sums are kept.
 */
#ifndef REPORT_IMPACT_LOG_H
#define REPORT_IMPACT_LOG_H

#include "report/impact.h"
#include "report/log.h"

enum { IMPACT_LOG_NAMES_MAX = 200000 };

struct impact_log;

/* wish: what is planned, for every protocol; borrowed, as long as the log. 0 or -ENOMEM. */
[[nodiscard]] int impact_log_new(struct impact_log **ret_log, const struct impact_wish *wish,
                                 int64_t now_s);
void impact_log_free(struct impact_log *log);

/* A line of any of the formats, without its end; what is none is passed over. 0 or -ENOMEM. */
[[nodiscard]] int impact_log_line(struct impact_log *log, struct slice line);

/* After the last line: all is judged, all findings are there. ret_impact borrows from the log.
 * began_s: of the first line with a time; 0: none. unnamed: sessions of
 * names past the maximum. 0 or -ENOMEM. */
[[nodiscard]] int impact_log_judge(struct impact_log *log, struct impact *ret_impact,
                                   int64_t *ret_began_s, uint64_t *ret_unnamed);

#endif
