#include "conv/token.h"

#include "base/err.h"
#include "sasl/secret.h"

enum { QUOTED_MAX = 1000 }; /* longer ones are literals: servers limit their lines */

/*
 * Bytes of an atom. More generous than RFC 9051 9 (it takes % * \ ]), for passwords without quotes
 * are seen in the wild; nothing is passed on in the form in which it came.
 */
bool conv_is_atom_byte(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '{' && c != '"';
}

static bool digits_read(struct slice digits, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (size_t i = 0; i < digits.len; i++) {
		uint8_t c = digits.data[i];
		if (c < '0' || c > '9')
			return false;
		if (__builtin_mul_overflow(value, 10U, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
			value = UINT64_MAX;
	}
	*ret_value = value;
	return digits.len > 0;
}

bool conv_literal_announced(struct slice line, struct conv_literal *ret_literal)
{
	if (line.len < 3 || line.data[line.len - 1] != '}')
		return false;
	size_t open = line.len - 1;
	while (open && line.data[open - 1] != '{')
		open--;
	if (!open)
		return false;
	struct slice size = slice_of(line.data + open, line.len - 1 - open);
	struct conv_literal literal = {};
	literal.is_plus = size.len && size.data[size.len - 1] == '+';
	if (literal.is_plus)
		size.len--;
	if (!digits_read(size, &literal.len))
		return false;
	*ret_literal = literal;
	return true;
}

static int read_quoted(struct slice *rest, struct conv_token *ret)
{
	struct slice body = slice_skip(*rest, 1);
	for (size_t i = 0; i < body.len; i++) {
		uint8_t c = body.data[i];
		if (c == '\\' && ++i < body.len && body.data[i] != '"' && body.data[i] != '\\')
			return CONV_TOKENS_BAD;
		if (c == '\r' || c == '\n' || c == '\0')
			return CONV_TOKENS_BAD;
		if (c != '"')
			continue;
		*ret = (struct conv_token){ CONV_TOKEN_QUOTED, slice_head(body, i) };
		*rest = slice_skip(body, i + 1);
		return 0;
	}
	return CONV_TOKENS_BAD;
}

static int read_literal(struct slice *rest, struct conv_token *ret)
{
	size_t line_len = slice_find(*rest, '\r');
	struct slice line = slice_head(*rest, line_len);
	struct slice body = slice_skip(*rest, line_len + 2);
	struct conv_literal literal;
	/* The announcement is the whole rest of its line. */
	if (!conv_literal_announced(line, &literal) ||
	    slice_find(slice_skip(line, 1), '{') + 1 < line_len)
		return CONV_TOKENS_BAD;
	if (body.len == 0 || literal.len > body.len)
		return CONV_TOKENS_MORE;
	*ret = (struct conv_token){ CONV_TOKEN_LITERAL, slice_head(body, literal.len) };
	*rest = slice_skip(body, literal.len);
	/* RFC 9051 4.3: octets other than NUL. */
	return slice_find(ret->text, '\0') < ret->text.len ? CONV_TOKENS_BAD : 0;
}

static int read_atom(struct slice *rest, struct conv_token *ret)
{
	size_t n = 0;
	while (n < rest->len && conv_is_atom_byte(rest->data[n]))
		n++;
	if (n == 0)
		return CONV_TOKENS_BAD;
	*ret = (struct conv_token){ CONV_TOKEN_ATOM, slice_head(*rest, n) };
	*rest = slice_skip(*rest, n);
	return 0;
}

static int read_token(struct slice *rest, struct conv_token *ret)
{
	switch (rest->data[0]) {
	case '"':
		return read_quoted(rest, ret);
	case '{':
		return read_literal(rest, ret);
	case '(':
	case ')':
		*ret = (struct conv_token){
			.kind = rest->data[0] == '(' ? CONV_TOKEN_OPEN : CONV_TOKEN_CLOSE,
			.text = slice_head(*rest, 1),
		};
		*rest = slice_skip(*rest, 1);
		return 0;
	default:
		return read_atom(rest, ret);
	}
}

/* What may stand behind a token: a space, a parenthesis or the end. */
static bool is_separated(const struct conv_token *token, struct slice rest)
{
	if (token->kind == CONV_TOKEN_OPEN || rest.len == 0)
		return true;
	return rest.data[0] == ' ' || rest.data[0] == ')' || rest.data[0] == '\r';
}

int conv_tokens_read(struct slice rest, struct conv_token *ret_tokens, size_t cap,
                     size_t *ret_count)
{
	for (*ret_count = 0;; ++*ret_count) {
		while (rest.len && rest.data[0] == ' ')
			rest = slice_skip(rest, 1);
		if (slice_equal(rest, slice_str("\r\n")))
			return 0;
		if (rest.len == 0 || *ret_count == cap)
			return CONV_TOKENS_BAD;
		struct conv_token *token = &ret_tokens[*ret_count];
		int r = read_token(&rest, token);
		if (r)
			return r;
		if (!is_separated(token, rest))
			return CONV_TOKENS_BAD;
	}
}

bool conv_token_is_string(const struct conv_token *token)
{
	return token->kind != CONV_TOKEN_OPEN && token->kind != CONV_TOKEN_CLOSE;
}

bool conv_token_is_quoted(const struct conv_token *token)
{
	return token->kind == CONV_TOKEN_QUOTED || token->kind == CONV_TOKEN_LITERAL;
}

bool conv_token_is_atom(const struct conv_token *token, const char *word)
{
	return token->kind == CONV_TOKEN_ATOM && slice_equal_nocase(token->text, slice_str(word));
}

int conv_token_value(const struct conv_token *token, struct buf *secret)
{
	struct slice text = token->text;
	if (token->kind != CONV_TOKEN_QUOTED)
		return err_up(sasl_secret_add(secret, text));
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\' && i + 1 < text.len)
			i++;
		int r = sasl_secret_add(secret, slice_of(&text.data[i], 1));
		if (r)
			return err_up(r);
	}
	return 0;
}

int conv_token_text(const struct conv_token *token, char *ret_text, size_t cap)
{
	struct buf value = {};
	int r = conv_token_value(token, &value);
	if (!r)
		slice_to_text(buf_slice(&value), ret_text, cap);
	buf_deinit_secret(&value);
	return err_up(r);
}

bool conv_is_quotable(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] > 0x7e)
			return false;
	return value.len <= QUOTED_MAX;
}

int conv_quoted_add(struct buf *out, struct slice value)
{
	int r = sasl_secret_add(out, slice_str("\""));
	for (size_t i = 0; i < value.len && !r; i++) {
		bool is_special = value.data[i] == '"' || value.data[i] == '\\';
		if (is_special)
			r = sasl_secret_add(out, slice_str("\\"));
		if (!r)
			r = sasl_secret_add(out, slice_of(&value.data[i], 1));
	}
	return r ? err_up(r) : err_up(sasl_secret_add(out, slice_str("\"")));
}
