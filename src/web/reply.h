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
	const char *peer;       /* the far end's address; NULL: it came by a unix socket */
	const char *forwarded;  /* the last X-Forwarded-For */
	const char *fetch_site; /* Sec-Fetch-Site: where the wish comes from, as the browser says */
	struct slice body;      /* of a POST, where one is taken */
	int64_t now_s;          /* Unix time */
	uint64_t now_ms;        /* monotonic */
};

enum web_content {
	WEB_CONTENT_TEXT,
	WEB_CONTENT_HTML,
	WEB_CONTENT_CSS,
	WEB_CONTENT_METRICS,
	WEB_CONTENT_JSON,
	WEB_CONTENT_XML,
	WEB_CONTENT_COUNT
};

/* A body that many answers share, however long their readers take. */
struct web_kept {
	unsigned refs;
	struct buf body;
};
/* Takes the body, in any case. NULL: no memory. One reference. */
struct web_kept *web_kept_new(struct buf *body);
struct web_kept *web_kept_ref(struct web_kept *kept);
void web_kept_unref(struct web_kept *kept); /* NULL is fine */

enum { WEB_LOCATION_CAP = 300 };

struct web_reply {
	unsigned status;
	enum web_content content;
	struct buf body;
	struct web_kept *kept;           /* in place of body; a reference; or NULL */
	char location[WEB_LOCATION_CAP]; /* a path of ours; "": stay */
	bool asks_password;              /* WWW-Authenticate */
	bool may_wait;                   /* Retry-After */
};

/* A line of text. Out of memory: no line. */
void web_reply_say(struct web_reply *reply, unsigned status, const char *text);

#endif
