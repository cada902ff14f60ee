/* The certificates of Postfix, and its map files that name a directory or a database. */
#include "servers/postfix_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>

/* --- certificates --- */

static int certificate_add(struct servers_postfix_reading *r, const struct servers_setting *chain,
                           const char *key, const struct servers_listener *listener)
{
	const struct servers_certificate certificate = {
		.chain_path = chain->value,
		.key_path = key,
		.listener = listener,
		.place = chain->place,
	};
	return err_up(servers_certificate_add(r->s, r->server, &certificate));
}

/* Each file holds its key before its chain, or the files of a pair follow each other. */
static int chain_files(struct servers_postfix_reading *r, const struct servers_setting *setting,
                       const struct servers_listener *listener)
{
	const char *words = setting->value, *word = NULL;
	size_t len = 0;
	int e = 0;
	while (!e && servers_word_next(&words, &word, &len)) {
		struct servers_setting one = *setting;
		one.value = servers_text(r->s, slice_of(word, len));
		e = one.value ? certificate_add(r, &one, one.value, listener) : err_raise(-ENOMEM);
	}
	return err_up(e);
}

static int pair_add(struct servers_postfix_reading *r, const struct servers_scope *scope,
                    const char *name, const char *key_name, const struct servers_listener *listener)
{
	const struct servers_setting *chain = servers_setting_find(scope, name);
	if (!chain || !chain->value[0] || !strcmp(chain->value, "none"))
		return 0;
	const char *key = servers_value(scope, key_name);
	return err_up(certificate_add(r, chain, key[0] ? key : chain->value, listener));
}

static int certificates_of(struct servers_postfix_reading *r, const struct servers_scope *scope,
                           const struct servers_listener *listener)
{
	const struct servers_setting *chain = servers_setting_find(scope, "smtpd_tls_chain_files");
	if (chain && chain->value[0])
		return err_up(chain_files(r, chain, listener));
	int e = pair_add(r, scope, "smtpd_tls_cert_file", "smtpd_tls_key_file", listener);
	if (!e)
		e = pair_add(r, scope, "smtpd_tls_eccert_file", "smtpd_tls_eckey_file", listener);
	if (!e)
		e = pair_add(r, scope, "smtpd_tls_dcert_file", "smtpd_tls_dkey_file", listener);
	return err_up(e);
}

