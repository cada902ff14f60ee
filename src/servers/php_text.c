#include "servers/php_text.h"

#include "base/clean.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

/* The value is no literal. */
enum { COMPUTED = 1 };

struct reading {
	struct servers *s;
	struct servers_scope *scope;
	const char *path;
	const char *array; /* NULL: none */
	struct slice rest;
	unsigned line;
	unsigned begun;
	size_t first; /* setting of the statement that is being read */
};

static void skip(struct reading *r, size_t n)
{
	struct slice passed = slice_head(r->rest, n);
	for (size_t i = 0; i < passed.len; i++)
		r->line += passed.data[i] == '\n';
	r->rest = slice_skip(r->rest, n);
}

static bool is_at(const struct reading *r, const char *text)
{
	return r->rest.len >= strlen(text) && !memcmp(r->rest.data, text, strlen(text));
}

static void comment_skip(struct reading *r)
{
	if (!is_at(r, "/*")) {
		skip(r, slice_find(r->rest, '\n'));
		return;
	}
	const uint8_t *end = memmem(r->rest.data, r->rest.len, "*/", 2);
	skip(r, end ? (size_t)(end - r->rest.data) + 2 : r->rest.len);
}

static void blank_skip(struct reading *r)
{
	while (r->rest.len) {
		if (isspace(r->rest.data[0]))
			skip(r, 1);
		else if (is_at(r, "//") || is_at(r, "/*") || is_at(r, "#"))
			comment_skip(r);
		else
			return;
	}
}

static bool take(struct reading *r, const char *text)
{
	blank_skip(r);
	if (!is_at(r, text))
		return false;
	skip(r, strlen(text));
	return true;
}

/* Behind the opening quote; leaves behind the closing one. */
static int string_take(struct reading *r, uint8_t quote, struct buf *out)
{
	while (r->rest.len && r->rest.data[0] != quote) {
		if (r->rest.data[0] == '\\' && r->rest.len > 1)
			skip(r, 1);
		if (buf_len(out) < PHP_VALUE_MAX) {
			int e = buf_add(out, slice_head(r->rest, 1));
			if (e)
				return err_up(e);
		}
		skip(r, 1);
	}
	skip(r, 1);
	return 0;
}

/* A string, a number or a word: "true", "42", "E_ALL". */
static int scalar_take(struct reading *r, struct buf *out)
{
	blank_skip(r);
	if (!r->rest.len)
		return COMPUTED;
	uint8_t c = r->rest.data[0];
	if (c == '"' || c == '\'') {
		skip(r, 1);
		return string_take(r, c, out);
	}
	size_t n = 0;
	while (n < r->rest.len && (isalnum(r->rest.data[n]) || strchr("_.-", r->rest.data[n])) &&
	       r->rest.data[n])
		n++;
	int e = buf_add(out, slice_head(r->rest, n));
	skip(r, n);
	return e ? err_up(e) : n ? 0 : COMPUTED;
}

static int setting_add(struct reading *r, const char *name, struct slice value)
{
	struct servers_setting said = {
		.name = name,
		.value = servers_text(r->s, value),
		.place = { r->path, r->begun, 1 },
	};
	if (!said.value)
		return err_raise(-ENOMEM);
	return servers_setting_add(r->s, r->scope, &said);
}

static int value_take(struct reading *r, const char *name, unsigned depth);

/* One element, "key => value" or "value"; index numbers those without a key. */
static int element_take(struct reading *r, const char *name, unsigned depth, unsigned index)
{
	CLEAN(buf_deinit) struct buf word = {};
	char inner[PHP_NAME_MAX];
	blank_skip(r);
	struct reading before = *r;
	int e = scalar_take(r, &word);
	if (e < 0)
		return err_up(e);
	if (!e && take(r, "=>")) {
		struct slice key = buf_slice(&word);
		snprintf(inner, sizeof(inner), "%s/%.*s", name, (int)key.len,
		         key.len ? (const char *)key.data : "");
	} else {
		snprintf(inner, sizeof(inner), "%s/%u", name, index);
		r->rest = before.rest;
		r->line = before.line;
	}
	return value_take(r, inner, depth);
}

static int array_take(struct reading *r, const char *name, unsigned depth, const char *end)
{
	for (unsigned i = 0; !take(r, end); i++) {
		if (depth == PHP_DEPTH_MAX || !r->rest.len)
			return COMPUTED;
		int e = element_take(r, name, depth + 1, i);
		if (e)
			return e;
		(void)take(r, ",");
	}
	return 0;
}

static int value_take(struct reading *r, const char *name, unsigned depth)
{
	CLEAN(buf_deinit) struct buf value = {};
	if (take(r, "["))
		return array_take(r, name, depth, "]");
	if (take(r, "array("))
		return array_take(r, name, depth, ")");
	if (!r->array && take(r, "("))
		return array_take(r, name, depth, ")");
	int e = scalar_take(r, &value);
	if (e)
		return e;
	e = setting_add(r, name, buf_slice(&value));
	return e ? err_up(e) : 0;
}

/* "$config['name']" or "$name" stands here. */
static bool target_take(struct reading *r, char *ret_name)
{
	CLEAN(buf_deinit) struct buf word = {};
	if (!take(r, "$"))
		return false;
	if (r->array && (!take(r, r->array) || !take(r, "[")))
		return false;
	if (scalar_take(r, &word) || (r->array && !take(r, "]")) || !take(r, "=") ||
	    is_at(r, "=") || !buf_len(&word))
		return false;
	struct slice name = buf_slice(&word);
	snprintf(ret_name, PHP_NAME_MAX, "%.*s", (int)name.len, (const char *)name.data);
	return true;
}

/* To behind the ";" or brace that ends what is here; strings and comments are passed over. */
static void statement_skip(struct reading *r)
{
	while (r->rest.len && !(r->rest.data[0] && strchr(";{}", r->rest.data[0]))) {
		uint8_t c = r->rest.data[0];
		if (is_at(r, "//") || is_at(r, "/*") || c == '#') {
			comment_skip(r);
			continue;
		}
		skip(r, 1);
		if (c != '"' && c != '\'')
			continue;
		while (r->rest.len && r->rest.data[0] != c)
			skip(r, r->rest.data[0] == '\\' ? 2 : 1);
		skip(r, 1);
	}
	skip(r, 1);
}

static int statement_take(struct reading *r)
{
	char name[PHP_NAME_MAX];
	r->begun = r->line;
	r->first = r->scope->setting_count;
	if (!target_take(r, name)) {
		statement_skip(r);
		return 0;
	}
	int e = value_take(r, name, 0);
	if (e < 0)
		return e;
	if (e || !take(r, ";")) {
		/* No literal, or more behind it: what was read of it is not its value. */
		r->scope->setting_count = r->first;
		statement_skip(r);
		return 0;
	}
	for (size_t i = r->first; i < r->scope->setting_count; i++)
		r->scope->settings[i].place.lines = r->line - r->begun + 1;
	return 0;
}

int servers_php_read(struct servers *s, struct servers_scope *scope,
                     const struct servers_file *file, const char *array)
{
	struct reading r = { .s = s,
		             .scope = scope,
		             .path = file->path,
		             .array = array,
		             .rest = buf_slice(&file->text),
		             .line = 1 };
	(void)take(&r, "<?php");
	for (blank_skip(&r); r.rest.len; blank_skip(&r)) {
		int e = statement_take(&r);
		if (e)
			return err_up(e);
	}
	return 0;
}
