#include "servers/setting.h"

#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int children_reserve(struct servers_scope *scope)
{
	if (scope->child_count < scope->child_cap)
		return 0;
	size_t cap = scope->child_cap ? 2 * scope->child_cap : 8;
	struct servers_scope **children = reallocarray(scope->children, cap, sizeof(*children));
	if (!children)
		return err_raise(-ENOMEM);
	scope->children = children;
	scope->child_cap = cap;
	return 0;
}

int servers_scope_add(struct servers *s, struct servers_scope *parent, const char *type,
                      const char *name, struct servers_scope **ret_scope)
{
	int r = parent ? children_reserve(parent) : 0;
	if (r)
		return err_up(r);
	struct servers_scope *scope = calloc(1, sizeof(*scope));
	if (!scope)
		return err_raise(-ENOMEM);
	scope->next_made = s->scopes;
	s->scopes = scope;
	s->scope_count++;
	scope->parent = parent;
	scope->type = servers_text_str(s, type);
	scope->name = servers_text_str(s, name);
	if (!scope->type || !scope->name)
		return err_raise(-ENOMEM);
	scope->number = parent ? parent->child_count : 0;
	if (parent)
		parent->children[parent->child_count++] = scope;
	*ret_scope = scope;
	return 0;
}

static int settings_reserve(struct servers_scope *scope)
{
	if (scope->setting_count < scope->setting_cap)
		return 0;
	size_t cap = scope->setting_cap ? 2 * scope->setting_cap : 8;
	struct servers_setting *settings = reallocarray(scope->settings, cap, sizeof(*settings));
	if (!settings)
		return err_raise(-ENOMEM);
	scope->settings = settings;
	scope->setting_cap = cap;
	return 0;
}

int servers_setting_add(struct servers *s, struct servers_scope *scope,
                        const struct servers_setting *setting)
{
	int r = settings_reserve(scope);
	if (r)
		return err_up(r);
	struct servers_setting added = *setting;
	added.name = servers_text_str(s, setting->name);
	added.value = servers_text_str(s, setting->value);
	added.written = setting->written ? servers_text_str(s, setting->written) : added.value;
	if (setting->place.path)
		added.place.path = servers_text_str(s, setting->place.path);
	if (!added.name || !added.value || !added.written ||
	    (setting->place.path && !added.place.path))
		return err_raise(-ENOMEM);
	scope->settings[scope->setting_count++] = added;
	s->setting_count++;
	return 0;
}

/* --- looked up --- */

const struct servers_setting *servers_setting_own(const struct servers_scope *scope,
                                                  const char *name)
{
	for (size_t i = scope->setting_count; i > 0; i--)
		if (!strcmp(scope->settings[i - 1].name, name))
			return &scope->settings[i - 1];
	return NULL;
}

const struct servers_setting *servers_setting_find(const struct servers_scope *scope,
                                                   const char *name)
{
	for (; scope; scope = scope->parent) {
		const struct servers_setting *setting = servers_setting_own(scope, name);
		if (setting)
			return setting;
	}
	return NULL;
}

const char *servers_value(const struct servers_scope *scope, const char *name)
{
	const struct servers_setting *setting = servers_setting_find(scope, name);
	return setting ? setting->value : "";
}

bool servers_value_is_yes(const struct servers_scope *scope, const char *name)
{
	static const char *const words[] = { "yes", "true", "on", "1" };
	const char *value = servers_value(scope, name);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(value, words[i]))
			return true;
	return false;
}

const struct servers_scope *servers_scope_next(const struct servers_scope *scope, const char *type,
                                               const struct servers_scope *after)
{
	for (size_t i = after ? after->number + 1 : 0; i < scope->child_count; i++)
		if (!strcmp(scope->children[i]->type, type))
			return scope->children[i];
	return NULL;
}

const struct servers_scope *servers_scope_child(const struct servers_scope *scope, const char *type,
                                                const char *name)
{
	for (size_t i = 0; i < scope->child_count; i++)
		if (!strcmp(scope->children[i]->type, type) &&
		    !strcmp(scope->children[i]->name, name))
			return scope->children[i];
	return NULL;
}

/* --- lists --- */

static size_t word_length(const char *text)
{
	size_t depth = 0, len = 0;
	for (; text[len]; len++) {
		depth += text[len] == '{';
		depth -= text[len] == '}' && depth;
		if (!depth && strchr(" \t\r\n,", text[len]))
			break;
	}
	return len;
}

bool servers_word_next(const char **text, const char **ret_word, size_t *ret_len)
{
	*text += strspn(*text, " \t\r\n,");
	if (!**text)
		return false;
	*ret_word = *text;
	*ret_len = word_length(*text);
	*text += *ret_len;
	return true;
}

bool servers_words_have(const char *list, const char *word)
{
	const char *at = NULL;
	size_t len = 0;
	while (servers_word_next(&list, &at, &len))
		if (len == strlen(word) && !strncasecmp(at, word, len))
			return true;
	return false;
}
