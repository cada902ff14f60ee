/* From libconfig's tree to settings, row by row of the tables. */
#include "conf/conf.h"
#include "conf/made.h"
#include "conf/nearest.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A setting's value as the text it was written as; NULL: of a kind that the type does not take. */
static const char *setting_text(const config_setting_t *s, const struct conf_type_ops *ops,
                                char *scratch, size_t cap)
{
	const char *text;
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		text = config_setting_get_string(s);
		return text ? text : "";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		if (!ops->takes_number)
			return NULL;
		snprintf(scratch, cap, "%lld",
		         config_setting_type(s) == CONFIG_TYPE_INT
		                 ? (long long)config_setting_get_int(s)
		                 : config_setting_get_int64(s));
		return scratch;
	case CONFIG_TYPE_BOOL:
		if (!ops->takes_bool)
			return NULL;
		return config_setting_get_bool(s) ? "true" : "false";
	default:
		return NULL;
	}
}

static void value_read(struct conf_reader *r, const struct conf_row *row, const char *path,
                       const config_setting_t *s, void *base)
{
	const struct conf_type_ops *ops = conf_type_ops_of(row->type);
	struct conf_why why = {};
	char scratch[32];
	char form[200];
	unsigned line = config_setting_source_line(s);
	const char *text = setting_text(s, ops, scratch, sizeof(scratch));
	if (!text) {
		conf_row_form(row, form, sizeof(form));
		conf_complain_at(r, line, path, "a value of another kind is wanted");
		conf_mend(r, "write %s", form);
		return;
	}
	int result = ops->parse(row, r->settings, base, text, &why);
	if (result < 0) {
		if (!r->failure)
			r->failure = err_up(result);
	} else if (result) {
		conf_complain_at(r, line, path, "%s", why.message);
		conf_mend(r, "%s", why.mend);
	}
}

/* A list in [] or (), or one text alone. */
static void list_read(struct conf_reader *r, const struct conf_row *row, const char *path,
                      const config_setting_t *s, void *base)
{
	bool is_list = config_setting_is_array(s) || config_setting_is_list(s);
	if (!is_list) {
		value_read(r, row, path, s, base);
		return;
	}
	int count = config_setting_length(s);
	if (count == 0 && !row->initial)
		conf_complain(r, path, "it is empty");
	for (int i = 0; i < count && !r->failure; i++)
		value_read(r, row, path, config_setting_get_elem(s, (unsigned)i), base);
}

static void initial_set(struct conf_reader *r, const struct conf_row *row, void *base)
{
	struct conf_why why;
	if (!row->initial || !row->initial[0])
		return;
	int result = conf_type_ops_of(row->type)->parse(row, r->settings, base, row->initial, &why);
	if (result && !r->failure)
		r->failure = err_up(result);
}

/* One row: what is written, else what is inherited, else the default. */
static void row_read(struct conf_reader *r, const struct conf_row *row, const char *group_path,
                     const config_setting_t *group, void *base, const void *inherited)
{
	const struct conf_type_ops *ops = conf_type_ops_of(row->type);
	char path[CONF_PATH_MAX];
	const config_setting_t *s = group ? config_setting_get_member(group, row->name) : NULL;
	snprintf(path, sizeof(path), "%s%s%s", group_path, group_path[0] ? "." : "", row->name);
	if (row->type == CONF_BACKEND)
		*(size_t *)((char *)base + row->offset) = (size_t)CONF_NO_BACKEND;
	if (s || !inherited)
		initial_set(r, row,
		            base); /* also below a bad value: later checks see no nonsense */
	else if (!r->failure)
		r->failure = ops->copy(row, base, inherited);
	if (s && ops->is_list)
		list_read(r, row, path, s, base);
	else if (s)
		value_read(r, row, path, s, base);
	else if (!row->initial && group) {
		char form[200];
		conf_row_form(row, form, sizeof(form));
		conf_complain(r, path, "it is missing");
		conf_mend(r, "write %s = %s", row->name, form);
	}
}

static bool is_known(const struct conf_group *group, const char *name, struct conf_nearest *nearest)
{
	for (size_t i = 0; i < group->row_count; i++) {
		if (!strcmp(group->rows[i].name, name))
			return true;
		conf_nearest_try(nearest, group->rows[i].name);
	}
	for (size_t i = 0; i < group->group_count; i++) {
		if (!strcmp(group->groups[i]->name, name))
			return true;
		conf_nearest_try(nearest, group->groups[i]->name);
	}
	return false;
}

