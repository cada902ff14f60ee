#include "servers/smtpd_text.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include <ctype.h>
#include <errno.h>

/* Ends the reading in good order; a fault was noted. */
enum { STOP = 1 };

struct reading {
	struct servers *s;
	struct servers_scope *top;
	struct servers_nest *nest;
	/* The file. */
	const char *path;
	struct slice rest;
	unsigned line;
	/* The statement so far. */
	const char *words[SMTPD_WORDS_MAX];
	unsigned count, begun, braces;
};

static int stop(struct reading *r, const char *why)
{
	int e = servers_fault(r->s, r->path, r->line, "%s", why);
	return e ? err_up(e) : STOP;
}

/* -- statements -------------------------------------------------------------------------------- */

static int setting_add(struct reading *r, struct servers_scope *scope, const char *name,
                       const char *value)
{
	const struct servers_setting said = {
		.name = name, .value = value, .place = { r->path, r->begun, r->line - r->begun + 1 }
	};
	int e = servers_setting_add(r->s, scope, &said);
	return e ? err_up(e) : 0;
}

enum argument { ARGUMENT_NONE, ARGUMENT_ONE, ARGUMENT_MAYBE /* in "<>", or one of maybe */ };

static const struct option {
	const char *name;
	enum argument argument;
	const char *maybe;
} options[] = {
	{ "on", ARGUMENT_ONE, NULL },
	{ "port", ARGUMENT_ONE, NULL },
	{ "tls", ARGUMENT_MAYBE, "no-verify" },
	{ "tls-require", ARGUMENT_MAYBE, "verify" },
	{ "smtps", ARGUMENT_MAYBE, "verify" },
	{ "auth", ARGUMENT_MAYBE, NULL },
	{ "auth-optional", ARGUMENT_MAYBE, NULL },
	{ "pki", ARGUMENT_ONE, NULL },
	{ "ca", ARGUMENT_ONE, NULL },
	{ "cert", ARGUMENT_ONE, NULL },
	{ "key", ARGUMENT_ONE, NULL },
	{ "hostname", ARGUMENT_ONE, NULL },
	{ "protocols", ARGUMENT_ONE, NULL },
	{ "ciphers", ARGUMENT_ONE, NULL },
	{ "filter", ARGUMENT_ONE, NULL },
	{ "proxy-v2", ARGUMENT_NONE, NULL },
	{ "host", ARGUMENT_ONE, NULL },
	{ "relay", ARGUMENT_NONE, NULL },
	{ "lmtp", ARGUMENT_ONE, NULL },
	{ "mda", ARGUMENT_ONE, NULL },
	{ "tag", ARGUMENT_ONE, NULL },
};

static const struct option *option_find(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (!strcmp(options[i].name, word))
			return &options[i];
	return NULL;
}

/* The option's argument at words[at]; NULL: it has none. */
static const char *argument_of(const struct reading *r, const struct option *o, unsigned at)
{
	const char *word = at < r->count ? r->words[at] : NULL;
	if (o->argument == ARGUMENT_NONE || !word)
		return NULL;
	if (o->argument == ARGUMENT_ONE || word[0] == '<')
		return word;
	return o->maybe && !strcmp(word, o->maybe) ? word : NULL;
}

static int options_add(struct reading *r, struct servers_scope *scope, unsigned at)
{
	while (at < r->count) {
		const struct option *o = option_find(r->words[at++]);
		if (!o)
			continue;
		const char *argument = argument_of(r, o, at);
		at += argument != NULL;
		int e = setting_add(r, scope, o->name, argument ? argument : "yes");
		if (e)
			return e;
	}
	return 0;
}