static bool has_own_certificate(const struct servers_scope *scope)
{
	static const char *const names[] = { "smtpd_tls_chain_files", "smtpd_tls_cert_file",
		                             "smtpd_tls_eccert_file" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (servers_setting_own(scope, names[i]))
			return true;
	return false;
}

int servers_postfix_certificates_add(struct servers_postfix_reading *r)
{
	int e = certificates_of(r, r->server->top, NULL);
	for (size_t i = 0; !e && i < r->server->listener_count; i++) {
		const struct servers_listener *listener = r->server->listeners[i];
		if (has_own_certificate(listener->scope))
			e = certificates_of(r, listener->scope, listener);
	}
	return err_up(e);
}

/* --- maps --- */

static const char *const map_types[] = { "ldap", "mysql", "pgsql" };

/* "proxy:ldap:/etc/postfix/users.cf": its type and what follows it. False: no such map. */
static bool map_of(struct slice word, const char **ret_type, struct slice *ret_name)
{
	if (slice_starts_nocase(word, "proxy:"))
		word = slice_skip(word, 6);
	for (size_t i = 0; i < COUNT_OF(map_types); i++) {
		size_t len = strlen(map_types[i]);
		if (slice_starts_nocase(word, map_types[i]) && word.len > len + 1 &&
		    word.data[len] == ':') {
			*ret_type = map_types[i];
			*ret_name = slice_skip(word, len + 1);
			return true;
		}
	}
	return false;
}

/* A map without a file: its settings stand in main.cf, each behind its name. */
static int map_from_main(struct servers_postfix_reading *r, struct servers_scope *map,
                         const char *name)
{
	const struct servers_scope *top = r->server->top;
	size_t len = strlen(name);
	int e = 0;
	for (size_t i = 0; !e && i < top->setting_count; i++) {
		struct servers_setting setting = top->settings[i];
		if (strncmp(setting.name, name, len) != 0 || setting.name[len] != '_')
			continue;
		setting.name += len + 1;
		if (!servers_postfix_is_secret(slice_str(setting.name)))
			e = servers_setting_add(r->s, map, &setting);
	}
	return err_up(e);
}

static int map_read(struct servers_postfix_reading *r, struct servers_scope *map)
{
	struct servers_file *file = NULL;
	if (map->name[0] != '/')
		return err_up(map_from_main(r, map, map->name));
	int e = servers_open(r->s, map->name, &file);
	if (e == SERVERS_FILE_ABSENT)
		return err_up(servers_fault(r->s, map->name, 0, "it is not there; %s:%u names it",
		                            map->place.path ? map->place.path : "main.cf",
		                            map->place.line));
	if (e)
		return e > 0 ? 0 : err_up(e);
	return err_up(servers_postfix_settings_read(r, map, buf_slice(&file->text), file->path));
}

static int map_add(struct servers_postfix_reading *r, const struct servers_setting *from,
                   const char *type, struct slice name)
{
	const char *text = servers_text(r->s, name);
	struct servers_scope *map = NULL;
	if (!text)
		return err_raise(-ENOMEM);
	if (servers_scope_child(r->server->top, "map", text) ||
	    r->server->top->child_count >= 2 * SERVERS_POSTFIX_SERVICES_MAX)
		return 0;
	int e = servers_scope_add(r->s, r->server->top, "map", text, &map);
	if (e)
		return err_up(e);
	map->place = from->place;
	const struct servers_setting kind = { .name = "map/type",
		                              .value = type,
		                              .place = from->place };
	e = servers_setting_add(r->s, map, &kind);
	return e ? err_up(e) : err_up(map_read(r, map));
}

static int maps_of(struct servers_postfix_reading *r, const struct servers_setting *setting)
{
	const char *words = setting->value, *word = NULL, *type = NULL;
	struct slice name;
	size_t len = 0;
	int e = 0;
	while (!e && servers_word_next(&words, &word, &len)) {
		struct slice text = slice_of(word, len);
		if (text.len > 1 && text.data[0] == '{')
			text = slice_trim(slice_of(text.data + 1, text.len - 2));
		if (map_of(text, &type, &name))
			e = map_add(r, setting, type, name);
	}
	return err_up(e);
}

/* --- tables that are texts --- */

static const char *const table_types[] = { "hash", "btree", "lmdb", "cdb", "dbm", "texthash" };

static bool table_of(struct slice word, struct slice *ret_path)
{
	size_t colon = slice_find(word, ':');
	*ret_path = slice_skip(word, colon + 1);
	for (size_t i = 0; i < COUNT_OF(table_types); i++)
		if (slice_equal(slice_head(word, colon), slice_str(table_types[i])))
			return ret_path->len && ret_path->data[0] == '/';
	return false;
}

/* "pattern result": the pattern is the name, the result the value. */
static int table_line(struct servers_postfix_reading *r, struct servers_scope *table,
                      const struct servers_postfix_cf_line *line)
{
	struct servers_postfix_cf_line rest = *line;
	struct servers_postfix_cf_word pattern, word;
	CLEAN(buf_deinit) struct buf value = {};
	int e = 0;
	if (!servers_postfix_cf_word_next(&rest, &pattern))
		return 0;
	while (!e && servers_postfix_cf_word_next(&rest, &word)) {
		e = buf_len(&value) ? buf_add_str(&value, " ") : 0;
		e = e ? e : buf_add(&value, word.text);
	}
	const struct servers_setting setting = {
		.name = servers_text(r->s, pattern.text),
		.value = servers_text(r->s, buf_slice(&value)),
		.place = { table->name, line->line, line->lines },
	};
	if (e || !setting.name || !setting.value)
		return err_raise(-ENOMEM);
	return err_up(servers_setting_add(r->s, table, &setting));
}

static int table_add(struct servers_postfix_reading *r, const struct servers_setting *from,
                     struct slice path)
{
	struct servers_file *file = NULL;
	struct servers_scope *table = NULL;
	const char *name = servers_text(r->s, path);
	if (!name)
		return err_raise(-ENOMEM);
	if (servers_scope_child(r->server->top, "table", name))
		return 0;
	int e = servers_open(r->s, name, &file);
	if (e)
		return e > 0 ? 0 : err_up(e);
	e = servers_scope_add(r->s, r->server->top, "table", name, &table);
	if (e)
		return err_up(e);
	table->place = from->place;
	struct servers_postfix_cf cf = { buf_slice(&file->text), 1 };
	struct servers_postfix_cf_line line;
	while (!e && servers_postfix_cf_next(&cf, &line))
		e = table_line(r, table, &line);
	return err_up(e);
}

/* Those alone that say where mail goes, and how. */
static int tables_add(struct servers_postfix_reading *r)
{
	static const char *const names[] = { "transport_maps", "smtp_tls_policy_maps",
		                             "lmtp_tls_policy_maps" };
	int e = 0;
	for (size_t i = 0; !e && i < COUNT_OF(names); i++) {
		const struct servers_setting *from = servers_setting_own(r->server->top, names[i]);
		const char *words = from ? from->value : "", *word = NULL;
		struct slice path;
		size_t len = 0;
		while (!e && servers_word_next(&words, &word, &len))
			if (table_of(slice_of(word, len), &path))
				e = table_add(r, from, path);
	}
	return err_up(e);
}

/* Scopes are added while this goes on, and what they hold is no map of its own. */
int servers_postfix_maps_add(struct servers_postfix_reading *r)
{
	struct servers_scope *top = r->server->top;
	size_t services = top->child_count;
	int e = 0;
	for (size_t i = 0; !e && i < top->setting_count; i++)
		e = maps_of(r, &top->settings[i]);
	for (size_t i = 0; !e && i < services; i++)
		for (size_t k = 0; !e && k < top->children[i]->setting_count; k++)
			e = maps_of(r, &top->children[i]->settings[k]);
	return e ? err_up(e) : err_up(tables_add(r));
}
