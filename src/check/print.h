/*
 * What `mailseal check` found, written for those who read it: a terminal, programs, a page to
 * print, pipelines, monitoring. Pure: reports in, bytes out. What strangers wrote comes out
 * escaped.
 *
 * Each domain is written when it is done, so that thousands of them need no memory: begin, each
 * report, end.
 */
#ifndef CHECK_PRINT_H
#define CHECK_PRINT_H

#include "base/buf.h"
#include "base/exposition.h"
#include "check/finding.h"

/* Whether it is time to worry: which findings count for the exit status and JUnit's failures. */
enum check_threshold { CHECK_FAILS_ON_FAIL, CHECK_FAILS_ON_WARN };
/* Findings that count. */
unsigned check_report_bad(const struct check_report *report, enum check_threshold threshold);

/* The domain, or HOST:PORT/PROTO: what it is called. A stranger's text. */
const char *check_report_asked(const struct check_report *report);

struct check_text_style {
	bool has_colour;
	bool shows_all; /* what is well, too */
};
/* For a terminal: letters first, then findings, the worst first. */
[[nodiscard]] int check_print_text(struct buf *out, const struct check_report *report,
                                   const struct check_text_style *style);
/* What a baseline differs in. */
struct check_changes;
[[nodiscard]] int check_print_changes(struct buf *out, const struct check_changes *changes);
/* One line: for long lists. */
[[nodiscard]] int check_print_line(struct buf *out, const struct check_report *report);

/* One JSON object and a line end (mailseal-check(1) has the shape). is_pretty: over many lines. */
[[nodiscard]] int check_print_json(struct buf *out, const struct check_report *report,
                                   bool is_pretty);

/* One page without script or anything from elsewhere. */
[[nodiscard]] int check_print_html_begin(struct buf *out, const char *title);
[[nodiscard]] int check_print_html(struct buf *out, const struct check_report *report);
[[nodiscard]] int check_print_html_end(struct buf *out);

/* A test suite a domain, a case a finding. */
[[nodiscard]] int check_print_junit_begin(struct buf *out);
[[nodiscard]] int check_print_junit(struct buf *out, const struct check_report *report,
                                    enum check_threshold threshold);
[[nodiscard]] int check_print_junit_end(struct buf *out);

/* Metrics in Prometheus' text format. Families stand one behind the other, so they grow beside each
 * other until the end. Zeroed is empty. */
enum check_metric {
	CHECK_METRIC_GRADES,
	CHECK_METRIC_TOTALS,
	CHECK_METRIC_BAD,
	CHECK_METRIC_EXPIRY,
	CHECK_METRIC_LOOKED,
	CHECK_METRIC_COUNT
};
struct check_prometheus {
	struct exposition metrics[CHECK_METRIC_COUNT];
	bool has_begun;
};
void check_print_prometheus(struct check_prometheus *p, const struct check_report *report);
/* What was gathered; nothing is left in p. 0 or -ENOMEM. */
[[nodiscard]] int check_print_prometheus_end(struct check_prometheus *p, struct buf *out);

/* A stranger's text without what a terminal would obey: bytes that are not printable ASCII come out
 * as "?". */
[[nodiscard]] int check_print_clean(struct buf *out, const char *text);

#endif
