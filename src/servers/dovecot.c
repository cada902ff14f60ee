/* Dovecot: the files as one tree of blocks, over its defaults. */
#include "servers/dovecot.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/dovecot_inside.h"
#include "servers/reader.h"
#include "servers/secret.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

enum { DEPTH_MAX = 16, NEST_MAX = 32 };

bool servers_dovecot_is_24(const struct servers_server *server)
{
	return servers_setting_own(server->top, "dovecot_config_version") != NULL;
}

/* --- settings --- */

/* What a login needs is nobody's business here. */
static bool is_secret(const char *name)
{
	static const char *const ends[] = { "password", "dnpass", "api_key", "_nopassword" };
	size_t len = strlen(name);
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		size_t end = strlen(ends[i]);
		if (len >= end && !strcmp(name + len - end, ends[i]))
			return true;
	}
	return false;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* "$name" (2.3) and "$SET:name" (2.4): what it was until here. */
static int variables_replace(const struct servers_scope *scope, const char *written,
                             struct buf *out)
{
	int r = 0;
	while (!r && *written && buf_len(out) < SERVERS_DOVECOT_VALUE_MAX) {
		size_t plain = strcspn(written, "$");
		r = buf_add(out, slice_of(written, plain));
		written += plain;
		if (r || !*written)
			break;
		written += strncmp(written, "$SET:", 5) ? 1 : 5;
		char name[128];
		size_t len = 0;
		while (is_name_byte(written[len]) && len + 1 < sizeof(name)) {
			name[len] = written[len];
			len++;
		}
		name[len] = '\0';
		written += len;
		r = buf_add_str(out, len ? servers_value(scope, name) : "$");
	}
	return err_up(r);
}

/* 2.4 writes "passdb_driver" or "driver" in a passdb: the short one is kept. */
static const char *short_name(const struct servers_scope *scope, const char *name)
{
	size_t len = strlen(scope->type);
	bool is_long = len && !strncmp(name, scope->type, len) && name[len] == '_' && name[len + 1];
	return is_long ? name + len + 1 : name;
}

static int setting_add(struct servers_dovecot_reading *r,
                       const struct servers_dovecot_conf_line *line)
{
	CLEAN(buf_deinit) struct buf value = {};
	const char *prefix = r->prefix;
	char name[256];
	snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] ? "_" : "", line->name);
	if (is_secret(name))
		return 0;
	int e = line->is_quoted ? buf_add_str(&value, line->value)
	                        : variables_replace(r->scope, line->value, &value);
	if (!e)
		e = buf_add(&value, slice_of("", 1));
	if (e)
		return err_up(e);
	CLEAN(freep) char *written = strdup(line->value);
	if (!written)
		return err_raise(-ENOMEM);
	servers_secrets_mask(written);
	servers_secrets_mask((char *)value.data + value.start);
	const struct servers_setting setting = {
		.name = short_name(r->scope, name),
		.value = (const char *)buf_slice(&value).data,
		.written = written,
		.is_file = line->is_file,
		.is_default = !r->path,
		.place = { r->path, r->path ? line->line : 0, r->path ? line->lines : 0 },
	};
	return err_up(servers_setting_add(r->s, r->scope, &setting));
}

/* --- blocks --- */

/* Nameless blocks of 2.4 that only group settings of the scope around. */
static bool is_group(const char *type)
{
	static const char *const types[] = { "ssl_server", "ssl_client", "imapc", "pop3c",
		                             "submission_relay" };
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strcmp(types[i], type))
			return true;
	return false;
}

static int scope_enter(struct servers_dovecot_reading *r,
                       const struct servers_dovecot_conf_line *line)
{
	struct servers_scope *scope = line->value[0] || !strcmp(line->name, "protocols")
	                                      ? (struct servers_scope *)servers_scope_child(
							r->scope, line->name, line->value)
	                                      : NULL;
	int e = scope ? 0 : servers_scope_add(r->s, r->scope, line->name, line->value, &scope);
	if (e)
		return err_up(e);
	if (r->path && !scope->place.path)
		scope->place = (struct servers_place){ r->path, line->line, line->lines };
	scope->is_default = !scope->place.path;
	r->scope = scope;
	return 0;
}

static int block_begin(struct servers_dovecot_reading *r,
                       const struct servers_dovecot_conf_line *line)
{
	if (r->nest == NEST_MAX || r->prefix[0])
		return err_up(servers_fault(r->s, r->path ? r->path : "doveconf", line->line,
		                            "a block too deep"));
	r->nest++;
	if (!line->value[0] && is_group(line->name)) {
		r->prefix = servers_text_str(r->s, line->name);
		return r->prefix ? 0 : err_raise(-ENOMEM);
	}
	return err_up(scope_enter(r, line));
}

