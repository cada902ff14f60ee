/* How each type of setting is read, written, copied and freed: the tables of types_plain.c,
 * types_list.c and types_names.c as one, and what they are made of. */
#include "conf/types_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void *conf_type_at(const struct conf_row *row, void *base)
{
	return (char *)base + row->offset;
}

const void *conf_type_at_const(const struct conf_row *row, const void *base)
{
	return (const char *)base + row->offset;
}

char **conf_type_string_at(const struct conf_row *row, void *base)
{
	return (char **)conf_type_at(row, base);
}

const char *conf_type_string_of(const struct conf_row *row, const void *base)
{
	return *(char *const *)conf_type_at_const(row, base);
}

__attribute__((format(printf, 2, 3))) int conf_type_bad(struct conf_why *why, const char *format,
                                                        ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why->message, sizeof(why->message), format, args);
	va_end(args);
	return CONF_BAD;
}

__attribute__((format(printf, 2, 3))) void conf_type_mend(struct conf_why *why, const char *format,
                                                          ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why->mend, sizeof(why->mend), format, args);
	va_end(args);
}

/* Room for one more item at the end of a list of the row; *ret_item is zeroed. */
int conf_type_list_grow(const struct conf_row *row, void *base, size_t item_size, void **ret_item)
{
	char **items = (char **)conf_type_at(row, base);
	size_t *count = conf_count_at(base, row->count_offset);
	char *grown = reallocarray(*items, *count + 1, item_size);
	if (!grown)
		return err_raise(-ENOMEM);
	*items = grown;
	*ret_item = grown + *count * item_size;
	memset(*ret_item, 0, item_size);
	(*count)++;
	return 0;
}

int conf_type_list_copy(const struct conf_row *row, void *to, const void *from, size_t item_size)
{
	size_t count = conf_count_of(from, row->count_offset);
	if (!count)
		return 0;
	void *items = reallocarray(NULL, count, item_size);
	if (!items)
		return err_raise(-ENOMEM);
	memcpy(items, conf_type_string_of(row, from), count * item_size);
	*conf_type_string_at(row, to) = items;
	*conf_count_at(to, row->count_offset) = count;
	return 0;
}

void conf_type_list_clear(const struct conf_row *row, void *base)
{
	free(*conf_type_string_at(row, base));
	*conf_type_string_at(row, base) = NULL;
	*conf_count_at(base, row->count_offset) = 0;
}

void conf_type_field_copy(const struct conf_row *row, void *to, const void *from)
{
	memcpy(conf_type_at(row, to), conf_type_at_const(row, from), row->size);
}

int conf_type_plain_copy(const struct conf_row *row, void *to, const void *from)
{
	conf_type_field_copy(row, to, from);
	return 0;
}

/* Numbers of any width: bool, enum, unsigned, size_t. */
void conf_type_number_store(const struct conf_row *row, void *base, uint64_t number)
{
	if (row->size == sizeof(bool))
		*(bool *)conf_type_at(row, base) = number != 0;
	else if (row->size == sizeof(uint32_t))
		*(uint32_t *)conf_type_at(row, base) = (uint32_t)number;
	else
		*(uint64_t *)conf_type_at(row, base) = number;
}

uint64_t conf_type_number_load(const struct conf_row *row, const void *base)
{
	if (row->size == sizeof(bool))
		return *(const bool *)conf_type_at_const(row, base);
	if (row->size == sizeof(uint32_t))
		return *(const uint32_t *)conf_type_at_const(row, base);
	return *(const uint64_t *)conf_type_at_const(row, base);
}

_Static_assert(sizeof(enum conf_protocol) == sizeof(uint32_t), "enums are stored as 32 bits");

bool conf_type_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

void conf_type_text_print(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* "a", "b" and "c" of all words that this version has. */
void conf_type_words_say(const struct conf_word *words, char *ret_text, size_t cap)
{
	size_t len = 0;
	ret_text[0] = '\0';
	for (; words->name; words++)
		if (!words->is_missing && len < cap)
			len += (size_t)snprintf(ret_text + len, cap - len, "%s%s", len ? ", " : "",
			                        words->name);
}

const struct conf_type_ops *conf_type_ops_of(enum conf_type type)
{
	if (conf_types_list[type].parse)
		return &conf_types_list[type];
	return conf_types_names[type].parse ? &conf_types_names[type] : &conf_types_plain[type];
}

void conf_row_form(const struct conf_row *row, char *ret_text, size_t cap)
{
	const char *form = conf_type_ops_of(row->type)->form;
	size_t len = 0;
	if (form) {
		snprintf(ret_text, cap, "%s", form);
		return;
	}
	bool is_list = conf_type_ops_of(row->type)->is_list;
	ret_text[0] = '\0';
	for (const struct conf_word *w = row->words; w->name; w++)
		if (!w->is_missing && len < cap)
			len += (size_t)snprintf(ret_text + len, cap - len, "%s\"%s\"",
			                        len       ? (is_list ? ", " : "|")
			                        : is_list ? "["
			                                  : "",
			                        w->name);
	if (is_list && len < cap)
		snprintf(ret_text + len, cap - len, "]");
}
