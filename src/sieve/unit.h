/*
 * What one side of ManageSieve says at a time (RFC 5804 4): a line, and where it ends in the size
 * of a literal, the literal and the line that goes on behind it.
 */
#ifndef SIEVE_UNIT_H
#define SIEVE_UNIT_H

#include "conv/line.h"
#include "conv/token.h"

/* A client's {n} without a plus: it may wait for a go-ahead, which the protocol does not have. */
enum { SIEVE_UNIT_WAITS = CONV_LINE_BARE + 1 };

/*
 * One off the front of input.
 *
 * max:      all its bytes
 * ret_unit: borrowed, with its CRLFs
 *
 * Returns 0, an enum conv_line_result (TOO_LONG as soon as a size says so), or for a client
 * SIEVE_UNIT_WAITS.
 */
[[nodiscard]] int sieve_client_unit_take(struct slice input, size_t max, struct slice *ret_unit,
                                         size_t *ret_used);
[[nodiscard]] int sieve_server_unit_take(struct slice input, size_t max, struct slice *ret_unit,
                                         size_t *ret_used);

enum { SIEVE_TOKENS_MAX = 16 };

struct sieve_words {
	struct conv_token tokens[SIEVE_TOKENS_MAX];
	size_t count;
	bool is_bad; /* the tokens are those in front of the fault */
};

void sieve_words_read(struct slice unit, struct sieve_words *ret_words);

/* Appends the string: quoted where that is possible, else a literal of a client. 0 or -ENOMEM. */
[[nodiscard]] int sieve_string_add(struct buf *secret, struct slice value);

#endif