static int block_end(struct servers_dovecot_reading *r,
                     const struct servers_dovecot_conf_line *line,
                     const struct servers_scope *outermost)
{
	if (r->prefix[0]) {
		r->prefix = "";
		r->nest--;
		return 0;
	}
	if (r->scope == outermost)
		return err_up(servers_fault(r->s, r->path ? r->path : "doveconf", line->line,
		                            "\"}\" without a block"));
	if (r->path && r->scope->place.path && !strcmp(r->path, r->scope->place.path))
		r->scope->place.lines = line->line - r->scope->place.line + 1;
	r->scope = r->scope->parent;
	r->nest--;
	return 0;
}

/* --- files --- */

static int on_include(void *owner, const char *path)
{
	struct servers_dovecot_reading *r = owner;
	int e = servers_dovecot_file_read(r, path);
	return e > 0 ? 0 : e;
}

static const char *path_beside(struct servers_dovecot_reading *r, const char *name)
{
	const char *slash = strrchr(r->path, '/');
	if (name[0] == '/' || !slash)
		return servers_text_str(r->s, name);
	return servers_text_printf(r->s, "%.*s/%s", (int)(slash - r->path), r->path, name);
}

static int include(struct servers_dovecot_reading *r, const struct servers_dovecot_conf_line *line)
{
	const char *path = r->path ? path_beside(r, line->value) : NULL;
	if (!path)
		return r->path ? err_raise(-ENOMEM) : 0;
	if (strpbrk(path, "*?["))
		return err_up(servers_glob(r->s, path, on_include, r));
	int e = servers_dovecot_file_read(r, path);
	if (e == SERVERS_FILE_ABSENT && line->kind == SERVERS_DOVECOT_CONF_INCLUDE)
		return err_up(servers_fault(r->s, path, 0, "it is not there; %s:%u includes it",
		                            r->path, line->line));
	return e > 0 ? 0 : err_up(e);
}

static int line_read(struct servers_dovecot_reading *r,
                     const struct servers_dovecot_conf_line *line,
                     const struct servers_scope *outermost)
{
	switch (line->kind) {
	case SERVERS_DOVECOT_CONF_SETTING:
		return err_up(setting_add(r, line));
	case SERVERS_DOVECOT_CONF_BLOCK:
		return err_up(block_begin(r, line));
	case SERVERS_DOVECOT_CONF_END:
		return err_up(block_end(r, line, outermost));
	case SERVERS_DOVECOT_CONF_INCLUDE:
	case SERVERS_DOVECOT_CONF_INCLUDE_TRY:
		return err_up(include(r, line));
	case SERVERS_DOVECOT_CONF_BAD:
		return r->path ? err_up(servers_fault(r->s, r->path, line->line, "%s", line->value))
		               : 0;
	}
	return 0;
}

static bool is_full(const struct servers_dovecot_reading *r)
{
	return r->s->setting_count - r->settings_before > SERVERS_DOVECOT_SETTINGS_MAX ||
	       r->s->scope_count - r->scopes_before > SERVERS_DOVECOT_BLOCKS_MAX;
}

int servers_dovecot_text_read(struct servers_dovecot_reading *r, struct slice text)
{
	CLEAN(buf_deinit) struct buf words = {};
	struct servers_dovecot_conf conf = { text, 1 };
	struct servers_dovecot_conf_line line = {};
	struct servers_scope *outermost = r->scope;
	int nest = r->nest;
	int e = 0;
	while (!e && !is_full(r) && servers_dovecot_conf_next(&conf, &words, &line, &e))
		e = line_read(r, &line, outermost);
	if (!e && is_full(r))
		e = servers_fault(r->s, r->path ? r->path : "doveconf", line.line,
		                  "the settings behind this line are too many");
	else if (!e && r->scope != outermost && r->path)
		e = servers_fault(r->s, r->path, r->scope->place.line, "a block without its \"}\"");
	r->scope = outermost;
	r->prefix = "";
	r->nest = nest;
	return err_up(e);
}

int servers_dovecot_file_read(struct servers_dovecot_reading *r, const char *path)
{
	struct servers_file *file = NULL;
	if (r->depth == DEPTH_MAX || r->includes == SERVERS_FILES_MAX)
		return err_up(servers_fault(r->s, path, 0, "included too deep, or too often"));
	r->includes++;
	int e = servers_open(r->s, path, &file);
	if (e)
		return e > 0 ? e : err_up(e);
	const char *outer = r->path;
	r->path = file->path;
	r->depth++;
	e = servers_dovecot_text_read(r, buf_slice(&file->text));
	r->depth--;
	r->path = outer;
	return err_up(e);
}

/* --- its own program --- */

/* "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf" */
static int version_take(struct servers_dovecot_reading *r, struct slice out)
{
	char version[32];
	char line[128];
	slice_to_text(slice_head(out, slice_find(out, '\n')), line, sizeof(line));
	if (sscanf(line, "# %31[0-9.]", version) != 1)
		return 0;
	r->server->version = servers_text_str(r->s, version);
	return r->server->version ? 0 : err_raise(-ENOMEM);
}

