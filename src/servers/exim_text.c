#include "servers/exim_text.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/exim_macros.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

/* Ends the reading in good order; a fault was noted. */
enum { STOP = 1 };

/* What the lines that come are part of. */
enum part { PART_MAIN, PART_ACL, PART_DRIVERS, PART_OTHER };

struct reading {
	struct servers *s;
	struct servers_scope *top;
	struct servers_scope *macros_scope;
	struct servers_scope *block;     /* a driver, or an ACL; NULL: none is open */
	struct servers_scope *statement; /* of an ACL */
	enum part part;
	const char *type; /* of the drivers in this part */
	struct exim_macros macros;
	bool was_true[EXIM_CONDITIONS_MAX]; /* a branch of it was */
	bool is_true[EXIM_CONDITIONS_MAX];  /* this branch is */
	unsigned conditions;
	struct servers_nest nest;
	struct buf line; /* the logical line so far */
	struct buf work; /* for quoted values */
	struct servers_place place;
};

static int stop(struct reading *r, const char *why)
{
	int e = servers_fault(r->s, r->place.path, r->place.line, "%s", why);
	return e ? err_up(e) : STOP;
}

/* -- words ------------------------------------------------------------------------------------ */

static bool is_name_byte(uint8_t c)
{
	return isalnum(c) || c == '_';
}

static size_t name_len(struct slice s)
{
	size_t n = 0;
	while (n < s.len && is_name_byte(s.data[n]))
		n++;
	return n;
}

static struct slice left_trim(struct slice s)
{
	while (s.len && isspace(s.data[0]))
		s = slice_skip(s, 1);
	return s;
}

