#include "servers/apache_text.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/joined.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>

/* Ends the reading in good order; a fault was noted. */
enum { STOP = SERVERS_NEST_STOP };

/* A section that is open. */
struct open {
	struct servers_scope *scope; /* what its directives belong to */
	bool is_active;
	char type[32];
};

struct reading {
	struct servers *s;
	struct servers_scope *top;
	const char *root; /* ServerRoot */
	struct open open[APACHE_DEPTH_MAX];
	unsigned depth;
	struct servers_nest nest;
	struct servers_place place;
};

static int stop(struct reading *r, const char *why)
{
	int e = servers_fault(r->s, r->place.path, r->place.line, "%s", why);
	return e ? err_up(e) : STOP;
}

static struct servers_scope *scope_of(struct reading *r)
{
	return r->depth ? r->open[r->depth - 1].scope : r->top;
}

static bool is_active(const struct reading *r)
{
	return !r->depth || r->open[r->depth - 1].is_active;
}

/* -- words ------------------------------------------------------------------------------------- */

/* ${NAME} of Define, as far as it is known; what is not stays. */
static int expand(struct reading *r, struct buf *out, struct slice text)
{
	while (text.len) {
		const uint8_t *at = memmem(text.data, text.len, "${", 2);
		struct slice before = slice_head(text, at ? (size_t)(at - text.data) : text.len);
		int e = buf_add(out, before);
		if (e)
			return err_up(e);
		text = slice_skip(text, before.len);
		size_t end = slice_find(text, '}');
		if (!at || end == text.len)
			return err_up(buf_add(out, text));
		char name[128];
		snprintf(name, sizeof(name), "define %.*s", (int)(end - 2),
		         (const char *)text.data + 2);
		const struct servers_setting *known = servers_setting_own(r->top, name);
		e = known ? buf_add_str(out, known->value)
		          : buf_add(out, slice_head(text, end + 1));
		if (e)
			return err_up(e);
		text = slice_skip(text, end + 1);
		if (buf_len(out) > APACHE_LINE_MAX)
			return stop(r, "a value longer than is read");
	}
	return 0;
}

/* The next word, without its quotes. False: no more. */
static bool word_next(struct slice *text, struct slice *ret_word)
{
	*text = slice_trim(*text);
	if (!text->len)
		return false;
	uint8_t quote = text->data[0];
	if (quote == '"' || quote == '\'') {
		struct slice in = slice_skip(*text, 1);
		*ret_word = slice_head(in, slice_find(in, quote));
		*text = slice_skip(in, ret_word->len + 1);
		return true;
	}
	size_t n = 0;
	while (n < text->len && text->data[n] != ' ' && text->data[n] != '\t')
		n++;
	*ret_word = slice_head(*text, n);
	*text = slice_skip(*text, n);
	return true;
}

static int words_join(struct buf *out, struct slice text)
{
	struct slice word;
	while (word_next(&text, &word)) {
		int e = buf_len(out) ? buf_add_str(out, " ") : 0;
		if (!e)
			e = buf_add(out, word);
		if (e)
			return err_up(e);
	}
	return 0;
}

/* -- directives -------------------------------------------------------------------------------- */

