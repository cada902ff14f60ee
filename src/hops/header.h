/*
 * Reads the header of a message, of any size, in bounded memory: the fields that tell of its way,
 * unfolded, one after the other. Everything else is passed over. Pure.
 *
 * Lines end with CRLF or LF. A line that is neither a field nor the rest of one (the "From " line
 * of an mbox is such a line) is skipped, with what is folded behind it. The first empty line ends
 * the header.
 */
#ifndef HOPS_HEADER_H
#define HOPS_HEADER_H

#include "base/slice.h"

enum {
	HOPS_VALUE_MAX =
		16 * 1024,  /* bytes kept of a field; Postfix folds at 998, and none has more */
	HOPS_NAME_MAX = 32, /* longer names are of no field we want */
};

enum hops_field {
	HOPS_FIELD_OTHER,
	HOPS_FIELD_RECEIVED, /* RFC 5321 4.4 */
	HOPS_FIELD_RESULTS,  /* Authentication-Results (RFC 8601), ARC-... (RFC 8617) */
};

enum hops_header_result {
	HOPS_HEADER_MORE = 1, /* all of input was read, and the header has not ended */
	HOPS_HEADER_END,      /* what follows *ret_used is the body */
};

enum hops_header_state {
	HOPS_AT_LINE,  /* its first byte comes */
	HOPS_IN_NAME,  /* before the colon */
	HOPS_IN_VALUE, /* of a field we want */
	HOPS_IN_OTHER, /* of one we do not want, or of no field at all */
	HOPS_AT_END,
};

/* All zero is the start of a message. */
struct hops_header {
	enum hops_header_state state;
	bool is_after_cr; /* at the start of a line */
	bool is_done;     /* a field was told of: the next call begins with a new one */
	bool is_cut;      /* the field has more than HOPS_VALUE_MAX bytes: the rest is left out */
	enum hops_field field;
	size_t name_len, value_len;
	char name[HOPS_NAME_MAX];
	uint8_t value[HOPS_VALUE_MAX]; /* without line ends; a NUL is a '?', a bare CR a space */
};

/*
 * Up to the next field we want: 0, it is in h->field, h->value and h->is_cut until the next call;
 * or an enum hops_header_result. Keeps no pointer to input.
 */
[[nodiscard]] int hops_header_feed(struct hops_header *h, struct slice input, size_t *ret_used);

/* The message ended, in its header perhaps. True: there is a last field, as with feed. */
[[nodiscard]] bool hops_header_finish(struct hops_header *h);

static inline struct slice hops_header_value(const struct hops_header *h)
{
	return slice_of(h->value, h->value_len);
}

#endif
