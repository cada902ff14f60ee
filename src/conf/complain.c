/* What is wrong with a file: noted at the line of its setting, in the order of lines at the end. */
#include "conf/reader.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The setting at path, or the deepest group on the way to it; *ret_is_exact says which. */
static const config_setting_t *path_walk(const struct conf_reader *r, const char *path,
                                         bool *ret_is_exact)
{
	const config_setting_t *at = config_root_setting(&r->tree);
	*ret_is_exact = true;
	while (*path) {
		char name[CONF_PATH_MAX];
		size_t len = strcspn(path, ".[");
		const config_setting_t *next = NULL;
		if (*path == '[') {
			len = strcspn(path, "]") + 1;
			next = config_setting_get_elem(at, (unsigned)strtoul(path + 1, NULL, 10));
		} else if (len < sizeof(name)) {
			memcpy(name, path, len);
			name[len] = '\0';
			if (config_setting_is_group(at))
				next = config_setting_get_member(at, name);
		}
		if (!next) {
			*ret_is_exact = false;
			return at;
		}
		at = next;
		path += len;
		path += *path == '.';
	}
	return at;
}

bool conf_is_written(const struct conf_reader *r, const char *path)
{
	bool is_exact;
	path_walk(r, path, &is_exact);
	return is_exact;
}

bool conf_is_bad(const struct conf_reader *r, const char *path)
{
	for (size_t i = 0; i < r->errors->count; i++)
		if (!r->errors->items[i].is_warning && !strcmp(r->errors->items[i].setting, path))
			return true;
	return false;
}

static int order_note(struct conf_reader *r, unsigned line)
{
	if (r->errors->count >= r->order_cap) {
		size_t cap = r->errors->count + 64;
		unsigned *grown = reallocarray(r->order, cap, sizeof(*grown));
		if (!grown)
			return err_raise(-ENOMEM);
		memset(grown + r->order_cap, 0, (cap - r->order_cap) * sizeof(*grown));
		r->order = grown;
		r->order_cap = cap;
	}
	r->order[r->errors->count] = line;
	return 0;
}

static void note(struct conf_reader *r, unsigned line, const char *path, bool is_warning,
                 const char *format, va_list args) __attribute__((format(printf, 5, 0)));

static void note(struct conf_reader *r, unsigned line, const char *path, bool is_warning,
                 const char *format, va_list args)
{
	r->is_dropped = is_warning ? r->warning_count >= CONF_ERRORS_MAX
	                           : r->errors->error_count >= CONF_ERRORS_MAX;
	if (r->failure || r->is_dropped)
		return;
	r->warning_count += is_warning;
	r->failure = order_note(r, line);
	if (!r->failure)
		r->failure = conf_errors_add(r->errors, conf_text_place(&r->text, line, path),
		                             is_warning, format, args);
}

static unsigned path_line(const struct conf_reader *r, const char *path)
{
	bool is_exact;
	return config_setting_source_line(path_walk(r, path, &is_exact));
}

void conf_complain(struct conf_reader *r, const char *path, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	note(r, path_line(r, path), path, false, format, args);
	va_end(args);
}

void conf_warn(struct conf_reader *r, const char *path, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	note(r, path_line(r, path), path, true, format, args);
	va_end(args);
}

void conf_complain_at(struct conf_reader *r, unsigned line, const char *path, const char *format,
                      ...)
{
	va_list args;
	va_start(args, format);
	note(r, line, path, false, format, args);
	va_end(args);
}

void conf_mend(struct conf_reader *r, const char *format, ...)
{
	va_list args;
	if (r->failure || r->is_dropped)
		return;
	va_start(args, format);
	r->failure = conf_errors_mend(r->errors, format, args);
	va_end(args);
}

/* Insertion keeps the order of those of one line. */
void conf_errors_sort(struct conf_reader *r)
{
	struct conf_error *items = r->errors->items;
	for (size_t i = 1; i < r->errors->count; i++) {
		struct conf_error e = items[i];
		unsigned line = r->order[i];
		size_t j = i;
		for (; j > 0 && r->order[j - 1] > line; j--) {
			items[j] = items[j - 1];
			r->order[j] = r->order[j - 1];
		}
		items[j] = e;
		r->order[j] = line;
	}
}