static struct slice both_trim(struct slice s)
{
	s = left_trim(s);
	while (s.len && isspace(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* "NAME = value" of a name that begins with a capital. */
static bool is_definition(struct slice line, struct slice *ret_name, struct slice *ret_value)
{
	if (!line.len || !isupper(line.data[0]))
		return false;
	struct slice name = slice_head(line, name_len(line));
	struct slice rest = left_trim(slice_skip(line, name.len));
	if (!rest.len || rest.data[0] != '=')
		return false;
	rest = slice_skip(rest, 1);
	if (rest.len && rest.data[0] == '=')
		rest = slice_skip(rest, 1);
	*ret_name = name;
	*ret_value = both_trim(rest);
	return true;
}

/* -- macros ------------------------------------------------------------------------------------ */

static int macro_define(struct reading *r, struct slice name, struct slice value)
{
	const struct servers_setting said = { .name = servers_text(r->s, name),
		                              .value = servers_text(r->s, value),
		                              .place = r->place };
	if (!said.name || !said.value)
		return err_raise(-ENOMEM);
	if (exim_macros_define(&r->macros, said.name, said.value))
		return stop(r, "more macros than are read");
	int e = servers_setting_add(r->s, r->macros_scope, &said);
	return e ? err_up(e) : 0;
}

/* Expands what stands in line behind `from`. */
static int macros_replace(struct reading *r, size_t from, bool *ret_found)
{
	int e = exim_macros_replace(&r->macros, &r->line, from, ret_found);
	if (e == EXIM_MACROS_LONG)
		return stop(r, "macros make more text of this than is read");
	return e ? err_up(e) : 0;
}

/* Of options and drivers that the binary has, one as old as that is no more. */
static bool is_builtin(struct slice word)
{
	return slice_starts_nocase(word, "_OPT_") || slice_starts_nocase(word, "_DRIVER_");
}

/* -- statements -------------------------------------------------------------------------------- */

/* "a quoted string" with its escapes, as Exim reads it; anything else as it is. */
static const char *unquoted(struct reading *r, struct slice value)
{
	if (value.len < 2 || value.data[0] != '"' || value.data[value.len - 1] != '"')
		return servers_text(r->s, value);
	struct slice in = slice_of(value.data + 1, value.len - 2);
	buf_clear(&r->work);
	for (size_t i = 0; i < in.len; i++) {
		if (in.data[i] == '\\' && i + 1 < in.len)
			i++;
		if (buf_add(&r->work, slice_of(&in.data[i], 1)))
			return NULL;
	}
	return servers_text(r->s, buf_slice(&r->work));
}

static int setting_add(struct reading *r, struct servers_scope *scope, struct slice name,
                       struct slice value)
{
	struct servers_setting said = { .name = servers_text(r->s, name),
		                        .value = unquoted(r, value),
		                        .written = servers_text(r->s, value),
		                        .place = r->place };
	if (!said.name || !said.value || !said.written)
		return err_raise(-ENOMEM);
	int e = servers_setting_add(r->s, scope, &said);
	return e ? err_up(e) : 0;
}

static struct slice without_word(struct slice s, const char *word)
{
	size_t len = strlen(word);
	if (slice_starts_nocase(s, word) && s.len > len && isspace(s.data[len]))
		return left_trim(slice_skip(s, len));
	return s;
}

/* "name = value", "name", "no_name"; "hide" before it. */
static int option_add(struct reading *r, struct servers_scope *scope, struct slice line)
{
	line = without_word(line, "hide");
	struct slice name = slice_head(line, slice_find(line, '='));
	if (name.len < line.len)
		return setting_add(r, scope, both_trim(name),
		                   both_trim(slice_skip(line, name.len + 1)));
	name = both_trim(name);
	struct slice value = slice_str("true");
	static const char *const negations[] = { "no_", "not_" };
	for (size_t i = 0; i < COUNT_OF(negations); i++)
		if (slice_starts_nocase(name, negations[i])) {
			name = slice_skip(name, strlen(negations[i]));
			value = slice_str("false");
			break;
		}
	return setting_add(r, scope, name, value);
}

/* "NAME:" opens a block; what stands behind it is part of it. */
static bool is_label(struct slice line, struct slice *ret_name, struct slice *ret_rest)
{
	size_t colon = slice_find(line, ':');
	struct slice name = both_trim(slice_head(line, colon));
	if (colon == line.len || !name.len)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_name_byte(name.data[i]) && name.data[i] != '-' && name.data[i] != '.')
			return false;
	*ret_name = name;
	*ret_rest = left_trim(slice_skip(line, colon + 1));
	return true;
}

static int block_open(struct reading *r, const char *type, struct slice name)
{
	const char *text = servers_text(r->s, name);
	if (!text)
		return err_raise(-ENOMEM);
	int e = servers_scope_add(r->s, r->top, type, text, &r->block);
	if (e)
		return err_up(e);
	r->block->place = r->place;
	r->statement = NULL;
	return 0;
}

static int on_driver(struct reading *r, struct slice line)
{
	struct slice name, rest;
	if (is_label(line, &name, &rest)) {
		int e = block_open(r, r->type, name);
		if (e || !rest.len)
			return e;
		line = rest;
	}
	return r->block ? option_add(r, r->block, line) : 0;
}

static const char *verb_of(struct slice line, struct slice *ret_rest)
{
	static const char *const verbs[] = { "accept", "defer",   "deny", "discard",
		                             "drop",   "require", "warn" };
	struct slice word = slice_head(line, name_len(line));
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (slice_equal(word, slice_str(verbs[i]))) {
			*ret_rest = left_trim(slice_skip(line, word.len));
			return verbs[i];
		}
	return NULL;
}

static int on_acl(struct reading *r, struct slice line)
{
	struct slice name, rest;
	if (is_label(line, &name, &rest)) {
		int e = block_open(r, "acl", name);
		if (e || !rest.len)
			return e;
		line = rest;
	}
	if (!r->block)
		return 0;
	const char *verb = verb_of(line, &rest);
	if (verb) {
		int e = servers_scope_add(r->s, r->block, verb, "", &r->statement);
		if (e)
			return err_up(e);
		r->statement->place = r->place;
		line = rest;
	}
	return r->statement && line.len ? option_add(r, r->statement, line) : 0;
}

static void on_begin(struct reading *r, struct slice what)
{
	static const struct {
		const char *name;
		enum part part;
		const char *type;
	} parts[] = {
		{ "acl", PART_ACL, NULL },
		{ "transports", PART_DRIVERS, "transport" },
		{ "routers", PART_DRIVERS, "router" },
		{ "authenticators", PART_DRIVERS, "authenticator" },
	};
	r->part = PART_OTHER;
	r->block = NULL;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (slice_equal(what, slice_str(parts[i].name))) {
			r->part = parts[i].part;
			r->type = parts[i].type;
		}
}

static int on_line(struct reading *r)
{
	struct slice line = both_trim(buf_slice(&r->line));
	struct slice name, value;
	if (is_definition(line, &name, &value))
		return macro_define(r, name, value);
	struct slice begun = without_word(line, "begin");
	if (begun.len < line.len) {
		on_begin(r, begun);
		return 0;
	}
	switch (r->part) {
	case PART_MAIN:
		return option_add(r, r->top, line);
	case PART_ACL:
		return on_acl(r, line);
	case PART_DRIVERS:
		return on_driver(r, line);
	case PART_OTHER:
		return 0; /* retry and rewrite rules */
	}
	return 0;
}

/* -- lines that begin with a dot --------------------------------------------------------------- */

static bool is_active(const struct reading *r)
{
	return !r->conditions || r->is_true[r->conditions - 1];
}

static bool is_outer_active(const struct reading *r)
{
	return r->conditions < 2 || r->is_true[r->conditions - 2];
}

/* True: a macro is in what stands behind the word. */
static int condition_ask(struct reading *r, struct slice names, bool *ret_is_met)
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

static int condition_open(struct reading *r, struct slice names, bool wants)
{
	bool is_met = false;
	int e = condition_ask(r, names, &is_met);
	if (e)
		return e;
	if (r->conditions == EXIM_CONDITIONS_MAX)
		return stop(r, "conditions inside each other, deeper than is read");
	bool is_outer = is_active(r);
	r->conditions++;
	r->is_true[r->conditions - 1] = is_outer && is_met == wants;
	r->was_true[r->conditions - 1] = is_met == wants;
	return 0;
}

static int condition_else(struct reading *r, struct slice names, bool wants)
{
	bool is_met = false;
	if (!r->conditions)
		return stop(r, "an .else without an .ifdef");
	int e = condition_ask(r, names, &is_met);
	if (e)
		return e;
	unsigned at = r->conditions - 1;
	bool is_mine = !r->was_true[at] && is_met == wants;
	r->is_true[at] = is_outer_active(r) && is_mine;
	r->was_true[at] = r->was_true[at] || is_mine;
	return 0;
}

static int on_ifdef(struct reading *r, struct slice names)
{
	return condition_open(r, names, true);
}

static int on_ifndef(struct reading *r, struct slice names)
{
	return condition_open(r, names, false);
}

static int on_elifdef(struct reading *r, struct slice names)
{
	return condition_else(r, names, true);
}

static int on_elifndef(struct reading *r, struct slice names)
{
	return condition_else(r, names, false);
}

/* No name is in nothing. */
static int on_else(struct reading *r, struct slice names)
{
	return condition_else(r, slice_head(names, 0), false);
}

static int on_endif(struct reading *r, struct slice names)
{
	if (!r->conditions)
		return stop(r, "an .endif without an .ifdef");
	r->conditions--;
	return 0;
}

/* 0: it was one; STOP and negatives as elsewhere; NO_DIRECTIVE. */
enum { NO_DIRECTIVE = 2 };
static int on_condition(struct reading *r, struct slice line)
{
	static const struct {
		const char *name;
		int (*fn)(struct reading *r, struct slice names);
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
			return directives[i].fn(r, both_trim(slice_skip(line, word.len)));
	return NO_DIRECTIVE;
}

static int file_read_in(struct reading *r, const struct servers_file *file);

static int on_include(struct reading *r, struct slice name, bool is_optional)
{
	struct servers_file *file = NULL;
	if (name.len >= 2 && name.data[0] == '"')
		name = slice_of(name.data + 1, name.len - 2);
	const char *path = servers_text(r->s, name);
	if (!path)
		return err_raise(-ENOMEM);
	if (path[0] != '/')
		return stop(r, "an .include whose path is not absolute");
	int e = servers_open(r->s, path, &file);
	if (e == SERVERS_FILE_ABSENT && !is_optional)
		return stop(r, "the file that it includes is not there");
	if (e)
		return e < 0 ? err_up(e) : 0;
	struct servers_place was = r->place;

	const char *why = servers_nest_enter(&r->nest);
	if (why)
		return stop(r, why);
	e = file_read_in(r, file);
	r->nest.depth--;
	r->place = was;
	return e;
}

/* -- physical lines ---------------------------------------------------------------------------- */

/* Appends one physical line, expanded; true in *ret_is_whole when the logical one is complete. */
static int line_append(struct reading *r, struct slice line, bool *ret_is_whole)
{
	size_t from = buf_len(&r->line);
	bool was_found = false;
	struct slice name, value;
	int e = buf_add(&r->line, line);
	if (e)
		return err_up(e);
	size_t skip = !from && is_definition(line, &name, &value) ? name.len : 0;
	e = macros_replace(r, from + skip, &was_found);
	if (e)
		return e;
	struct slice all = buf_slice(&r->line);
	if (all.len > EXIM_LINE_MAX)
		return stop(r, "a line longer than is read");
	*ret_is_whole = !all.len || all.data[all.len - 1] != '\\';
	if (!*ret_is_whole)
		r->line.end--;
	return 0;
}

static int whole_line(struct reading *r)
{
	static const char plain[] = ".include", optional[] = ".include_if_exists";
	struct slice line = both_trim(buf_slice(&r->line));
	CLEAN(buf_deinit) struct buf kept = {};
	int e = 0;
	if (line.len && line.data[0] == '.') {
		struct slice name = without_word(line, optional);
		bool is_optional = name.len < line.len;
		if (!is_optional)
			name = without_word(line, plain);
		if (buf_add(&kept, name))
			return err_raise(-ENOMEM);
		buf_clear(&r->line);
		return name.len < line.len ? on_include(r, buf_slice(&kept), is_optional) : 0;
	}
	if (line.len)
		e = on_line(r);
	buf_clear(&r->line);
	return e;
}

static int physical_line(struct reading *r, struct slice line, unsigned number)
{
	bool is_whole = true;
	line = both_trim(line);
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

static int file_read_in(struct reading *r, const struct servers_file *file)
{
	struct slice rest = buf_slice(&file->text);
	r->place = (struct servers_place){ .path = file->path };
	for (unsigned number = 1; rest.len; number++) {
		struct slice line = slice_head(rest, slice_find(rest, '\n'));
		rest = slice_skip(rest, line.len + 1);
		int e = physical_line(r, line, number);
		if (e)
			return e;
	}
	return buf_len(&r->line) ? whole_line(r) : 0;
}

static int library_macros(struct reading *r, enum exim_library library)
{
	static const char *const names[] = { [EXIM_LIBRARY_UNKNOWN] = NULL,
		                             [EXIM_GNUTLS] = "_HAVE_GNUTLS",
		                             [EXIM_OPENSSL] = "_HAVE_OPENSSL" };
	int e = macro_define(r, slice_str("_HAVE_TLS"), slice_str("y"));
	if (!e && names[library])
		e = macro_define(r, slice_str(names[library]), slice_str("y"));
	return e;
}

int servers_exim_text(struct servers *s, struct servers_server *server,
                      const struct servers_file *file, enum exim_library library)
{
	CLEAN(freep) struct reading *r = calloc(1, sizeof(*r));
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
	exim_macros_deinit(&r->macros);
	buf_deinit(&r->line);
	buf_deinit(&r->work);
	return e < 0 ? err_up(e) : 0;
}
