/* Postfix: main.cf, over its defaults, and all instances. */
#include "servers/postfix.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/postfix_inside.h"
#include "servers/reader.h"

#include <errno.h>

enum { INSTANCES_MAX = 100 };

/* --- names of one scope, for $name --- */

struct names {
	const struct servers_scope *scope;
	unsigned looks; /* of all values */
};

static const char *scope_look(void *owner, struct slice name)
{
	struct names *names = owner;
	if (names->looks++ == SERVERS_POSTFIX_LOOKS_MAX)
		names->scope = NULL;
	for (const struct servers_scope *scope = names->scope; scope; scope = scope->parent)
		for (size_t i = scope->setting_count; i > 0; i--)
			if (slice_equal(slice_str(scope->settings[i - 1].name), name))
				return scope->settings[i - 1].written;
	return NULL;
}

int servers_postfix_expand(struct servers_postfix_reading *r, struct servers_scope *scope,
                           struct servers_scope *from)
{
	struct names from_scope = { from, 0 };
	const struct servers_postfix_cf_names names = { scope_look, &from_scope };
	for (size_t i = 0; i < scope->setting_count; i++) {
		struct servers_setting *setting = &scope->settings[i];
		CLEAN(buf_deinit) struct buf value = {};
		if (!strchr(setting->written, '$'))
			continue;
		int e = servers_postfix_cf_expand(&value, slice_str(setting->written), &names);
		if (e)
			return err_up(e);
		setting->value = servers_text(r->s, buf_slice(&value));
		if (!setting->value)
			return err_raise(-ENOMEM);
	}
	return 0;
}

/* --- main.cf, and all that is written like it --- */

