/* Settings as a file that can be read again: the defaults, and what is in force. */
#include "conf/conf.h"

#include "base/clean.h"
#include "conf/tables.h"

#include <stdlib.h>
#include <string.h>

struct shown {
	FILE *out;
	const struct conf_settings *settings;
	unsigned depth;
};

static void indent(const struct shown *s)
{
	for (unsigned i = 0; i < s->depth; i++)
		fputc('\t', s->out);
}

/* Nothing for a setting that is empty and cannot be written empty. */
static void row_show(const struct shown *s, const struct conf_row *row, const void *base)
{
	char *text = NULL;
	size_t len;
	FILE *value = open_memstream(&text, &len);
	if (!value)
		return;
	conf_type_ops_of(row->type)->print(row, s->settings, base, value);
	if (!fclose(value) && len) {
		indent(s);
		fprintf(s->out, "%s = %s;\n", row->name, text);
	}
	free(text);
}

static void group_show(struct shown *s, const struct conf_group *group, const void *base);

static bool group_is_shown(const struct conf_group *group, const void *base)
{
	if (group->is_shown_if_set)
		return *(const bool *)((const char *)base + group->flag_offset);
	return !group->is_shown || group->is_shown(base);
}

static void items_show(struct shown *s, const struct conf_group *group, const void *parent)
{
	bool is_named = group->kind == CONF_NAMED;
	size_t count = conf_count_of(parent, group->count_offset);
	bool has_any = false;
	for (size_t i = 0; i < count && !has_any; i++)
		has_any = group_is_shown(group, conf_item_of(group, parent, i));
	if (!has_any)
		return;
	fprintf(s->out, "%s = %s\n", group->name, is_named ? "{" : "(");
	s->depth++;
	for (size_t i = 0; i < count; i++) {
		const void *item = conf_item_of(group, parent, i);
		if (!group_is_shown(group, item))
			continue;
		indent(s);
		if (is_named)
			fprintf(s->out, "%s = ", conf_item_name(item));
		fputs("{\n", s->out);
		s->depth++;
		group_show(s, group, item);
		s->depth--;
		indent(s);
		fputs(is_named ? "};\n" : i + 1 < count ? "},\n" : "}\n", s->out);
	}
	s->depth--;
	fputs(is_named ? "};\n" : ");\n", s->out);
}

static void one_show(struct shown *s, const struct conf_group *group, const void *base)
{
	if (!group_is_shown(group, base))
		return;
	indent(s);
	fprintf(s->out, "%s = {\n", group->name);
	s->depth++;
	group_show(s, group, base);
	s->depth--;
	indent(s);
	fputs("};\n", s->out);
}

static void group_show(struct shown *s, const struct conf_group *group, const void *base)
{
	for (size_t i = 0; i < group->row_count; i++)
		if (conf_row_applies(&group->rows[i], base))
			row_show(s, &group->rows[i], base);
	for (size_t i = 0; i < group->group_count; i++) {
		const struct conf_group *sub = group->groups[i];
		if (sub->kind == CONF_ONE)
			one_show(s, sub, (const char *)base + sub->offset);
		else
			items_show(s, sub, base);
	}
}

void conf_print_settings(FILE *out, const struct conf_settings *settings)
{
	struct shown s = { .out = out, .settings = settings };
	group_show(&s, &conf_root, settings);
}

/* Defaults: a row as it could be written; behind "#" where it has none or needs an item's name. */
static void row_default(FILE *out, const struct conf_row *row, unsigned depth, bool is_comment)
{
	const struct conf_type_ops *ops = conf_type_ops_of(row->type);
	bool has_default = row->initial && (row->initial[0] || ops->is_list);
	char form[200];
	conf_row_form(row, form, sizeof(form));
	bool is_quoted = !ops->is_list && row->type != CONF_NUMBER && row->type != CONF_BOOL;
	fputs(is_comment || !has_default ? "# " : "", out);
	for (unsigned i = 0; i < depth; i++)
		fputc('\t', out);
	if (!has_default)
		fprintf(out, "%s = %s;%s\n", row->name, form, row->initial ? "" : " # needed");
	else if (ops->is_list)
		fprintf(out, "%s = [];\n", row->name);
	else
		fprintf(out, is_quoted ? "%s = \"%s\";\n" : "%s = %s;\n", row->name, row->initial);
}

static void group_default(FILE *out, const struct conf_group *group, unsigned depth,
                          bool is_comment)
{
	for (size_t i = 0; i < group->row_count; i++)
		row_default(out, &group->rows[i], depth, is_comment);
	for (size_t i = 0; i < group->group_count && depth; i++) {
		const struct conf_group *sub = group->groups[i];
		if (sub->inherits) {
			fprintf(out, "# \t\t%s = { ... }; # as in the group \"%s\" of the file\n",
			        sub->name, sub->name);
			continue;
		}
		fprintf(out, "# \t\t%s = {\n", sub->name);
		group_default(out, sub, depth + 1, is_comment);
		fputs("# \t\t};\n", out);
	}
}

void conf_print_defaults(FILE *out)
{
	group_default(out, &conf_root, 0, false);
	for (size_t i = 0; i < conf_root.group_count; i++) {
		const struct conf_group *group = conf_root.groups[i];
		bool is_one = group->kind == CONF_ONE;
		bool is_named = group->kind == CONF_NAMED;
		fputc('\n', out);
		if (is_one) {
			bool is_comment = group->is_shown_if_set; /* it counts if it is written */
			fprintf(out, "%s%s = {\n", is_comment ? "# " : "", group->name);
			group_default(out, group, 1, is_comment);
			fprintf(out, "%s};\n", is_comment ? "# " : "");
			continue;
		}
		fprintf(out, "# %s = %s\n# \t%s{\n", group->name, is_named ? "{" : "(",
		        is_named ? "NAME = " : "");
		group_default(out, group, 2, true);
		fprintf(out, "# \t}%s\n# %s;\n", is_named ? ";" : "", is_named ? "}" : ")");
	}
}
