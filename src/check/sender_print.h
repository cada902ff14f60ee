/* What a sender did, for a terminal and for programs. */
#ifndef CHECK_SENDER_PRINT_H
#define CHECK_SENDER_PRINT_H

#include "base/buf.h"
#include "check/sender_case.h"

struct check_sender_result {
	const char *zone;
	uint32_t set; /* the cases that were tried */
	const struct check_sender_seen *seen;
	unsigned strangers;
	bool has_colour;
};

/* One line of one case, as it stands. 0 or -ENOMEM. */
[[nodiscard]] int check_sender_line_write(struct buf *out, const struct check_sender_result *result,
                                          const struct check_sender_case *c);
/* All, group by group. 0 or -ENOMEM. */
[[nodiscard]] int check_sender_text_write(struct buf *out,
                                          const struct check_sender_result *result);
[[nodiscard]] int check_sender_json_write(struct buf *out,
                                          const struct check_sender_result *result);

#endif