/* As the manual writes it. */
static struct slice canonical(struct slice name)
{
	static const char *const known[] = {
		"SSLProtocol",
		"SSLEngine",
		"SSLCipherSuite",
		"SSLOpenSSLConfCmd",
		"SSLCompression",
		"SSLCertificateFile",
		"SSLCertificateKeyFile",
		"Header",
		"Redirect",
		"RedirectPermanent",
		"RewriteRule",
		"RewriteEngine",
		"RewriteCond",
		"ServerName",
		"ServerAlias",
		"Listen",
		"ProxyPass",
		"ProxyPassMatch",
		"SSLProxyVerify",
		"LoadModule",
		"Protocols",
		"SSLProxyEngine",
		"Alias",
		"DocumentRoot",
		"SSLHonorCipherOrder",
		"RedirectMatch",
		"SSLProxyCheckPeerName",
		"ServerRoot",
		"SetHandler",
		"Define",
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (slice_equal_nocase(name, slice_str(known[i])))
			return slice_str(known[i]);
	return name;
}

static int setting_add(struct reading *r, struct servers_scope *scope, struct slice name,
                       struct slice value)
{
	struct servers_setting said = { .name = servers_text(r->s, name),
		                        .value = servers_text(r->s, value),
		                        .place = r->place };
	if (!said.name || !said.value)
		return err_raise(-ENOMEM);
	int e = servers_setting_add(r->s, scope, &said);
	return e ? err_up(e) : 0;
}

static int on_define(struct reading *r, struct slice value)
{
	struct slice name;
	char text[128];
	if (!word_next(&value, &name))
		return 0;
	snprintf(text, sizeof(text), "define %.*s", (int)name.len, (const char *)name.data);
	return setting_add(r, r->top, slice_str(text), slice_trim(value));
}

static int file_read_in(void *owner, const struct servers_file *file);

static int on_included(void *owner, const char *path)
{
	struct reading *r = owner;
	const char *real = servers_real_path(r->s, path);
	if (!real)
		return err_raise(-ENOMEM);
	return servers_include_read(
		r->s, real, &(struct servers_include){ &r->nest, &r->place, file_read_in, r });
}

static int on_include(struct reading *r, struct slice name)
{
	const char *path = name.len && name.data[0] == '/'
	                           ? servers_text(r->s, name)
	                           : servers_text_printf(r->s, "%s/%.*s", r->root, (int)name.len,
	                                                 (const char *)name.data);
	if (!path)
		return err_raise(-ENOMEM);
	return servers_glob(r->s, path, on_included, r);
}

static int on_directive(struct reading *r, struct slice name, struct slice value)
{
	name = canonical(name);
	if (slice_equal_nocase(name, slice_str("Include")) ||
	    slice_equal_nocase(name, slice_str("IncludeOptional")))
		return on_include(r, value);
	if (slice_equal(name, slice_str("Define")))
		return on_define(r, value);
	if (slice_equal(name, slice_str("ServerRoot"))) {
		r->root = servers_text(r->s, value);
		if (!r->root)
			return err_raise(-ENOMEM);
	}
	return setting_add(r, scope_of(r), name, value);
}

/* -- sections ---------------------------------------------------------------------------------- */

/* "ssl_module" or "mod_ssl.c". */
static bool module_is_loaded(const struct reading *r, struct slice name)
{
	char loaded[128];
	bool is_file = slice_starts_nocase(name, "mod_") && name.len > 6;
	struct slice bare = is_file ? slice_of(name.data + 4, name.len - 6) : name;
	snprintf(loaded, sizeof(loaded), "%.*s%s ", (int)bare.len, (const char *)bare.data,
	         is_file ? "_module" : "");
	for (size_t i = 0; i < r->top->setting_count; i++)
		if (!strcmp(r->top->settings[i].name, "LoadModule") &&
		    !strncmp(r->top->settings[i].value, loaded, strlen(loaded)))
			return true;
	/* Those that Debian builds in. */
	return slice_equal(name, slice_str("mod_unixd.c")) ||
	       slice_equal(name, slice_str("mod_log_config.c")) ||
	       slice_equal(name, slice_str("log_config_module"));
}

static bool name_is_defined(const struct reading *r, struct slice name)
{
	char text[128];
	snprintf(text, sizeof(text), "define %.*s", (int)name.len, (const char *)name.data);
	return servers_setting_own(r->top, text) != NULL;
}

/* A section that is no scope of its own. */
static bool is_condition(struct slice type)
{
	static const char *const types[] = { "IfModule",    "IfDefine", "IfVersion", "IfFile",
		                             "IfDirective", "If",       "Else",      "ElseIf" };
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (slice_equal_nocase(type, slice_str(types[i])))
			return true;
	return false;
}

static bool is_met(const struct reading *r, struct slice type, struct slice name)
{
	bool is_not = name.len && name.data[0] == '!';
	struct slice plain = slice_skip(name, is_not);
	if (slice_equal_nocase(type, slice_str("IfModule")))
		return module_is_loaded(r, plain) != is_not;
	if (slice_equal_nocase(type, slice_str("IfDefine")))
		return name_is_defined(r, plain) != is_not;
	return true;
}

static int section_open(struct reading *r, struct slice type, struct slice name)
{
	if (r->depth == APACHE_DEPTH_MAX)
		return stop(r, "sections inside each other, deeper than is read");
	struct open opened = { .scope = scope_of(r), .is_active = is_active(r) };
	snprintf(opened.type, sizeof(opened.type), "%.*s", (int)type.len, (const char *)type.data);
	if (is_condition(type)) {
		opened.is_active = opened.is_active && is_met(r, type, name);
	} else if (opened.is_active) {
		const char *text = servers_text(r->s, name);
		if (!text)
			return err_raise(-ENOMEM);
		bool is_host = slice_equal_nocase(type, slice_str("VirtualHost"));
		int e = servers_scope_add(r->s, opened.scope, is_host ? "VirtualHost" : opened.type,
		                          text, &opened.scope);
		if (e)
			return err_up(e);
		opened.scope->place = r->place;
	}
	r->open[r->depth++] = opened;
	return 0;
}

static int section_close(struct reading *r, struct slice type)
{
	if (!r->depth || !slice_equal_nocase(type, slice_str(r->open[r->depth - 1].type)))
		return stop(r, "the end of a section that is not open");
	struct servers_scope *scope = r->open[r->depth - 1].scope;
	if (is_active(r) && !is_condition(type) && scope->place.path == r->place.path)
		scope->place.lines = r->place.line - scope->place.line + 1;
	r->depth--;
	return 0;
}

/* -- lines ------------------------------------------------------------------------------------- */

/* The words behind the name; where it is a section, without ">". */
static int line_take(struct reading *r, struct slice name, struct slice rest)
{
	CLEAN(buf_deinit) struct buf expanded = {};
	CLEAN(buf_deinit) struct buf words = {};
	int e = expand(r, &expanded, rest);
	if (!e)
		e = words_join(&words, buf_slice(&expanded));
	if (e)
		return e;
	if (name.data[0] == '<')
		return section_open(r, slice_skip(name, 1), buf_slice(&words));
	return is_active(r) ? on_directive(r, name, buf_slice(&words)) : 0;
}

static int on_line(void *owner, struct slice line)
{
	struct reading *r = owner;
	size_t n = 0;
	if (line.len > APACHE_LINE_MAX)
		return stop(r, "a line longer than is read");
	while (n < line.len && line.data[n] != ' ' && line.data[n] != '\t' &&
	       (n < 2 || line.data[n] != '>'))
		n++;
	struct slice name = slice_head(line, n);
	struct slice rest = slice_trim(slice_skip(line, n));
	if (name.data[0] == '<' && rest.len && rest.data[rest.len - 1] == '>')
		rest.len--;
	if (slice_starts_nocase(name, "</"))
		return section_close(r, slice_skip(name, 2));
	return line_take(r, name, rest);
}

static int file_read_in(void *owner, const struct servers_file *file)
{
	struct reading *r = owner;
	return servers_joined_read(
		file, &(struct servers_joined){
			      .comments = "#", .place = &r->place, .fn = on_line, .owner = r });
}

int servers_apache_text(struct servers *s, struct servers_server *server,
                        const struct servers_file *file, const char *root)
{
	struct reading r = { .s = s, .top = server->top, .root = root };
	int e = file_read_in(&r, file);
	return e < 0 ? err_up(e) : 0;
}
