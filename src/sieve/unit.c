#include "sieve/unit.h"

#include "base/clean.h"
#include "base/err.h"
#include "sasl/secret.h"

#include <stdio.h>

enum says { SAYS_CLIENT, SAYS_SERVER };

/* How many bytes the next line has, with the literal it announces; *ret_ends: it announces none. */
static int part_take(struct slice rest, size_t max, enum says who, bool *ret_ends, size_t *ret_used)
{
	struct slice line;
	struct conv_literal literal;
	int r = conv_line_take(rest, max, &line, ret_used);
	if (r)
		return r;
	*ret_ends = !conv_literal_announced(line, &literal);
	if (*ret_ends)
		return 0;
	if (who == SAYS_CLIENT && !literal.is_plus)
		return SIEVE_UNIT_WAITS;
	if (literal.len > max - *ret_used)
		return CONV_LINE_TOO_LONG;
	*ret_used += (size_t)literal.len;
	return *ret_used > rest.len ? CONV_LINE_MORE : 0;
}

static int unit_take(struct slice input, size_t max, enum says who, struct slice *ret_unit)
{
	size_t len = 0;
	bool ends = false;
	while (!ends) {
		size_t used;
		int r = part_take(slice_skip(input, len), max - len, who, &ends, &used);
		if (r)
			return r;
		len += used;
	}
	*ret_unit = slice_head(input, len);
	return 0;
}

int sieve_client_unit_take(struct slice input, size_t max, struct slice *ret_unit, size_t *ret_used)
{
	int r = unit_take(input, max, SAYS_CLIENT, ret_unit);
	*ret_used = r ? 0 : ret_unit->len;
	return r;
}

int sieve_server_unit_take(struct slice input, size_t max, struct slice *ret_unit, size_t *ret_used)
{
	int r = unit_take(input, max, SAYS_SERVER, ret_unit);
	*ret_used = r ? 0 : ret_unit->len;
	return r;
}

void sieve_words_read(struct slice unit, struct sieve_words *ret_words)
{
	ret_words->is_bad = conv_tokens_read(unit, ret_words->tokens, COUNT_OF(ret_words->tokens),
	                                     &ret_words->count);
}

int sieve_string_add(struct buf *secret, struct slice value)
{
	char announced[32];
	if (conv_is_quotable(value))
		return err_up(conv_quoted_add(secret, value));
	snprintf(announced, sizeof(announced), "{%zu+}\r\n", value.len);
	int r = sasl_secret_add(secret, slice_str(announced));
	return r ? err_up(r) : err_up(sasl_secret_add(secret, value));
}
