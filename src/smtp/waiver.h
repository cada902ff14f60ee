/*
 * Does the sender of a message waive TLS ("TLS-Required: No", RFC 8689 3)? Its header says so in
 * one field of that name, with that value and no other. Pure.
 */
#ifndef SMTP_WAIVER_H
#define SMTP_WAIVER_H

#include "base/slice.h"

enum { SMTP_WAIVER_HEADER_MAX = 64 * 1024 }; /* a longer header waives nothing */

enum smtp_waiver_says {
	SMTP_WAIVER_MORE, /* the header has not ended */
	SMTP_WAIVER_GIVEN,
	SMTP_WAIVER_NONE,
};

/* All zero is the start of a message. */
struct smtp_waiver {
	size_t at; /* of text, whole lines that were read */
	bool is_in_field;
	unsigned fields; /* of that name */
	bool is_no, is_other;
};

/*
 * text: the message from its first byte to what there is of it, longer with each call, as
 *       smtp/data.h writes it: whole lines with CRLF, dots stuffed, a final dot ends it
 */
enum smtp_waiver_says smtp_waiver_read(struct smtp_waiver *w, struct slice text);

#endif
