/* A server's reply (RFC 5321 4.2): one or more lines of one code. */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "base/buf.h"

enum { SMTP_REPLY_MORE = 1, SMTP_REPLY_BROKEN };
enum { SMTP_REPLY_LINE_MAX = 2048, SMTP_REPLY_LINES_MAX = 128 };

struct smtp_reply {
	struct buf text; /* its lines with CRLF, as they came; control bytes became '?' */
	unsigned code;   /* 200 to 599; only its class (code / 100) decides anything */
	unsigned lines;
};

void smtp_reply_deinit(struct smtp_reply *reply);

/* Empty again, for the next one. */
void smtp_reply_clear(struct smtp_reply *reply);

/*
 * Takes the lines of one reply from the front of input, over as many calls as it needs.
 *
 * ret_used: bytes taken, whole lines only; set for 0 and MORE
 *
 * Returns 0 (it is whole), SMTP_REPLY_MORE, SMTP_REPLY_BROKEN (no reply, a bare CR or LF, codes
 * that differ, a line or number of lines over the limit), or -ENOMEM.
 */
[[nodiscard]] int smtp_reply_take(struct smtp_reply *reply, struct slice input, size_t *ret_used);

/*
 * The next line's text behind code and separator, without CRLF. rest starts as
 * buf_slice(&reply->text). False behind the last line.
 */
bool smtp_reply_next(struct slice *rest, struct slice *ret_text);

/* Cuts an enhanced status code (RFC 3463 2, "2.6.0 ") off the text; the empty slice if none. */
struct slice smtp_reply_enhanced(struct slice *text);

/*
 * The queue id in the reply to a message: "queued as ID" (Postfix), "id=ID" (Exim), "ID Message
 * accepted for delivery" (OpenSMTPD). ret_id is "" if there is none.
 */
void smtp_reply_queue_id(const struct smtp_reply *reply, char *ret_id, size_t cap);
/* The same, behind a "," in a list of them; left out where it does not fit. */
void smtp_reply_queue_id_note(const struct smtp_reply *reply, char *ids, size_t cap);

#endif
