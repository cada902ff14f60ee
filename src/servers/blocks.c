#include "servers/blocks.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

const struct servers_blocks_syntax servers_blocks_nginx = { .include = "include",
	                                                    .folder = "/etc/nginx" };
const struct servers_blocks_syntax servers_blocks_hitch = { .ends_with_line = true,
	                                                    .has_assignment = true };
const struct servers_blocks_syntax servers_blocks_rspamd = { .ends_with_line = true,
	                                                     .has_assignment = true };

const struct servers_blocks_syntax servers_blocks_json = { .is_json = true };

/* Ends the reading in good order; a fault was noted. */
enum { STOP = 1 };

struct reading {
	struct servers *s;
	const struct servers_blocks_syntax *syntax;
	struct servers_scope *scope; /* the block that is open */
	unsigned depth;
	struct servers_nest *nest;
	/* The file. */
	const char *path;
	struct slice rest;
	unsigned line;
	/* The statement so far. */
	struct buf name, value;
	unsigned words, begun; /* the line of its first word */
};

static int stop(struct reading *r, const char *why)
{
	int e = servers_fault(r->s, r->path, r->line, "%s", why);
	return e ? err_up(e) : STOP;
}

static void statement_clear(struct reading *r)
{
	buf_clear(&r->name);
	buf_clear(&r->value);
	r->words = 0;
}

static int file_read_in(struct reading *r, const struct servers_file *file);

static int on_included(void *owner, const char *path)
{
	struct reading *r = owner;
	struct servers_file *file = NULL;
	const char *real = servers_real_path(r->s, path);
	if (!real)
		return err_raise(-ENOMEM);
	int e = servers_open(r->s, real, &file);
	if (e == SERVERS_FILE_ABSENT || e == SERVERS_FILE_UNREADABLE)
		return 0; /* what is unreadable was noted */
	if (e)
		return err_up(e);
	struct reading inner = { .s = r->s,
		                 .syntax = r->syntax,
		                 .scope = r->scope,
		                 .depth = r->depth,
		                 .nest = r->nest };
	const char *why = servers_nest_enter(r->nest);
	if (why)
		return stop(r, why);
	e = file_read_in(&inner, file);
	r->nest->depth--;
	buf_deinit(&inner.name);
	buf_deinit(&inner.value);
	return e;
}

/* The newest is the first of the list: what was put there first is read first. */
static int included_of_dump(struct reading *r, const char *pattern)
{
	struct servers *s = r->s;
	CLEAN(freep) const char **paths = calloc(s->file_count + 1, sizeof(*paths));
	size_t count = 0;
	int e = 0;
	if (!paths)
		return err_raise(-ENOMEM);
	for (const struct servers_file *f = s->files; f && count < s->file_count; f = f->next)
		if (!fnmatch(pattern, f->path, FNM_PATHNAME | FNM_PERIOD))
			paths[count++] = f->path;
	while (!e && count)
		e = on_included(r, paths[--count]);
	return e;
}

static int include(struct reading *r)
{
	struct slice name = buf_slice(&r->value);
	bool is_absolute = name.len && name.data[0] == '/';
	const char *path = is_absolute
	                           ? servers_text(r->s, name)
	                           : servers_text_printf(r->s, "%s/%.*s", r->syntax->folder,
	                                                 (int)name.len, (const char *)name.data);
	if (!path)
		return err_raise(-ENOMEM);
	return r->syntax->is_dump ? included_of_dump(r, path)
	                          : servers_glob(r->s, path, on_included, r);
}

static int on_statement(struct reading *r)
{
	if (!r->words)
		return 0;
	struct slice name = buf_slice(&r->name);
	int e = 0;
	if (r->syntax->include && slice_equal(name, slice_str(r->syntax->include))) {
		e = include(r);
	} else {
		struct servers_setting said = {
			.name = servers_text(r->s, name),
			.value = servers_text(r->s, buf_slice(&r->value)),
			.place = { r->path, r->begun, r->line - r->begun + 1 },
		};
		if (!said.name || !said.value)
			return err_raise(-ENOMEM);
		e = servers_setting_add(r->s, r->scope, &said);
	}
	statement_clear(r);
	return e < 0 ? err_up(e) : e;
}

static int on_open(struct reading *r)
{
	const char *type = servers_text(r->s, buf_slice(&r->name));
	const char *name = servers_text(r->s, buf_slice(&r->value));
	if (!type || !name)
		return err_raise(-ENOMEM);
	if (r->depth == SERVERS_BLOCKS_DEPTH_MAX)
		return stop(r, "blocks inside each other, deeper than is read");
	int e = servers_scope_add(r->s, r->scope, type, name, &r->scope);
	if (e)
		return err_up(e);
	r->scope->place = (struct servers_place){ r->path, r->words ? r->begun : r->line, 1 };
	r->depth++;
	statement_clear(r);
	return 0;
}