/* The group that has a setting of this name; of several the first. NULL: none has. */
static const struct conf_group *home_find(const char *name)
{
	for (size_t i = 0; i < conf_root.group_count; i++)
		for (size_t k = 0; k < conf_root.groups[i]->row_count; k++)
			if (!strcmp(conf_root.groups[i]->rows[k].name, name))
				return conf_root.groups[i];
	return NULL;
}

static void home_mend(struct conf_reader *r, const struct conf_group *home)
{
	static const char *const forms[] = {
		[CONF_ONE] = "{ ... };",
		[CONF_NAMED] = "{ NAME = { ... }; };",
		[CONF_LIST] = "( { ... } );",
	};
	conf_mend(r, "write it in %s = %s", home->name, forms[home->kind]);
}

static void unknown_find(struct conf_reader *r, const struct conf_group *group,
                         const config_setting_t *s, const char *group_path)
{
	int count = config_setting_length(s);
	for (int i = 0; i < count && !r->failure; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(member);
		struct conf_nearest nearest = { .text = name };
		char path[CONF_PATH_MAX];
		if (is_known(group, name, &nearest))
			continue;
		snprintf(path, sizeof(path), "%s%s%.100s", group_path, group_path[0] ? "." : "",
		         name);
		unsigned line = config_setting_source_line(member);
		bool is_slip = nearest.best && nearest.distance == 1;
		const char *sentence = conf_missing_sentence(name);
		if (sentence && !is_slip) {
			conf_complain_at(r, line, path, "%s", sentence);
			conf_mend(r, "take it out");
			continue;
		}
		conf_complain_at(r, line, path, "there is no such setting");
		const struct conf_group *home = home_find(name);
		if (home)
			home_mend(r, home);
		else if (nearest.best)
			conf_mend(r, "did you mean \"%s\"?", nearest.best);
	}
}

static void group_read(struct conf_reader *r, const struct conf_group *group, const char *path,
                       const config_setting_t *s, void *base, const void *inherited);

/* libconfig's names have letters, digits, "-", "_" and "*"; the last would be no name in a log. */
static bool item_name_is_fine(const char *name)
{
	return !strchr(name, '*') && strlen(name) < 64;
}

static void item_read(struct conf_reader *r, const struct conf_group *group, const char *path,
                      const config_setting_t *s, void *item)
{
	const char *name = config_setting_name(s);
	struct conf_place place = conf_text_place(&r->text, config_setting_source_line(s), "");
	*(int *)((char *)item + group->line_offset) = place.line;
	if (group->file_offset)
		*(const char **)((char *)item + group->file_offset) = place.file;
	if (group->kind == CONF_NAMED) {
		*(char **)item = strdup(name);
		if (!*(char **)item)
			r->failure = err_raise(-ENOMEM);
		if (!item_name_is_fine(name))
			conf_complain(r, path, "the name is too long or has a \"*\"");
	}
	if (config_setting_is_group(s)) {
		group_read(r, group, path, s, item, NULL);
		return;
	}
	conf_complain(r, path, "a group is wanted here");
	conf_mend(r, "write { ... }");
}

static void items_read(struct conf_reader *r, const struct conf_group *group,
                       const char *parent_path, const config_setting_t *s, void *parent)
{
	bool is_named = group->kind == CONF_NAMED;
	char base[CONF_PATH_MAX];
	if (!s)
		return;
	snprintf(base, sizeof(base), "%s%s%s", parent_path, parent_path[0] ? "." : "", group->name);
	if (is_named ? !config_setting_is_group(s) : !config_setting_is_list(s)) {
		conf_complain(r, base, "a value of another kind is wanted");
		conf_mend(r,
		          is_named ? "write %s = { NAME = { ... }; };"
		                   : "write %s = ( { ... }, { ... } );",
		          group->name);
		return;
	}
	size_t count = (size_t)config_setting_length(s);
	char *items = calloc(count + 1, group->item_size);
	if (!items) {
		r->failure = err_raise(-ENOMEM);
		return;
	}
	*(char **)((char *)parent + group->offset) = items;
	for (size_t i = 0; i < count && !r->failure; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		char path[CONF_PATH_MAX];
		if (is_named)
			snprintf(path, sizeof(path), "%.200s.%.100s", base,
			         config_setting_name(member));
		else
			snprintf(path, sizeof(path), "%.200s[%zu]", base, i);
		*conf_count_at(parent, group->count_offset) = i + 1;
		item_read(r, group, path, member, items + i * group->item_size);
	}
}

