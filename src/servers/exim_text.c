#include "servers/exim_text.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/exim_inside.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

/* -- macros ------------------------------------------------------------------------------------ */

/* Expands what stands in line behind `from`. */
static int macros_replace(struct servers_exim_reading *r, size_t from, bool *ret_found)
{
	int e = servers_exim_macros_replace(&r->macros, &r->line, from, ret_found);
	if (e == SERVERS_EXIM_MACROS_LONG)
		return servers_exim_stop(r, "macros make more text of this than is read");
	return e ? err_up(e) : 0;
}

/* Of options and drivers that the binary has, one as old as that is no more. */
static bool is_builtin(struct slice word)
{
	return slice_starts_nocase(word, "_OPT_") || slice_starts_nocase(word, "_DRIVER_");
}

/* -- lines that begin with a dot --------------------------------------------------------------- */

static bool is_active(const struct servers_exim_reading *r)
{
	return !r->conditions || r->is_true[r->conditions - 1];
}

static bool is_outer_active(const struct servers_exim_reading *r)
{
	return r->conditions < 2 || r->is_true[r->conditions - 2];
}

/* True: a macro is in what stands behind the word. */
static int condition_ask(struct servers_exim_reading *r, struct slice names, bool *ret_is_met)
{
	buf_clear(&r->line);
	int e = buf_add(&r->line, names);
	if (e)
		return err_up(e);
	e = macros_replace(r, 0, ret_is_met);
	*ret_is_met = *ret_is_met || is_builtin(names);
	buf_clear(&r->line);
	return e;
}

static int condition_open(struct servers_exim_reading *r, struct slice names, bool wants)
{
	bool is_met = false;
	int e = condition_ask(r, names, &is_met);
	if (e)
		return e;
	if (r->conditions == SERVERS_EXIM_CONDITIONS_MAX)
		return servers_exim_stop(r, "conditions inside each other, deeper than is read");
	bool is_outer = is_active(r);
	r->conditions++;
	r->is_true[r->conditions - 1] = is_outer && is_met == wants;
	r->was_true[r->conditions - 1] = is_met == wants;
	return 0;
}

static int condition_else(struct servers_exim_reading *r, struct slice names, bool wants)
{
	bool is_met = false;
	if (!r->conditions)
		return servers_exim_stop(r, "an .else without an .ifdef");
	int e = condition_ask(r, names, &is_met);
	if (e)
		return e;
	unsigned at = r->conditions - 1;
	bool is_mine = !r->was_true[at] && is_met == wants;
	r->is_true[at] = is_outer_active(r) && is_mine;
	r->was_true[at] = r->was_true[at] || is_mine;
	return 0;
}

static int on_ifdef(struct servers_exim_reading *r, struct slice names)
{
	return condition_open(r, names, true);
}

static int on_ifndef(struct servers_exim_reading *r, struct slice names)
{
	return condition_open(r, names, false);
}

static int on_elifdef(struct servers_exim_reading *r, struct slice names)
{
	return condition_else(r, names, true);
}

static int on_elifndef(struct servers_exim_reading *r, struct slice names)
{
	return condition_else(r, names, false);
}

/* No name is in nothing. */
static int on_else(struct servers_exim_reading *r, struct slice names)
{
	return condition_else(r, slice_head(names, 0), false);
}

static int on_endif(struct servers_exim_reading *r, struct slice names)
{
	if (!r->conditions)
		return servers_exim_stop(r, "an .endif without an .ifdef");
	r->conditions--;
	return 0;
}

/* 0: it was one; SERVERS_EXIM_STOP and negatives as elsewhere; NO_DIRECTIVE. */
enum { NO_DIRECTIVE = 2 };
static int on_condition(struct servers_exim_reading *r, struct slice line)
{
	static const struct {
		const char *name;
		int (*fn)(struct servers_exim_reading *r, struct slice names);
	} directives[] = {
		{ ".ifdef", on_ifdef },       { ".ifndef", on_ifndef }, { ".elifdef", on_elifdef },
		{ ".elifndef", on_elifndef }, { ".else", on_else },     { ".endif", on_endif },
	};
	struct slice word = line;
	word.len = 0;
	while (word.len < line.len && !isspace(line.data[word.len]))
		word.len++;
	for (size_t i = 0; i < COUNT_OF(directives); i++)
		if (slice_equal(word, slice_str(directives[i].name)))
			return directives[i].fn(r, servers_exim_trim(slice_skip(line, word.len)));
	return NO_DIRECTIVE;
}

static int file_read_in(struct servers_exim_reading *r, const struct servers_file *file);

