#include "servers/lines.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/joined.h"

#include <errno.h>
#include <stdio.h>

const struct servers_lines_syntax servers_lines_cyrus = { ':', "#", .include = "@include" };
const struct servers_lines_syntax servers_lines_courier = { '=', "#", .is_shell = true };
const struct servers_lines_syntax servers_lines_routes = { ':', "#", .has_empty_names = true };
const struct servers_lines_syntax servers_lines_words = { ' ', "#", .has_later_comments = true };
const struct servers_lines_syntax servers_lines_redis = { ' ', "#", .include = "include" };
const struct servers_lines_syntax servers_lines_stunnel = { '=', "#;", .has_brackets = true,
	                                                    .include = "include" };
const struct servers_lines_syntax servers_lines_haproxy = {
	' ',
	"#",
	.has_later_comments = true,
	.sections = " global defaults frontend backend listen peers resolvers userlist mailers "
		    "cache program ring http-errors fcgi-app ",
};

struct reading {
	struct servers *s;
	const struct servers_lines_syntax *syntax;
	struct servers_scope *outer; /* the one around the sections */
	struct servers_scope *scope;
	struct servers_nest nest;
	struct servers_place place;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Quotes around all of it are none of the value's. */
static struct slice unquoted(struct slice value)
{
	if (value.len >= 2 && (value.data[0] == '"' || value.data[0] == '\'') &&
	    value.data[value.len - 1] == value.data[0])
		return slice_of(value.data + 1, value.len - 2);
	return value;
}

/* As a shell: up to the first blank outside quotes, quotes taken away. */
static int shell_value(struct buf *out, struct slice value)
{
	uint8_t quote = 0;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		if (!quote && is_blank(c))
			break;
		if (c == quote || (!quote && (c == '"' || c == '\''))) {
			quote = quote ? 0 : c;
			continue;
		}
		int e = buf_add(out, slice_of(&value.data[i], 1));
		if (e)
			return err_up(e);
	}
	return 0;
}

static int file_read_in(void *owner, const struct servers_file *file);

static int on_included(void *owner, const char *path)
{
	struct reading *r = owner;
	return servers_include_read(
		r->s, path, &(struct servers_include){ &r->nest, &r->place, file_read_in, r });
}

static int include(struct reading *r, struct slice value)
{
	bool is_folder = value.len && value.data[value.len - 1] == '/';
	const char *path = servers_text_printf(r->s, "%.*s%s", (int)value.len,
	                                       (const char *)value.data, is_folder ? "*" : "");
	if (!path)
		return err_raise(-ENOMEM);
	return path[0] == '/' ? servers_glob(r->s, path, on_included, r) : 0;
}

static int setting_add(struct reading *r, struct slice name, struct slice value)
{
	CLEAN(buf_deinit) struct buf plain = {};
	struct servers_setting said = { .name = servers_text(r->s, name),
		                        .written = servers_text(r->s, value),
		                        .place = r->place };
	if (r->syntax->is_shell) {
		int e = shell_value(&plain, value);
		if (e)
			return err_up(e);
		value = buf_slice(&plain);
	}
	said.value = servers_text(r->s, unquoted(value));
	if (!said.name || !said.value || !said.written)
		return err_raise(-ENOMEM);
	return servers_setting_add(r->s, r->scope, &said);
}

static int section_open(struct reading *r, const char *type, struct slice name)
{
	const char *text = servers_text(r->s, name);
	if (!text)
		return err_raise(-ENOMEM);
	int e = servers_scope_add(r->s, r->outer, type, text, &r->scope);
	if (e)
		return err_up(e);
	r->scope->place = r->place;
	return 0;
}

static size_t word_len(struct slice line)
{
	size_t n = 0;
	while (n < line.len && !is_blank(line.data[n]))
		n++;
	return n;
}

/* The line is one of the words that begin a section. NULL: it is none; type lives as long as s. */
static const char *section_type(struct reading *r, struct slice word)
{
	if (!r->syntax->sections || !word.len || word.len > 30)
		return NULL;
	char padded[34];
	snprintf(padded, sizeof(padded), " %.*s ", (int)word.len, (const char *)word.data);
	return strstr(r->syntax->sections, padded) ? servers_text(r->s, word) : NULL;
}

static int on_line(void *owner, struct slice line)
{
	struct reading *r = owner;
	if (r->syntax->has_brackets && line.data[0] == '[')
		return section_open(
			r, "section",
			slice_head(slice_skip(line, 1), slice_find(slice_skip(line, 1), ']')));
	size_t at = r->syntax->assign == ' ' ? word_len(line)
	                                     : slice_find(line, (uint8_t)r->syntax->assign);
	struct slice name = slice_trim(slice_head(line, at));
	struct slice value = slice_trim(slice_skip(line, at + 1));
	const char *type = section_type(r, name);
	if (type)
		return section_open(r, type, value);
	if (r->syntax->is_shell && slice_starts_nocase(name, "export "))
		name = slice_trim(slice_skip(name, strlen("export ")));
	if ((!name.len && !r->syntax->has_empty_names) ||
	    (at == line.len && r->syntax->assign != ' '))
		return 0; /* no setting: what a shell would do beside */
	if (r->syntax->include && slice_equal(name, slice_str(r->syntax->include)))
		return include(r, unquoted(value));
	return setting_add(r, name, value);
}

static int file_read_in(void *owner, const struct servers_file *file)
{
	struct reading *r = owner;
	return servers_joined_read(
		file, &(struct servers_joined){ .comments = r->syntax->comments,
	                                        .has_later_comments = r->syntax->has_later_comments,
	                                        .place = &r->place,
	                                        .fn = on_line,
	                                        .owner = r });
}

int servers_lines_read(struct servers *s, struct servers_scope *scope,
                       const struct servers_file *file, const struct servers_lines_syntax *syntax)
{
	struct reading r = { .s = s, .syntax = syntax, .outer = scope, .scope = scope };
	int e = file_read_in(&r, file);
	return e < 0 ? err_up(e) : 0;
}