static bool has_name(const char *type)
{
	static const char *const types[] = { "action", "pki", "ca", "table", "filter" };
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static int file_read_in(struct reading *r, const struct servers_file *file);

static int on_include(struct reading *r, const char *path)
{
	struct servers_file *file = NULL;
	int e = servers_open(r->s, path, &file);
	if (e == SERVERS_FILE_ABSENT)
		return stop(r, "the file that it includes is not there");
	if (e)
		return e < 0 ? err_up(e) : 0;
	CLEAN(freep) struct reading *inner = calloc(1, sizeof(*inner));
	if (!inner)
		return err_raise(-ENOMEM);
	inner->s = r->s;
	inner->top = r->top;
	inner->nest = r->nest;
	const char *why = servers_nest_enter(r->nest);
	if (why)
		return stop(r, why);
	e = file_read_in(inner, file);
	r->nest->depth--;
	return e;
}

/* "smtp ciphers X" stands for all listeners: its settings are "smtp ciphers". */
static int on_global(struct reading *r)
{
	const char *name =
		servers_text_printf(r->s, "%s %s", r->words[0], r->count > 1 ? r->words[1] : "");
	if (!name)
		return err_raise(-ENOMEM);
	return setting_add(r, r->top, name, r->count > 2 ? r->words[2] : "yes");
}

/* "name = value": a setting of top, "$name". */
static int on_macro(struct reading *r)
{
	const char *name = servers_text_printf(r->s, "$%s", r->words[0]);
	return name ? setting_add(r, r->top, name, r->words[2]) : err_raise(-ENOMEM);
}

static int on_statement(struct reading *r)
{
	struct servers_scope *scope = NULL;
	unsigned count = r->count;
	if (!count)
		return 0;
	const char *type = r->words[0];
	if (!strcmp(type, "include") && count == 2)
		return on_include(r, r->words[1]);
	if (count >= 3 && !strcmp(r->words[1], "="))
		return on_macro(r);
	if (!strcmp(type, "smtp") || !strcmp(type, "mta") || !strcmp(type, "queue"))
		return on_global(r);
	bool is_named = has_name(type) && count > 1;
	int e = servers_scope_add(r->s, r->top, type, is_named ? r->words[1] : "", &scope);
	if (e)
		return err_up(e);
	scope->place = (struct servers_place){ r->path, r->begun, r->line - r->begun + 1 };
	return options_add(r, scope, is_named ? 2 : 1);
}

/* -- words ------------------------------------------------------------------------------------- */

static const char *macro_replaced(struct reading *r, const char *word)
{
	const struct servers_setting *macro =
		word[0] == '$' ? servers_setting_own(r->top, word) : NULL;
	return macro ? macro->value : word;
}

static int word_add(struct reading *r, struct slice word, bool is_quoted)
{
	const char *text = servers_text(r->s, word);
	if (!text)
		return err_raise(-ENOMEM);
	if (r->count == SMTPD_WORDS_MAX)
		return 0; /* long tables: none of their words is an option */
	if (!r->count)
		r->begun = r->line;
	r->words[r->count++] = is_quoted ? text : macro_replaced(r, text);
	return 0;
}

static int quoted_take(struct reading *r)
{
	uint8_t quote = r->rest.data[0];
	struct slice in = slice_skip(r->rest, 1);
	struct slice word = slice_head(in, slice_find(in, quote));
	int e = word_add(r, word, true);
	for (size_t i = 0; i < word.len; i++)
		r->line += word.data[i] == '\n';
	r->rest = slice_skip(in, word.len + 1);
	return e;
}

static bool is_bare(uint8_t c)
{
	return !isspace(c) && !strchr("{},=#\"'", c);
}

static int bare_take(struct reading *r)
{
	size_t n = 0;
	while (n < r->rest.len && r->rest.data[n] && is_bare(r->rest.data[n]))
		n++;
	if (!n)
		n = 1; /* "=", or a byte that means nothing */
	int e = word_add(r, slice_head(r->rest, n), false);
	r->rest = slice_skip(r->rest, n);
	return e;
}

static int on_newline(struct reading *r)
{
	int e = r->braces ? 0 : on_statement(r);
	if (!r->braces)
		r->count = 0;
	r->line++;
	return e;
}

static int on_byte(struct reading *r)
{
	uint8_t c = r->rest.data[0];
	if (c == '"' || c == '\'')
		return quoted_take(r);
	if (c == '#') {
		r->rest = slice_skip(r->rest, slice_find(r->rest, '\n'));
		return 0;
	}
	if (c == '\\' && r->rest.len > 1 && r->rest.data[1] == '\n') {
		r->rest = slice_skip(r->rest, 2);
		r->line++;
		return 0;
	}
	if (!isspace(c) && !strchr("{},", c))
		return bare_take(r);
	r->rest = slice_skip(r->rest, 1);
	r->braces += c == '{';
	r->braces -= c == '}' && r->braces;
	return c == '\n' ? on_newline(r) : 0;
}

static int file_read_in(struct reading *r, const struct servers_file *file)
{
	r->path = file->path;
	r->rest = buf_slice(&file->text);
	r->line = 1;
	while (r->rest.len) {
		int e = on_byte(r);
		if (e)
			return e;
	}
	return on_statement(r);
}

int servers_smtpd_text(struct servers *s, struct servers_server *server,
                       const struct servers_file *file)
{
	CLEAN(freep) struct reading *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->s = s;
	struct servers_nest nest = {};
	r->top = server->top;
	r->nest = &nest;
	int e = file_read_in(r, file);
	return e < 0 ? err_up(e) : 0;
}
