/* Syslog messages in a stream (RFC 5425 4.3): "LENGTH SP MESSAGE", one behind the other. Pure. */
#ifndef LINK_FRAME_H
#define LINK_FRAME_H

#include "base/buf.h"

enum {
	LINK_FRAME_MESSAGE_MAX = 24 * 1024, /* RFC 5425 4.3.1 asks for 8,192; longer ones are cut */
};

enum link_frame_result {
	LINK_FRAME_MORE = 1, /* not all of it came */
	LINK_FRAME_BAD,      /* no frame, or one that is too long: the rest has no meaning */
};

/* The first message of input. ret_used: with its length. 0 or enum link_frame_result. */
[[nodiscard]] int link_frame_read(struct slice input, struct slice *ret_message, size_t *ret_used);

/* Appends one. 0 or -ENOMEM. */
[[nodiscard]] int link_frame_write(struct buf *out, struct slice message);

#endif
