#include "imap/command.h"

#include "base/err.h"
#include "conv/line.h"
#include "sasl/secret.h"

/*
 * Bytes of an atom. More generous than RFC 9051 9 (it takes % * \ ]), for passwords without quotes
 * are seen in the wild; nothing is passed on in the form in which it came.
 */
static bool is_atom_byte(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '{' && c != '"';
}

/* RFC 9051 9: tag, less what would look like something else in our answers. */
static bool is_tag_byte(uint8_t c)
{
	return is_atom_byte(c) && c != '+' && c != '%' && c != '*' && c != '\\';
}

static bool tag_is_valid(struct slice tag)
{
	for (size_t i = 0; i < tag.len; i++)
		if (!is_tag_byte(tag.data[i]))
			return false;
	return tag.len >= 1 && tag.len <= IMAP_TAG_MAX;
}

static bool verb_is_valid(struct slice verb)
{
	for (size_t i = 0; i < verb.len; i++)
		if (!is_atom_byte(verb.data[i]))
			return false;
	return verb.len > 0;
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

bool imap_literal_announced(struct slice line, struct imap_literal *ret_literal)
{
	if (line.len < 3 || line.data[line.len - 1] != '}')
		return false;
	size_t open = line.len - 1;
	while (open && line.data[open - 1] != '{')
		open--;
	if (!open)
		return false;
	struct slice size = slice_of(line.data + open, line.len - 1 - open);
	struct imap_literal literal = {};
	literal.is_plus = size.len && size.data[size.len - 1] == '+';
	if (literal.is_plus)
		size.len--;
	if (!digits_read(size, &literal.len))
		return false;
	*ret_literal = literal;
	return true;
}

static int read_quoted(struct slice *rest, struct imap_token *ret)
{
	struct slice body = slice_skip(*rest, 1);
	for (size_t i = 0; i < body.len; i++) {
		uint8_t c = body.data[i];
		if (c == '\\' && ++i < body.len && body.data[i] != '"' && body.data[i] != '\\')
			return IMAP_COMMAND_BAD;
		if (c == '\r' || c == '\n' || c == '\0')
			return IMAP_COMMAND_BAD;
		if (c != '"')
			continue;
		*ret = (struct imap_token){ IMAP_TOKEN_QUOTED, slice_head(body, i) };
		*rest = slice_skip(body, i + 1);
		return 0;
	}
	return IMAP_COMMAND_BAD;
}

static int read_literal(struct slice *rest, struct imap_token *ret)
{
	size_t line_len = slice_find(*rest, '\r');
	struct slice line = slice_head(*rest, line_len);
	struct slice body = slice_skip(*rest, line_len + 2);
	struct imap_literal literal;
	/* The announcement is the whole rest of its line. */
	if (!imap_literal_announced(line, &literal) ||
	    slice_find(slice_skip(line, 1), '{') + 1 < line_len)
		return IMAP_COMMAND_BAD;
	if (body.len == 0 || literal.len > body.len)
		return IMAP_COMMAND_MORE;
	*ret = (struct imap_token){ IMAP_TOKEN_LITERAL, slice_head(body, literal.len) };
	*rest = slice_skip(body, literal.len);
	/* RFC 9051 4.3: octets other than NUL. */
	return slice_find(ret->text, '\0') < ret->text.len ? IMAP_COMMAND_BAD : 0;
}

static int read_atom(struct slice *rest, struct imap_token *ret)
{
	size_t n = 0;
	while (n < rest->len && is_atom_byte(rest->data[n]))
		n++;
	if (n == 0)
		return IMAP_COMMAND_BAD;
	*ret = (struct imap_token){ IMAP_TOKEN_ATOM, slice_head(*rest, n) };
	*rest = slice_skip(*rest, n);
	return 0;
}

static int read_token(struct slice *rest, struct imap_token *ret)
{
	switch (rest->data[0]) {
	case '"':
		return read_quoted(rest, ret);
	case '{':
		return read_literal(rest, ret);
	case '(':
	case ')':
		*ret = (struct imap_token){
			.kind = rest->data[0] == '(' ? IMAP_TOKEN_OPEN : IMAP_TOKEN_CLOSE,
			.text = slice_head(*rest, 1),
		};
		*rest = slice_skip(*rest, 1);
		return 0;
	default:
		return read_atom(rest, ret);
	}
}

/* What may stand behind a token: a space, a parenthesis or the end. */
static bool is_separated(const struct imap_token *token, struct slice rest)
{
	if (token->kind == IMAP_TOKEN_OPEN || rest.len == 0)
		return true;
	return rest.data[0] == ' ' || rest.data[0] == ')' || rest.data[0] == '\r';
}

static int read_tokens(struct slice rest, struct imap_command *ret)
{
	for (;;) {
		while (rest.len && rest.data[0] == ' ')
			rest = slice_skip(rest, 1);
		if (slice_equal(rest, slice_str("\r\n")))
			return 0;
		if (rest.len == 0 || ret->count == IMAP_TOKENS_MAX)
			return IMAP_COMMAND_BAD;
		struct imap_token *token = &ret->tokens[ret->count];
		int r = read_token(&rest, token);
		if (r)
			return r;
		if (!is_separated(token, rest))
			return IMAP_COMMAND_BAD;
		ret->count++;
	}
}

int imap_command_parse(struct slice text, struct imap_command *ret_command)
{
	*ret_command = (struct imap_command){};
	struct slice line = slice_head(text, slice_find(text, '\r'));
	struct slice rest = line;
	struct slice tag = conv_line_word(&rest);
	if (!tag_is_valid(tag))
		return IMAP_COMMAND_NO_TAG;
	ret_command->tag = tag;
	struct slice verb = conv_line_word(&rest);
	if (!verb_is_valid(verb))
		return IMAP_COMMAND_BAD;
	ret_command->verb = verb;
	/* rest ends with the first line; the tokens go on behind it. */
	return read_tokens(slice_skip(text, line.len - rest.len), ret_command);
}

bool imap_token_is_string(const struct imap_token *token)
{
	return token->kind != IMAP_TOKEN_OPEN && token->kind != IMAP_TOKEN_CLOSE;
}

int imap_token_value(const struct imap_token *token, struct buf *secret)
{
	struct slice text = token->text;
	if (token->kind != IMAP_TOKEN_QUOTED)
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

int imap_token_text(const struct imap_token *token, char *ret_text, size_t cap)
{
	struct buf value = {};
	int r = imap_token_value(token, &value);
	if (!r)
		slice_to_text(buf_slice(&value), ret_text, cap);
	buf_deinit_secret(&value);
	return err_up(r);
}
