#include "servers/exim_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>

int servers_exim_stop(struct servers_exim_reading *r, const char *why)
{
	int e = servers_fault(r->s, r->place.path, r->place.line, "%s", why);
	return e ? err_up(e) : SERVERS_EXIM_STOP;
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

struct slice servers_exim_trim(struct slice s)
{
	s = left_trim(s);
	while (s.len && isspace(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool servers_exim_is_definition(struct slice line, struct slice *ret_name, struct slice *ret_value)
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
	*ret_value = servers_exim_trim(rest);
	return true;
}

struct slice servers_exim_without_word(struct slice s, const char *word)
{
	size_t len = strlen(word);
	if (slice_starts_nocase(s, word) && s.len > len && isspace(s.data[len]))
		return left_trim(slice_skip(s, len));
	return s;
}

int servers_exim_define(struct servers_exim_reading *r, struct slice name, struct slice value)
{
	const struct servers_setting said = { .name = servers_text(r->s, name),
		                              .value = servers_text(r->s, value),
		                              .place = r->place };
	if (!said.name || !said.value)
		return err_raise(-ENOMEM);
	if (servers_exim_macros_define(&r->macros, said.name, said.value))
		return servers_exim_stop(r, "more macros than are read");
	int e = servers_setting_add(r->s, r->macros_scope, &said);
	return e ? err_up(e) : 0;
}

/* -- statements -------------------------------------------------------------------------------- */

/* "a quoted string" with its escapes, as Exim reads it; anything else as it is. */
static const char *unquoted(struct servers_exim_reading *r, struct slice value)
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

static int setting_add(struct servers_exim_reading *r, struct servers_scope *scope,
                       struct slice name, struct slice value)
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

/* "name = value", "name", "no_name"; "hide" before it. */
static int option_add(struct servers_exim_reading *r, struct servers_scope *scope,
                      struct slice line)
{
	line = servers_exim_without_word(line, "hide");
	struct slice name = slice_head(line, slice_find(line, '='));
	if (name.len < line.len)
		return setting_add(r, scope, servers_exim_trim(name),
		                   servers_exim_trim(slice_skip(line, name.len + 1)));
	name = servers_exim_trim(name);
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
	struct slice name = servers_exim_trim(slice_head(line, colon));
	if (colon == line.len || !name.len)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_name_byte(name.data[i]) && name.data[i] != '-' && name.data[i] != '.')
			return false;
	*ret_name = name;
	*ret_rest = left_trim(slice_skip(line, colon + 1));
	return true;
}

static int block_open(struct servers_exim_reading *r, const char *type, struct slice name)
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

static int on_driver(struct servers_exim_reading *r, struct slice line)
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

static int on_acl(struct servers_exim_reading *r, struct slice line)
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

static void on_begin(struct servers_exim_reading *r, struct slice what)
{
	static const struct {
		const char *name;
		enum servers_exim_part part;
		const char *type;
	} parts[] = {
		{ "acl", SERVERS_EXIM_PART_ACL, NULL },
		{ "transports", SERVERS_EXIM_PART_DRIVERS, "transport" },
		{ "routers", SERVERS_EXIM_PART_DRIVERS, "router" },
		{ "authenticators", SERVERS_EXIM_PART_DRIVERS, "authenticator" },
	};
	r->part = SERVERS_EXIM_PART_OTHER;
	r->block = NULL;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (slice_equal(what, slice_str(parts[i].name))) {
			r->part = parts[i].part;
			r->type = parts[i].type;
		}
}

int servers_exim_statement(struct servers_exim_reading *r)
{
	struct slice line = servers_exim_trim(buf_slice(&r->line));
	struct slice name, value;
	if (servers_exim_is_definition(line, &name, &value))
		return servers_exim_define(r, name, value);
	struct slice begun = servers_exim_without_word(line, "begin");
	if (begun.len < line.len) {
		on_begin(r, begun);
		return 0;
	}
	switch (r->part) {
	case SERVERS_EXIM_PART_MAIN:
		return option_add(r, r->top, line);
	case SERVERS_EXIM_PART_ACL:
		return on_acl(r, line);
	case SERVERS_EXIM_PART_DRIVERS:
		return on_driver(r, line);
	case SERVERS_EXIM_PART_OTHER:
		return 0; /* retry and rewrite rules */
	}
	return 0;
}
