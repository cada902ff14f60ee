/*
 * One command of an IMAP client before login (RFC 9051 9), as it came: lines with their CRLF and
 * the bytes of literals, in one piece. Pure; tokens point into the text.
 */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include "conv/token.h"

enum {
	IMAP_COMMAND_MORE =
		CONV_TOKENS_MORE, /* it ends in a literal's size; what stands before is parsed */
	IMAP_COMMAND_BAD = CONV_TOKENS_BAD, /* tag and verb may be used, the rest makes no sense */
	IMAP_COMMAND_NO_TAG,                /* not even a tag */
};

enum {
	IMAP_TAG_MAX = 64,
	IMAP_TOKENS_MAX = 72, /* an ID list has 30 pairs at most (RFC 2971 3.3) */
};

struct imap_command {
	struct slice tag;
	struct slice verb;
	struct conv_token tokens[IMAP_TOKENS_MAX];
	size_t count;
};

/* Returns 0 or one of the outcomes above; *ret_command is always written. */
[[nodiscard]] int imap_command_parse(struct slice text, struct imap_command *ret_command);

#endif