static void one_read(struct conf_reader *r, const struct conf_group *group, const char *parent_path,
                     const config_setting_t *s, void *parent)
{
	char path[CONF_PATH_MAX];
	char *base = (char *)parent + group->offset;
	const char *inherited =
		group->inherits ? (const char *)r->settings + group->inherit_offset : NULL;
	snprintf(path, sizeof(path), "%s%s%s", parent_path, parent_path[0] ? "." : "", group->name);
	if (s && !config_setting_is_group(s)) {
		conf_complain(r, path, "a value of another kind is wanted");
		conf_mend(r, "write %s = { ... };", group->name);
		s = NULL;
	}
	if (group->has_flag)
		*(bool *)(base + group->flag_offset) = s != NULL;
	group_read(r, group, path, s, base, inherited);
}

static void group_read(struct conf_reader *r, const struct conf_group *group, const char *path,
                       const config_setting_t *s, void *base, const void *inherited)
{
	for (size_t i = 0; i < group->row_count && !r->failure; i++)
		row_read(r, &group->rows[i], path, s, base, inherited);
	for (size_t i = 0; i < group->group_count && !r->failure; i++) {
		const struct conf_group *sub = group->groups[i];
		const config_setting_t *member = s ? config_setting_get_member(s, sub->name) : NULL;
		if (sub->kind == CONF_ONE)
			one_read(r, sub, path, member, base);
		else
			items_read(r, sub, path, member, base);
	}
	if (s)
		unknown_find(r, group, s, path);
}

static void syntax_complain(struct conf_reader *r)
{
	const char *text = config_error_text(&r->tree);
	int line = config_error_line(&r->tree);
	conf_complain_at(r, line > 0 ? (unsigned)line : 0, "", "%s", text ? text : "syntax error");
	if (text && strstr(text, "duplicate"))
		conf_mend(r, "a name can be written once in its group");
	else
		conf_mend(
			r,
			"look at the end of the line before it too: is a \";\" or \"}\" missing?");
}

static void tree_read(struct conf_reader *r)
{
	const char *text = (const char *)r->text.bytes.data + r->text.bytes.start;
	if (!config_read_string(&r->tree, text)) {
		syntax_complain(r);
		return;
	}
	group_read(r, &conf_root, "", config_root_setting(&r->tree), r->settings, NULL);
	conf_fill(r);
	if (!r->failure)
		conf_check(r);
	if (!r->failure) {
		r->settings->text = strdup(text);
		if (!r->settings->text)
			r->failure = err_raise(-ENOMEM);
	}
	if (!r->failure && !r->errors->error_count)
		r->failure = conf_links_make(r->settings);
	if (!r->failure && !r->errors->error_count)
		r->failure = conf_backends_make(r->settings);
	if (!r->failure)
		conf_errors_sort(r);
}

/* path or text is NULL. */
static int conf_read(struct conf_settings **ret_settings, const char *path, const char *text,
                     int64_t now_s, struct conf_errors *errors)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = calloc(1, sizeof(*settings));
	if (!settings)
		return err_raise(-ENOMEM);
	struct conf_reader r = { .settings = settings, .now_s = now_s, .errors = errors };
	int result = path ? conf_text_read_file(&r.text, path, errors)
	                  : conf_text_read_string(&r.text, text, errors);
	if (!result) {
		config_init(&r.tree);
		tree_read(&r);
		config_destroy(&r.tree);
		result = r.failure ? r.failure : errors->error_count ? CONF_BAD : 0;
	}
	free(r.order);
	settings->files = TAKE(r.text.files); /* items point at the names */
	settings->file_count = r.text.file_count;
	r.text.file_count = 0;
	conf_text_deinit(&r.text);
	if (!result)
		*ret_settings = TAKE(settings);
	return result == CONF_BAD ? CONF_BAD : err_up(result);
}

int conf_read_file(struct conf_settings **ret_settings, const char *path, int64_t now_s,
                   struct conf_errors *errors)
{
	return conf_read(ret_settings, path, NULL, now_s, errors);
}

int conf_read_text(struct conf_settings **ret_settings, const char *text, int64_t now_s,
                   struct conf_errors *errors)
{
	return conf_read(ret_settings, NULL, text, now_s, errors);
}
