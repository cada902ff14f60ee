/* The pages of --serve: inside of web/serve*.c alone. */
#ifndef WEB_SERVE_PAGE_H
#define WEB_SERVE_PAGE_H

#include "check/finding.h"
#include "check/run.h"
#include "web/reply.h"

/* What a page says of a domain, or of the wish to look at one. */
struct web_serve_note {
	const char *title;
	const char *text;   /* or NULL */
	const char *domain; /* what was written into the field; NULL or "" */
};

/* Each fills reply; out of memory is an answer too. */
void web_serve_page_form(struct web_reply *reply, unsigned status,
                         const struct web_serve_note *note);
void web_serve_page_about(struct web_reply *reply, const char *profile, unsigned an_hour);
void web_serve_page_progress(struct web_reply *reply, const char *domain,
                             const struct check_run_progress *progress);
void web_serve_json_progress(struct web_reply *reply, const char *domain,
                             const struct check_run_progress *progress);
void web_serve_json_error(struct web_reply *reply, unsigned status, const char *text);
void web_serve_style(struct web_reply *reply);

/* The page of a result, to be kept. 0 or -ENOMEM. */
[[nodiscard]] int web_serve_page_result(struct buf *out, const struct check_report *report);
/* Instead of one. why: ours. */
[[nodiscard]] int web_serve_page_failure(struct buf *out, const char *domain, const char *why);

#endif
