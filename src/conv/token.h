/*
 * Words and strings as IMAP and ManageSieve have them (RFC 9051 9, RFC 5804 4): atoms, quoted
 * strings, literals ({5} and CRLF, then five bytes), parentheses. Pure; tokens point into the text.
 */
#ifndef CONV_TOKEN_H
#define CONV_TOKEN_H

#include "base/buf.h"
#include "base/slice.h"

enum {
	CONV_TOKENS_MORE = 1, /* it ends in a literal's size; what stands before is read */
	CONV_TOKENS_BAD,      /* the tokens are those in front of the fault */
};

enum conv_token_kind {
	CONV_TOKEN_ATOM,
	CONV_TOKEN_QUOTED, /* text is what stands between the quotes, backslashes and all */
	CONV_TOKEN_LITERAL,
	CONV_TOKEN_OPEN,
	CONV_TOKEN_CLOSE,
};

struct conv_token {
	enum conv_token_kind kind;
	struct slice text;
};

/*
 * What stands before the CRLF that ends the text; CRLFs within are those of literals.
 *
 * cap: how many tokens there may be; one more is BAD
 *
 * Returns 0 or one of the outcomes above.
 */
[[nodiscard]] int conv_tokens_read(struct slice text, struct conv_token *ret_tokens, size_t cap,
                                   size_t *ret_count);

struct conv_literal {
	uint64_t len; /* UINT64_MAX: more than that */
	bool is_plus; /* {n+}: comes unasked (RFC 7888) */
};

/* Whether a line (without CRLF) announces a literal at its end. */
bool conv_literal_announced(struct slice line, struct conv_literal *ret_literal);

/* What an atom may consist of. */
bool conv_is_atom_byte(uint8_t c);

/* An atom or string: what an astring may be. */
bool conv_token_is_string(const struct conv_token *token);

/* The same without atoms. */
bool conv_token_is_quoted(const struct conv_token *token);

bool conv_token_is_atom(const struct conv_token *token, const char *word);

/* Appends what the token stands for, without quotes and backslashes. 0 or -ENOMEM. */
[[nodiscard]] int conv_token_value(const struct conv_token *token, struct buf *secret);

/* The same as printable text, for records; cut to cap - 1 bytes. 0 or -ENOMEM. */
[[nodiscard]] int conv_token_text(const struct conv_token *token, char *ret_text, size_t cap);

/* Whether a quoted string can hold the value: printable ASCII, and not too long for servers. */
bool conv_is_quotable(struct slice value);

/* Appends the quoted string of a value that can be one. 0 or -ENOMEM. */
[[nodiscard]] int conv_quoted_add(struct buf *secret, struct slice value);

#endif