/* What a map file has to log in with is nobody's business here. */
bool servers_postfix_is_secret(struct slice name)
{
	static const char *const words[] = { "password", "bind_pw", "dbpassword" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (slice_equal_nocase(name, slice_str(words[i])))
			return true;
	return false;
}

/* path: NULL: they are defaults. */
int servers_postfix_settings_read(struct servers_postfix_reading *r, struct servers_scope *scope,
                                  struct slice text, const char *path)
{
	struct servers_postfix_cf cf = { text, 1 };
	struct servers_postfix_cf_line line;
	while (servers_postfix_cf_next(&cf, &line)) {
		CLEAN(buf_deinit) struct buf value = {};
		struct slice name;
		if (scope->setting_count == SERVERS_POSTFIX_SETTINGS_MAX)
			return err_up(servers_fault(r->s, path ? path : "postconf", line.line,
			                            "the settings behind this line are too many"));
		if (!servers_postfix_cf_setting(&line, &name, &value)) {
			int e = path ? servers_fault(r->s, path, line.line, "no \"name = value\"")
			             : 0;
			if (e)
				return err_up(e);
			continue;
		}
		if (servers_postfix_is_secret(name))
			continue;
		CLEAN(freep) char *name_text = strndup((const char *)name.data, name.len);
		const char *value_text = servers_text(r->s, buf_slice(&value));
		if (!name_text || !value_text)
			return err_raise(-ENOMEM);
		const struct servers_setting setting = {
			.name = name_text,
			.value = value_text,
			.is_default = !path,
			.place = { path, path ? line.line : 0, path ? line.lines : 0 },
		};
		int e = servers_setting_add(r->s, scope, &setting);
		if (e)
			return err_up(e);
	}
	return 0;
}

/* --- defaults: its own program's, or those known here --- */

static int defaults_known(struct servers_postfix_reading *r)
{
	const char *text = servers_postfix_defaults(r->server->version);
	return err_up(servers_postfix_settings_read(r, r->defaults, slice_str(text), NULL));
}

static int defaults_read(struct servers_postfix_reading *r)
{
	CLEAN(buf_deinit) struct buf out = {};
	char *const argv[] = { (char *)"postconf", (char *)"-c", (char *)r->folder, (char *)"-d",
		               NULL };
	int e = servers_run(r->s, argv, &out);
	if (e == SERVERS_RUN_ABSENT || e == SERVERS_RUN_FAILED)
		return err_up(defaults_known(r));
	if (!e)
		e = servers_postfix_settings_read(r, r->defaults, buf_slice(&out), NULL);
	if (e)
		return err_up(e);
	const struct servers_setting *version = servers_setting_own(r->defaults, "mail_version");
	if (version)
		r->server->version = version->value;
	r->server->is_by_tool = true;
	return 0;
}

/* Their words are the same; how they were broken into lines does not count. */
static bool is_same(const char *a, const char *b)
{
	for (;;) {
		a += strspn(a, " \t");
		b += strspn(b, " \t");
		size_t len = strcspn(a, " \t");
		if (len != strcspn(b, " \t") || strncmp(a, b, len) != 0)
			return false;
		if (!len)
			return true;
		a += len;
		b += len;
	}
}

/* What postconf says that the files do not: it holds, though nobody knows from which line. */
static int tool_compare(struct servers_postfix_reading *r)
{
	CLEAN(buf_deinit) struct buf out = {};
	char *const argv[] = { (char *)"postconf", (char *)"-c", (char *)r->folder, (char *)"-n",
		               NULL };
	int e = r->server->is_by_tool ? servers_run(r->s, argv, &out) : SERVERS_RUN_ABSENT;
	if (e)
		return e > 0 ? 0 : err_up(e);
	struct servers_postfix_cf cf = { buf_slice(&out), 1 };
	struct servers_postfix_cf_line line;
	while (!e && servers_postfix_cf_next(&cf, &line)) {
		CLEAN(buf_deinit) struct buf value = {};
		struct slice name;
		if (!servers_postfix_cf_setting(&line, &name, &value))
			continue;
		CLEAN(freep) char *name_text = strndup((const char *)name.data, name.len);
		const char *value_text = servers_text(r->s, buf_slice(&value));
		if (!name_text || !value_text)
			return err_raise(-ENOMEM);
		const struct servers_setting *own = servers_setting_own(r->server->top, name_text);
		if (own && is_same(own->written, value_text))
			continue;
		struct servers_setting told = { .name = name_text,
			                        .value = value_text,
			                        .place = { r->server->path, 0, 0 } };
		if (own)
			told.place = own->place;
		e = servers_setting_add(r->s, r->server->top, &told);
	}
	return err_up(e);
}

/* --- an instance --- */

static int instance_fill(struct servers_postfix_reading *r, struct servers_file *file)
{
	r->server->path = file->path;
	r->server->version = servers_package_version(r->s, "postfix");
	int e = servers_scope_add(r->s, NULL, "default", "", &r->defaults);
	if (e)
		return err_up(e);
	r->server->top->parent = r->defaults;
	e = defaults_read(r);
	if (!e)
		e = servers_postfix_settings_read(r, r->server->top, buf_slice(&file->text),
		                                  file->path);
	if (!e)
		e = tool_compare(r);
	if (!e)
		e = servers_postfix_expand(r, r->defaults, r->server->top);
	if (!e)
		e = servers_postfix_expand(r, r->server->top, r->server->top);
	r->server->instance = servers_value(r->server->top, "multi_instance_name");
	return err_up(e);
}

static int services_fill(struct servers_postfix_reading *r)
{
	int e = servers_postfix_master_read(r);
	if (!e)
		e = servers_postfix_listeners_add(r);
	if (!e)
		e = servers_postfix_certificates_add(r);
	return e ? err_up(e) : err_up(servers_postfix_maps_add(r));
}

static int instance_read(struct servers *s, const char *folder, struct servers_server **ret_server)
{
	struct servers_file *file = NULL;
	const char *path = servers_text_printf(s, "%s/main.cf", folder);
	if (!path)
		return err_raise(-ENOMEM);
	*ret_server = servers_find(s, SERVERS_POSTFIX, path);
	if (*ret_server)
		return 0;
	int e = servers_open(s, path, &file);
	if (e)
		return e > 0 ? 0 : err_up(e);
	struct servers_postfix_reading r = { .s = s, .folder = folder };
	e = servers_add(s, SERVERS_POSTFIX, &r.server);
	if (!e)
		e = instance_fill(&r, file);
	if (!e)
		e = services_fill(&r);
	*ret_server = r.server;
	return err_up(e);
}

/* The others: multi_instance_directories of the first (postmulti(1)). */
static int others_read(struct servers *s, const struct servers_server *first)
{
	const char *words = servers_value(first->top, "multi_instance_directories"), *word = NULL;
	size_t len = 0;
	int e = 0;
	for (int i = 0; !e && i < INSTANCES_MAX && servers_word_next(&words, &word, &len); i++) {
		struct servers_server *other = NULL;
		const char *folder = servers_text(s, slice_of(word, len));
		if (!folder)
			return err_raise(-ENOMEM);
		e = instance_read(s, folder, &other);
		if (!e && !other && !servers_is_there(s, folder))
			e = servers_fault(s, folder, 0,
			                  "multi_instance_directories names it, and it "
			                  "is not there");
	}
	return err_up(e);
}

int servers_postfix_read(struct servers *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct servers_server *server = NULL;
	const char *folder = servers_text(s, slice_of(path, slash ? (size_t)(slash - path) : 0));
	if (!folder)
		return err_raise(-ENOMEM);
	return err_up(instance_read(s, folder, &server));
}

int servers_postfix_find(struct servers *s)
{
	struct servers_server *first = NULL;
	int e = instance_read(s, "/etc/postfix", &first);
	if (!e && first)
		e = others_read(s, first);
	return err_up(e);
}