static int on_include(struct servers_exim_reading *r, struct slice name, bool is_optional)
{
	struct servers_file *file = NULL;
	if (name.len >= 2 && name.data[0] == '"')
		name = slice_of(name.data + 1, name.len - 2);
	const char *path = servers_text(r->s, name);
	if (!path)
		return err_raise(-ENOMEM);
	if (path[0] != '/')
		return servers_exim_stop(r, "an .include whose path is not absolute");
	int e = servers_open(r->s, path, &file);
	if (e == SERVERS_FILE_ABSENT && !is_optional)
		return servers_exim_stop(r, "the file that it includes is not there");
	if (e)
		return e < 0 ? err_up(e) : 0;
	struct servers_place was = r->place;

	const char *why = servers_nest_enter(&r->nest);
	if (why)
		return servers_exim_stop(r, why);
	e = file_read_in(r, file);
	r->nest.depth--;
	r->place = was;
	return e;
}

/* -- physical lines ---------------------------------------------------------------------------- */

/* Appends one physical line, expanded; true in *ret_is_whole when the logical one is complete. */
static int line_append(struct servers_exim_reading *r, struct slice line, bool *ret_is_whole)
{
	size_t from = buf_len(&r->line);
	bool was_found = false;
	struct slice name, value;
	int e = buf_add(&r->line, line);
	if (e)
		return err_up(e);
	size_t skip = !from && servers_exim_is_definition(line, &name, &value) ? name.len : 0;
	e = macros_replace(r, from + skip, &was_found);
	if (e)
		return e;
	struct slice all = buf_slice(&r->line);
	if (all.len > SERVERS_EXIM_LINE_MAX)
		return servers_exim_stop(r, "a line longer than is read");
	*ret_is_whole = !all.len || all.data[all.len - 1] != '\\';
	if (!*ret_is_whole)
		r->line.end--;
	return 0;
}

static int whole_line(struct servers_exim_reading *r)
{
	static const char plain[] = ".include", optional[] = ".include_if_exists";
	struct slice line = servers_exim_trim(buf_slice(&r->line));
	CLEAN(buf_deinit) struct buf kept = {};
	int e = 0;
	if (line.len && line.data[0] == '.') {
		struct slice name = servers_exim_without_word(line, optional);
		bool is_optional = name.len < line.len;
		if (!is_optional)
			name = servers_exim_without_word(line, plain);
		if (buf_add(&kept, name))
			return err_raise(-ENOMEM);
		buf_clear(&r->line);
		return name.len < line.len ? on_include(r, buf_slice(&kept), is_optional) : 0;
	}
	if (line.len)
		e = servers_exim_statement(r);
	buf_clear(&r->line);
	return e;
}

static int physical_line(struct servers_exim_reading *r, struct slice line, unsigned number)
{
	bool is_whole = true;
	line = servers_exim_trim(line);
	if (!line.len || line.data[0] == '#')
		return 0;
	bool begins = !buf_len(&r->line);
	if (begins) {
		r->place.line = number;
		if (line.data[0] == '.') {
			int e = on_condition(r, line);
			if (e != NO_DIRECTIVE)
				return e;
		}
	}
	if (!is_active(r))
		return 0;
	int e = line_append(r, line, &is_whole);
	r->place.lines = number - r->place.line + 1;
	return e || !is_whole ? e : whole_line(r);
}

static int file_read_in(struct servers_exim_reading *r, const struct servers_file *file)
{
	struct slice rest = buf_slice(&file->text);
	r->place = (struct servers_place){ .path = file->path };
	struct slice line;
	for (unsigned number = 1; slice_line_next(&rest, &line); number++) {
		int e = physical_line(r, line, number);
		if (e)
			return e;
	}
	return buf_len(&r->line) ? whole_line(r) : 0;
}

static int library_macros(struct servers_exim_reading *r, enum servers_exim_library library)
{
	static const char *const names[] = { [SERVERS_EXIM_LIBRARY_UNKNOWN] = NULL,
		                             [SERVERS_EXIM_GNUTLS] = "_HAVE_GNUTLS",
		                             [SERVERS_EXIM_OPENSSL] = "_HAVE_OPENSSL" };
	int e = servers_exim_define(r, slice_str("_HAVE_TLS"), slice_str("y"));
	if (!e && names[library])
		e = servers_exim_define(r, slice_str(names[library]), slice_str("y"));
	return e;
}

int servers_exim_text(struct servers *s, struct servers_server *server,
                      const struct servers_file *file, enum servers_exim_library library)
{
	CLEAN(freep) struct servers_exim_reading *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->s = s;
	r->top = server->top;
	int e = servers_scope_add(s, r->top, "macro", "", &r->macros_scope);
	if (!e)
		e = library_macros(r, library);
	if (!e)
		e = file_read_in(r, file);
	if (!e && r->conditions)
		e = servers_fault(s, file->path, 0, "an .ifdef without its .endif");
	servers_exim_macros_deinit(&r->macros);
	buf_deinit(&r->line);
	buf_deinit(&r->work);
	return e < 0 ? err_up(e) : 0;
}