/* A block ends where its file does, so `scope` never leaves the one the file began in. */
static int on_close(struct reading *r, const struct servers_scope *outer)
{
	int e = on_statement(r);
	if (e)
		return e;
	if (r->scope == outer)
		return stop(r, "a \"}\" that closes nothing");
	r->scope->place.lines = r->line - r->scope->place.line + 1;
	r->scope = r->scope->parent;
	r->depth--;
	return 0;
}

/* "content_by_lua_block {": what is in it is another language. */
static bool is_lua(const struct reading *r)
{
	static const char end[] = "_by_lua_block";
	struct slice name = buf_slice(&r->name);
	return name.len > sizeof(end) - 1 &&
	       !memcmp(name.data + name.len - (sizeof(end) - 1), end, sizeof(end) - 1);
}

static void lua_skip(struct reading *r)
{
	unsigned open = 1;
	while (r->rest.len && open) {
		uint8_t c = r->rest.data[0];
		open += c == '{';
		open -= c == '}';
		r->line += c == '\n';
		r->rest = slice_skip(r->rest, 1);
	}
	statement_clear(r);
}

static bool ends_word(const struct reading *r, uint8_t c)
{
	return isspace(c) || c == ';' || c == '{' || c == '}' ||
	       (r->syntax->has_assignment && (c == '=' || c == ',')) ||
	       (r->syntax->is_json && (c == ':' || c == ','));
}

/* Takes the quoted text that begins here. */
static int quoted_take(struct reading *r, struct buf *word)
{
	uint8_t quote = r->rest.data[0];
	r->rest = slice_skip(r->rest, 1);
	while (r->rest.len && r->rest.data[0] != quote) {
		if (r->rest.data[0] == '\\' && r->rest.len > 1)
			r->rest = slice_skip(r->rest, 1);
		r->line += r->rest.data[0] == '\n';
		int e = buf_add(word, slice_head(r->rest, 1));
		if (e)
			return err_up(e);
		r->rest = slice_skip(r->rest, 1);
	}
	r->rest = slice_skip(r->rest, 1);
	return buf_len(word) > SERVERS_BLOCKS_VALUE_MAX ? stop(r, "a value longer than is read")
	                                                : 0;
}

static int bare_take(struct reading *r, struct buf *word)
{
	size_t n = 0;
	bool in_braces = false; /* "${name}" */
	for (; n < r->rest.len; n++) {
		uint8_t c = r->rest.data[n];
		if (!in_braces && c == '{' && n && r->rest.data[n - 1] == '$')
			in_braces = true;
		else if (in_braces && c == '}')
			in_braces = false;
		else if (ends_word(r, c))
			break;
		else if (c == '\\' && n + 1 < r->rest.len && r->rest.data[n + 1] != '\n')
			n++;
	}
	if (n > r->rest.len)
		n = r->rest.len;
	int e = buf_add(word, slice_head(r->rest, n));
	r->rest = slice_skip(r->rest, n);
	if (e)
		return err_up(e);
	return buf_len(word) > SERVERS_BLOCKS_VALUE_MAX ? stop(r, "a value longer than is read")
	                                                : 0;
}

static int on_word(struct reading *r)
{
	struct buf *to = r->words ? &r->value : &r->name;
	uint8_t c = r->rest.data[0];
	if (!r->words)
		r->begun = r->line;
	if (r->words > 1 && buf_add_str(to, " "))
		return err_raise(-ENOMEM);
	r->words++;
	return c == '"' || c == '\'' ? quoted_take(r, to) : bare_take(r, to);
}

static void comment_skip(struct reading *r)
{
	r->rest = slice_skip(r->rest, slice_find(r->rest, '\n'));
}

static int on_byte(struct reading *r, const struct servers_scope *outer)
{
	uint8_t c = r->rest.data[0];
	if (c == '#' && !r->syntax->is_json) {
		comment_skip(r);
		return 0;
	}
	if (!isspace(c) && !ends_word(r, c))
		return on_word(r);
	r->rest = slice_skip(r->rest, 1);
	int e = 0;
	if (c == ';' || (c == '\n' && r->syntax->ends_with_line) ||
	    (c == ',' && r->syntax->is_json))
		e = on_statement(r);
	else if (c == '{' && is_lua(r))
		lua_skip(r);
	else if (c == '{')
		e = on_open(r);
	else if (c == '}')
		e = on_close(r, outer);
	r->line += c == '\n';
	return e;
}

static int file_read_in(struct reading *r, const struct servers_file *file)
{
	const struct servers_scope *outer = r->scope;
	r->path = file->path;
	r->rest = buf_slice(&file->text);
	r->line = 1;
	while (r->rest.len) {
		int e = on_byte(r, outer);
		if (e)
			return e;
	}
	if (r->scope != outer)
		return stop(r, "a block that nothing closes");
	return on_statement(r);
}

int servers_blocks_read(struct servers *s, struct servers_scope *scope,
                        const struct servers_file *file, const struct servers_blocks_syntax *syntax)
{
	struct servers_nest nest = {};
	struct reading r = { .s = s, .syntax = syntax, .scope = scope, .nest = &nest };
	int e = file_read_in(&r, file);
	buf_deinit(&r.name);
	buf_deinit(&r.value);
	return e < 0 ? err_up(e) : 0;
}
