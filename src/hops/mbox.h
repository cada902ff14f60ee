/* Where the next message of an mbox begins. Pure. */
#ifndef HOPS_MBOX_H
#define HOPS_MBOX_H

#include "base/slice.h"

enum { HOPS_MBOX_MORE = 1 };

/* All zero: behind the empty line that ended a header. */
struct hops_mbox {
	bool is_in_line;    /* and nothing of it matters */
	bool is_after_text; /* the line before was not empty */
	size_t matched;     /* bytes of "From " at the start of the line */
};

/* True: a file that begins so is an mbox. */
bool hops_mbox_begins(struct slice text);

/* Past the rest of a body: 0, and *ret_used ends behind "From " of the line that begins the next
 * message (it follows an empty line); or HOPS_MBOX_MORE, all was read. */
[[nodiscard]] int hops_mbox_skip(struct hops_mbox *m, struct slice input, size_t *ret_used);

#endif
