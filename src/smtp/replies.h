/*
 * The replies a handoff owes: they go out in the order of the commands (RFC 2920 3.2), whatever
 * order they are given in.
 */
#ifndef SMTP_REPLIES_H
#define SMTP_REPLIES_H

#include "smtp/handoff.h"

enum smtp_owed_kind {
	SMTP_OWED_NOTHING, /* our own words, which wait for their turn */
	SMTP_OWED_RCPT,
	SMTP_OWED_DATA, /* a refusal; 354 is ours to say */
	SMTP_OWED_END,
	SMTP_OWED_KIND_COUNT,
};

struct smtp_owed {
	uint8_t kind; /* enum smtp_owed_kind */
	bool is_given;
	uint16_t number;
	struct buf text;
};

/* All zero is the start. The first in the ring, if there is one, is never given yet. */
struct smtp_replies {
	struct smtp_owed ring[SMTP_HANDOFF_SLOTS_MAX];
	unsigned first, count;
	struct buf out;
};

void smtp_replies_deinit(struct smtp_replies *replies);

/* There is room for one more: to be asked before _say() and _owe(). */
bool smtp_replies_have_room(const struct smtp_replies *replies);

/* A line of our own, without CRLF. 0 or -ENOMEM. */
[[nodiscard]] int smtp_replies_say(struct smtp_replies *replies, const char *line);

void smtp_replies_owe(struct smtp_replies *replies, enum smtp_owed_kind kind, unsigned number);

enum smtp_replies_result {
	SMTP_REPLIES_NOT_OWED = 1,
	SMTP_REPLIES_ACCEPTED, /* it was given and is of class 2 */
};

/*
 * What was owed: a reply as of a server, CRLF and all. One that breaks a rule (RFC 5321 4.2), or
 * is of a class that is no answer to the command, becomes 451. A 421 becomes 451 too: the far end
 * closes, we do not.
 *
 * Returns 0, an enum smtp_replies_result, or -ENOMEM.
 */
[[nodiscard]] int smtp_replies_give(struct smtp_replies *replies, enum smtp_owed_kind kind,
                                    unsigned number, struct slice reply);

#endif
