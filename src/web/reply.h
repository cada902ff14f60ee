/* A request as far as it matters here, and the answer to it. */
#ifndef WEB_REPLY_H
#define WEB_REPLY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* All borrowed; NULL where the client sent none. */
struct web_request {
	const char *method;
	const char *target; /* of the request line, as it came */
	const char *host;
	const char *authorization;
	int64_t now_s;   /* Unix time */
	uint64_t now_ms; /* monotonic */
};

enum web_content {
	WEB_CONTENT_TEXT,
	WEB_CONTENT_HTML,
	WEB_CONTENT_CSS,
	WEB_CONTENT_METRICS,
	WEB_CONTENT_COUNT
};

struct web_reply {
	unsigned status;
	enum web_content content;
	struct buf body;
	bool asks_password; /* WWW-Authenticate */
	bool may_wait;      /* Retry-After */
};

/* A line of text. Out of memory: no line. */
void web_reply_say(struct web_reply *reply, unsigned status, const char *text);

#endif
