/*
 * The TLS report in a message (RFC 8460 5.3; MIME: RFC 2045, 2046): found by its type, at any depth
 * that mail has, and decoded. Lines end with CRLF or LF, for pipes give both. Pure.
 */
#ifndef REPORT_MIME_H
#define REPORT_MIME_H

#include "base/buf.h"

/* The next field of a header: rest begins as the message. The value is as it is written, folds and
 * all. False: the header has ended. */
bool report_mime_field(struct slice *rest, struct slice *ret_name, struct slice *ret_value);

/* The domain of the mailbox in From; the first where there are several. False: there is none.
 * ret_domain: 256 bytes; lower case. */
bool report_mime_from(struct slice message, char *ret_domain);

/* Appends the report's bytes, gzip or JSON. 0, REPORT_MIME_NONE (no part is one) or -ENOMEM. */
enum { REPORT_MIME_NONE = 1 };
[[nodiscard]] int report_mime_find(struct slice message, struct buf *ret_body);

#endif