static int doveconf(struct servers_dovecot_reading *r, const char *config, const char *what,
                    struct buf *ret_out)
{
	char *const argv[] = { (char *)"doveconf", (char *)"-c", (char *)config, (char *)what,
		               NULL };
	int e = servers_run(r->s, argv, ret_out);
	return e > 0 ? e : err_up(e);
}

/* Of each of its blocks the same one is looked for here; nameless ones are taken in turn. */
static void told_compare(struct servers_scope *own, const struct servers_scope *told);

static void children_compare(struct servers_scope *own, const struct servers_scope *told)
{
	size_t turn = 0;
	for (size_t i = 0; i < told->child_count; i++) {
		const struct servers_scope *child = told->children[i];
		if (child->name[0]) {
			struct servers_scope *same = (struct servers_scope *)servers_scope_child(
				own, child->type, child->name);
			if (same)
				told_compare(same, child);
			continue;
		}
		while (turn < own->child_count &&
		       (strcmp(own->children[turn]->type, child->type) != 0 ||
		        own->children[turn]->name[0]))
			turn++;
		if (turn < own->child_count)
			told_compare(own->children[turn++], child);
	}
}

static bool is_hidden(const struct servers_setting *setting)
{
	return !strncmp(setting->written, "# hidden", 8) || !setting->value[0];
}

static void told_compare(struct servers_scope *own, const struct servers_scope *told)
{
	for (size_t i = 0; i < told->setting_count; i++) {
		const struct servers_setting *setting = &told->settings[i];
		struct servers_setting *same =
			(struct servers_setting *)servers_setting_own(own, setting->name);
		if (same && !is_hidden(setting))
			same->value = setting->value;
	}
	children_compare(own, told);
}

/* Values as doveconf has them take the place of ours; where they stand is what the files say. */
static int tool_compare(struct servers_dovecot_reading *r, const char *config)
{
	CLEAN(buf_deinit) struct buf out = {};
	int e = doveconf(r, config, "-n", &out);
	if (e)
		return e > 0 ? 0 : err_up(e);
	r->server->is_by_tool = true;
	e = version_take(r, buf_slice(&out));
	struct servers_scope *told = NULL;
	if (!e)
		e = servers_scope_add(r->s, NULL, "", "", &told);
	if (e)
		return err_up(e);
	struct servers_dovecot_reading reading = {
		.s = r->s,
		.server = r->server,
		.scope = told,
		.prefix = "",
		.settings_before = r->s->setting_count,
		.scopes_before = r->s->scope_count,
	};
	e = servers_dovecot_text_read(&reading, buf_slice(&out));
	if (!e)
		told_compare(r->server->top, told);
	return err_up(e);
}

static bool is_24_text(struct slice text)
{
	CLEAN(buf_deinit) struct buf words = {};
	struct servers_dovecot_conf conf = { text, 1 };
	struct servers_dovecot_conf_line line;
	int e = 0;
	while (servers_dovecot_conf_next(&conf, &words, &line, &e))
		if (line.kind == SERVERS_DOVECOT_CONF_SETTING &&
		    !strcmp(line.name, "dovecot_config_version"))
			return true;
	return false;
}

static int defaults_read(struct servers_dovecot_reading *r, const struct servers_file *file)
{
	CLEAN(buf_deinit) struct buf out = {};
	/* Those known here come first: a listener whose protocol has no package is not in its. */
	bool is_24 = is_24_text(buf_slice(&file->text));
	int e = servers_dovecot_text_read(r, slice_str(servers_dovecot_defaults(is_24)));
	if (!e)
		e = doveconf(r, file->path, "-d", &out);
	if (e)
		return e > 0 ? 0 : err_up(e);
	return err_up(servers_dovecot_text_read(r, buf_slice(&out)));
}

/* --- an instance --- */

int servers_dovecot_read(struct servers *s, const char *path)
{
	struct servers_file *file = NULL;
	struct servers_dovecot_reading r = { .s = s,
		                             .prefix = "",
		                             .settings_before = s->setting_count,
		                             .scopes_before = s->scope_count };
	int e = servers_find(s, SERVERS_DOVECOT, path) ? SERVERS_FILE_ABSENT
	                                               : servers_open(s, path, &file);
	if (e)
		return e > 0 ? 0 : err_up(e);
	e = servers_add(s, SERVERS_DOVECOT, &r.server);
	if (e)
		return err_up(e);
	r.server->path = file->path;
	r.server->version = servers_package_version(s, "dovecot-core");
	r.scope = r.server->top;
	e = defaults_read(&r, file);
	if (!e)
		e = servers_dovecot_file_read(&r, file->path);
	if (!e)
		e = tool_compare(&r, file->path);
	if (!e)
		e = servers_dovecot_externals_read(&r);
	if (!e)
		e = servers_dovecot_listeners_add(&r);
	return e ? err_up(e) : err_up(servers_dovecot_certificates_add(&r));
}

int servers_dovecot_find(struct servers *s)
{
	return err_up(servers_dovecot_read(s, "/etc/dovecot/dovecot.conf"));
}
