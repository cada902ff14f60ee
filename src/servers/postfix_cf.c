#include "servers/postfix_cf.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

enum { DEPTH_MAX = 12, LOOKS_MAX = 2000 };

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice s)
{
	while (s.len && is_blank(s.data[0]))
		s = slice_skip(s, 1);
	while (s.len && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

enum line_kind { LINE_BEGINS, LINE_CONTINUES, LINE_IS_NOTHING };

static enum line_kind kind_of(struct slice line)
{
	struct slice words = trim(line);
	if (!words.len || words.data[0] == '#')
		return LINE_IS_NOTHING;
	return is_blank(line.data[0]) ? LINE_CONTINUES : LINE_BEGINS;
}

static struct slice line_take(struct servers_postfix_cf *cf)
{
	size_t end = slice_find(cf->text, '\n');
	struct slice line = slice_head(cf->text, end + 1);
	cf->text = slice_skip(cf->text, end + 1);
	cf->line++;
	return line;
}

bool servers_postfix_cf_next(struct servers_postfix_cf *cf,
                             struct servers_postfix_cf_line *ret_line)
{
	struct slice line = {};
	while (cf->text.len) {
		line = line_take(cf);
		if (kind_of(line) == LINE_BEGINS)
			break;
		line = (struct slice){};
	}
	if (!line.len)
		return false;
	*ret_line =
		(struct servers_postfix_cf_line){ .text = line, .line = cf->line - 1, .lines = 1 };
	/* Comments count in when a continuation comes behind them. */
	struct servers_postfix_cf ahead = *cf;
	while (ahead.text.len) {
		enum line_kind kind = kind_of(line_take(&ahead));
		if (kind == LINE_BEGINS)
			break;
		if (kind == LINE_IS_NOTHING)
			continue;
		*cf = ahead;
		ret_line->lines = ahead.line - ret_line->line;
		ret_line->text.len = (size_t)(ahead.text.data - line.data);
	}
	return true;
}

bool servers_postfix_cf_setting(const struct servers_postfix_cf_line *line, struct slice *ret_name,
                                struct buf *ret_value)
{
	size_t equals = slice_find(line->text, '=');
	if (equals == line->text.len)
		return false;
	*ret_name = trim(slice_head(line->text, equals));
	if (!ret_name->len || slice_find(*ret_name, '\n') < ret_name->len)
		return false;
	struct servers_postfix_cf rest = { slice_skip(line->text, equals + 1), 1 };
	for (bool is_first = true; rest.text.len; is_first = false) {
		struct slice part = line_take(&rest);
		struct slice words = trim(part);
		if (!words.len || (!is_first && words.data[0] == '#'))
			continue;
		if ((buf_len(ret_value) && buf_add_str(ret_value, " ")) ||
		    buf_add(ret_value, words))
			return false;
	}
	return true;
}

/* --- words of master.cf --- */

/* Passes over blanks, and over comment lines between continuations. */
static void blanks_skip(struct servers_postfix_cf_line *rest)
{
	bool is_begin = false;
	while (rest->text.len) {
		uint8_t c = rest->text.data[0];
		if (c == '#' && is_begin) {
			rest->text = slice_skip(rest->text, slice_find(rest->text, '\n'));
			continue;
		}
		if (!is_blank(c))
			return;
		is_begin = is_begin || c == '\n';
		rest->line += c == '\n';
		rest->text = slice_skip(rest->text, 1);
	}
}

/* Up to the brace that closes the first; all if none does. */
static size_t braces_length(struct slice s)
{
	size_t depth = 0;
	for (size_t i = 0; i < s.len; i++) {
		depth += s.data[i] == '{';
		if (s.data[i] == '}' && --depth == 0)
			return i + 1;
	}
	return s.len;
}

static size_t word_length(struct slice s)
{
	size_t len = 0;
	while (len < s.len && !is_blank(s.data[len]))
		len += s.data[len] == '{' ? braces_length(slice_skip(s, len)) : 1;
	return len;
}

static struct slice unbraced(struct slice word)
{
	if (word.len < 2 || word.data[0] != '{' || word.data[word.len - 1] != '}')
		return word;
	return trim(slice_of(word.data + 1, word.len - 2));
}

bool servers_postfix_cf_word_next(struct servers_postfix_cf_line *rest,
                                  struct servers_postfix_cf_word *ret_word)
{
	blanks_skip(rest);
	if (!rest->text.len)
		return false;
	struct slice word = slice_head(rest->text, word_length(rest->text));
	*ret_word = (struct servers_postfix_cf_word){ unbraced(word), rest->line, 1 };
	for (size_t i = 0; i < word.len; i++)
		ret_word->lines += word.data[i] == '\n';
	rest->line += ret_word->lines - 1;
	rest->text = slice_skip(rest->text, word.len);
	return true;
}

/* --- values --- */

struct expansion {
	struct buf *out;
	const struct servers_postfix_cf_names *names;
	unsigned depth;
	unsigned looks; /* of all depths: a value that doubles itself ends too */
};

static int expand(struct expansion *e, struct slice value);

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static size_t name_length(struct slice s)
{
	size_t len = 0;
	while (len < s.len && is_name_byte(s.data[len]))
		len++;
	return len;
}

static const char *look(struct expansion *e, struct slice name)
{
	return e->looks++ < LOOKS_MAX ? e->names->look(e->names->owner, name) : NULL;
}

static int name_expand(struct expansion *e, struct slice name)
{
	const char *value = look(e, name);
	return value ? err_up(expand(e, slice_str(value))) : 0;
}

/* The value of a text by itself, for comparing. */
static int text_of(struct expansion *e, struct slice text, struct buf *ret_text)
{
	struct expansion inner = *e;
	inner.out = ret_text;
	int r = expand(&inner, text);
	e->looks = inner.looks;
	return err_up(r);
}

static int levels_compare(const char *a, const char *b)
{
	for (;;) {
		char *a_end = NULL, *b_end = NULL;
		unsigned long one = strtoul(a, &a_end, 10), two = strtoul(b, &b_end, 10);
		if (one != two)
			return one < two ? -1 : 1;
		if (*a_end != '.' && *b_end != '.')
			return 0;
		a = *a_end == '.' ? a_end + 1 : "";
		b = *b_end == '.' ? b_end + 1 : "";
	}
}

static bool compares(struct slice op, struct slice left, struct slice right)
{
	char a[64], b[64];
	slice_to_text(left, a, sizeof(a));
	slice_to_text(right, b, sizeof(b));
	bool is_level = op.len > 5 && !memcmp(op.data + op.len - 5, "level", 5);
	struct slice sign = is_level ? slice_head(op, op.len - 5) : op;
	long one = strtol(a, NULL, 10), two = strtol(b, NULL, 10);
	int order = is_level ? levels_compare(a, b) : one < two ? -1 : one > two;
	if (slice_equal(sign, slice_str("==")))
		return slice_equal(left, right);
	if (slice_equal(sign, slice_str("!=")))
		return !slice_equal(left, right);
	bool or_equal = sign.len == 2 && sign.data[1] == '=';
	bool is_less = sign.len && sign.data[0] == '<';
	return (order == 0 && or_equal) || (is_less ? order < 0 : order > 0);
}

/* A part in braces, or all that is left. */
static struct slice part_take(struct slice *text)
{
	*text = trim(*text);
	bool has_brace = text->len && text->data[0] == '{';
	size_t len = has_brace ? braces_length(*text) : text->len;
	struct slice part = slice_head(*text, len);
	*text = trim(slice_skip(*text, len));
	return has_brace ? unbraced(part) : part;
}

/* "? {yes} : {no}", or the simple "?yes" or ":no". */
static int choose(struct expansion *e, struct slice rest, bool is_so)
{
	bool asks_so = rest.len && rest.data[0] == '?';
	rest = slice_skip(rest, 1);
	struct slice first = part_take(&rest);
	struct slice second = {};
	if (rest.len && rest.data[0] == ':') {
		rest = slice_skip(rest, 1);
		second = part_take(&rest);
	}
	if (is_so == asks_so)
		return err_up(expand(e, first));
	return asks_so ? err_up(expand(e, second)) : 0;
}

static int comparison_expand(struct expansion *e, struct slice inside)
{
	CLEAN(buf_deinit) struct buf left = {}, right = {};
	struct slice one = part_take(&inside);
	size_t len = 0;
	while (len < inside.len && inside.data[len] != '{' && !is_blank(inside.data[len]))
		len++;
	struct slice op = slice_head(inside, len);
	inside = slice_skip(inside, len);
	struct slice two = part_take(&inside);
	int r = text_of(e, one, &left);
	if (!r)
		r = text_of(e, two, &right);
	if (r)
		return err_up(r);
	return err_up(choose(e, inside, compares(op, buf_slice(&left), buf_slice(&right))));
}

static int braced_expand(struct expansion *e, struct slice inside)
{
	inside = trim(inside);
	if (inside.len && inside.data[0] == '{')
		return err_up(comparison_expand(e, inside));
	size_t len = name_length(inside);
	struct slice name = slice_head(inside, len);
	struct slice rest = trim(slice_skip(inside, len));
	if (!rest.len)
		return err_up(name_expand(e, name));
	CLEAN(buf_deinit) struct buf value = {};
	const char *has = look(e, name);
	int r = has ? text_of(e, slice_str(has), &value) : 0;
	return r ? err_up(r) : err_up(choose(e, rest, buf_len(&value) > 0));
}

/* What stands behind a "$"; *ret_used: how much of it was one. */
static int dollar_expand(struct expansion *e, struct slice at, size_t *ret_used)
{
	if (at.len && at.data[0] == '{') {
		*ret_used = braces_length(at);
		bool is_closed = at.data[*ret_used - 1] == '}';
		return err_up(braced_expand(e, slice_of(at.data + 1, *ret_used - 1 - is_closed)));
	}
	if (at.len && at.data[0] == '(') {
		size_t end = slice_find(at, ')');
		*ret_used = end < at.len ? end + 1 : at.len;
		return err_up(braced_expand(e, slice_skip(slice_head(at, end), 1)));
	}
	*ret_used = name_length(at);
	if (*ret_used)
		return err_up(name_expand(e, slice_head(at, *ret_used)));
	*ret_used = at.len && at.data[0] == '$';
	return err_up(buf_add_str(e->out, "$"));
}

static int expand(struct expansion *e, struct slice value)
{
	int r = 0;
	if (e->depth == DEPTH_MAX)
		return 0;
	e->depth++;
	while (!r && value.len && buf_len(e->out) < SERVERS_POSTFIX_CF_VALUE_MAX) {
		size_t dollar = slice_find(value, '$');
		r = buf_add(e->out, slice_head(value, dollar));
		if (dollar == value.len)
			break;
		size_t used = 0;
		value = slice_skip(value, dollar + 1);
		if (!r)
			r = dollar_expand(e, value, &used);
		value = slice_skip(value, used);
	}
	e->depth--;
	return err_up(r);
}

int servers_postfix_cf_expand(struct buf *out, struct slice value,
                              const struct servers_postfix_cf_names *names)
{
	struct expansion e = { .out = out, .names = names };
	return err_up(expand(&e, value));
}
