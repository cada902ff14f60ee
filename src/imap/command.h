/*
 * One command of an IMAP client before login (RFC 9051 9), as it came: lines with their CRLF and
 * the bytes of literals, in one piece. Pure; tokens point into the text.
 */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include "base/buf.h"
#include "base/slice.h"

enum {
	IMAP_COMMAND_MORE = 1, /* it ends in a literal's size; what stands before is parsed */
	IMAP_COMMAND_BAD,      /* tag and verb may be used, the rest makes no sense */
	IMAP_COMMAND_NO_TAG,   /* not even a tag */
};

enum {
	IMAP_TAG_MAX = 64,
	IMAP_TOKENS_MAX = 72, /* an ID list has 30 pairs at most (RFC 2971 3.3) */
};

enum imap_token_kind {
	IMAP_TOKEN_ATOM,
	IMAP_TOKEN_QUOTED, /* text is what stands between the quotes, backslashes and all */
	IMAP_TOKEN_LITERAL,
	IMAP_TOKEN_OPEN,
	IMAP_TOKEN_CLOSE,
};

struct imap_token {
	enum imap_token_kind kind;
	struct slice text;
};

struct imap_command {
	struct slice tag;
	struct slice verb;
	struct imap_token tokens[IMAP_TOKENS_MAX];
	size_t count;
};

/* Returns 0 or one of the outcomes above; *ret_command is always written. */
[[nodiscard]] int imap_command_parse(struct slice text, struct imap_command *ret_command);

struct imap_literal {
	uint64_t len; /* UINT64_MAX: more than that */
	bool is_plus; /* {n+}: comes unasked (RFC 7888) */
};

/* Whether a line (without CRLF) announces a literal at its end. */
bool imap_literal_announced(struct slice line, struct imap_literal *ret_literal);

/* An atom or string: what an astring may be. */
bool imap_token_is_string(const struct imap_token *token);

/* Appends what the token stands for, without quotes and backslashes. 0 or -ENOMEM. */
[[nodiscard]] int imap_token_value(const struct imap_token *token, struct buf *secret);

/* The same as printable text, for records; cut to cap - 1 bytes. 0 or -ENOMEM. */
[[nodiscard]] int imap_token_text(const struct imap_token *token, char *ret_text, size_t cap);

#endif
