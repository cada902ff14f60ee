#include "servers/dovecot_conf.h"

#include "base/err.h"

/* A comment begins a line, or stands behind a blank; never within quotes. */
static size_t comment_find(struct slice line)
{
	char quote = 0;
	for (size_t i = 0; i < line.len; i++) {
		char c = (char)line.data[i];
		if (quote && c == '\\')
			i++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '#' &&
		         (i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
			return i;
	}
	return line.len;
}

static struct slice trim(struct slice s)
{
	s = slice_trim(s);
	while (s.len &&
	       (s.data[s.len - 1] == '\r' || s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* One line with those that a "\" at its end joins to it. 0 or -ENOMEM. */
static int joined_take(struct servers_dovecot_conf *conf, struct buf *ret_text, unsigned *ret_lines)
{
	bool goes_on = true;
	int r = 0;
	for (*ret_lines = 0; !r && goes_on && conf->text.len; ++*ret_lines) {
		size_t end = slice_find(conf->text, '\n');
		struct slice line = trim(slice_head(conf->text, end));
		conf->text = slice_skip(conf->text, end + 1);
		conf->line++;
		goes_on = line.len && line.data[line.len - 1] == '\\' &&
		          comment_find(line) == line.len;
		if (goes_on)
			line = trim(slice_head(line, line.len - 1));
		if (*ret_lines && line.len)
			r = buf_add_str(ret_text, " ");
		if (!r)
			r = buf_add(ret_text, line);
	}
	return err_up(r);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static size_t word_length(struct slice s)
{
	size_t len = 0;
	while (len < s.len && !is_blank(s.data[len]) && s.data[len] != '=')
		len++;
	return len;
}

/* Without quotes and the "\" in them. */
static int value_add(struct buf *out, struct slice value,
                     struct servers_dovecot_conf_line *ret_line)
{
	uint8_t quote = value.len ? value.data[0] : 0;
	ret_line->is_quoted = value.len >= 2 && (quote == '"' || quote == '\'') &&
	                      value.data[value.len - 1] == quote;
	if (!ret_line->is_quoted)
		return err_up(buf_add(out, value));
	int r = 0;
	for (size_t i = 1; !r && i + 1 < value.len; i++) {
		i += value.data[i] == '\\' && i + 2 < value.len;
		r = buf_add(out, slice_of(value.data + i, 1));
	}
	return err_up(r);
}

/* What a line is, as parts of it. */
struct parts {
	enum servers_dovecot_conf_kind kind;
	struct slice name, value;
	bool is_file;
};

static struct parts bad(const char *why)
{
	return (struct parts){ .kind = SERVERS_DOVECOT_CONF_BAD, .value = slice_str(why) };
}

static struct parts setting_of(struct slice name, struct slice value)
{
	value = trim(value);
	bool is_file = value.len && value.data[0] == '<';
	return (struct parts){ SERVERS_DOVECOT_CONF_SETTING, name,
		               is_file ? trim(slice_skip(value, 1)) : value, is_file };
}

static struct parts parts_of(struct slice line)
{
	size_t len = word_length(line);
	struct slice name = slice_head(line, len), rest = trim(slice_skip(line, len));
	if (rest.len && rest.data[0] == '=')
		return name.len ? setting_of(name, slice_skip(rest, 1))
		                : bad("no name before \"=\"");
	if (slice_equal(name, slice_str("}")) && !rest.len)
		return (struct parts){ .kind = SERVERS_DOVECOT_CONF_END };
	if (slice_equal(name, slice_str("!include")))
		return (struct parts){ .kind = SERVERS_DOVECOT_CONF_INCLUDE, .value = rest };
	if (slice_equal(name, slice_str("!include_try")))
		return (struct parts){ .kind = SERVERS_DOVECOT_CONF_INCLUDE_TRY, .value = rest };
	if (rest.len && rest.data[rest.len - 1] == '{')
		return (struct parts){ SERVERS_DOVECOT_CONF_BLOCK, name,
			               trim(slice_head(rest, rest.len - 1)), false };
	return bad("neither \"name = value\" nor the begin or end of a block");
}

/* line was found in text, which moves: its texts are written behind each other and named last. */
static int line_keep(struct buf *text, const struct parts *parts,
                     struct servers_dovecot_conf_line *ret_line)
{
	ret_line->kind = parts->kind;
	ret_line->is_file = parts->is_file;
	int r = buf_add(text, parts->name);
	if (!r)
		r = buf_add(text, slice_of("", 1));
	if (!r)
		r = value_add(text, parts->value, ret_line);
	return r ? err_up(r) : err_up(buf_add(text, slice_of("", 1)));
}

static int line_make(struct slice line, struct buf *text,
                     struct servers_dovecot_conf_line *ret_line)
{
	const struct parts parts = parts_of(line);
	buf_clear(text);
	int r = line_keep(text, &parts, ret_line);
	if (r)
		return err_up(r);
	ret_line->name = (const char *)buf_slice(text).data;
	ret_line->value = ret_line->name + parts.name.len + 1;
	return 0;
}

bool servers_dovecot_conf_next(struct servers_dovecot_conf *conf, struct buf *text,
                               struct servers_dovecot_conf_line *ret_line, int *ret_r)
{
	struct buf joined = {};
	*ret_r = 0;
	bool is_found = false;
	while (!*ret_r && !is_found && conf->text.len) {
		*ret_line = (struct servers_dovecot_conf_line){ .line = conf->line };
		buf_clear(&joined);
		*ret_r = joined_take(conf, &joined, &ret_line->lines);
		struct slice line = buf_slice(&joined);
		line = trim(slice_head(line, comment_find(line)));
		is_found = !*ret_r && line.len;
		if (is_found)
			*ret_r = line_make(line, text, ret_line);
	}
	buf_deinit(&joined);
	return is_found && !*ret_r;
}
