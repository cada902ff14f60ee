#include "sieve/caps.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/conv.h"
#include "sasl/sasl.h"

#include <stdio.h>

/* The edge's own, and what would open again what a splice has closed. */
static const char *const edge_names[] = { "STARTTLS", "XCLIENT", "UNAUTHENTICATE" };

/* RFC 5804 1.7: these have to be there. */
static const struct {
	const char *name, *otherwise;
} needed[] = {
	{ "IMPLEMENTATION", "mailseal" },
	{ "SIEVE", "" },
	{ "VERSION", "1.0" },
};

static bool find(const char *caps, struct slice name, struct slice *ret_value)
{
	struct slice rest = slice_str(caps);
	while (slice_line_next(&rest, ret_value))
		if (slice_equal_nocase(conv_line_word(ret_value), name))
			return true;
	return false;
}

bool sieve_caps_has(const char *caps, const char *name)
{
	struct slice value;
	return find(caps, slice_str(name), &value);
}

void sieve_caps_keep(const struct sieve_words *words, char *caps, size_t cap)
{
	char name[64], value[CONV_CAPS_MAX] = "";
	size_t len = strlen(caps);
	if (words->is_bad || words->count < 1 || words->count > 2 ||
	    conv_token_text(&words->tokens[0], name, sizeof(name)) ||
	    (words->count == 2 && conv_token_text(&words->tokens[1], value, sizeof(value))))
		return;
	if (!name[0] || strpbrk(name, " \"\\") || len + strlen(name) + strlen(value) + 3 > cap)
		return;
	snprintf(caps + len, cap - len, "%s%s%s%s", len ? "\n" : "", name,
	         words->count == 2 ? " " : "", value);
}

static int print_one(struct slice name, const struct slice *value, struct buf *out)
{
	int r = conv_quoted_add(out, name);
	if (!r && value)
		r = buf_add_str(out, " ");
	if (!r && value)
		r = sieve_string_add(out, *value);
	return r ? err_up(r) : err_up(buf_add_str(out, "\r\n"));
}

/* The mechanisms, without those that bind to a TLS channel which is not the backend's. */
static int print_sasl(struct slice line, const struct sieve_caps_view *view, struct buf *out)
{
	const char *space = "";
	int r = buf_add_str(out, "\"SASL\" \"");
	while (!r && line.len && view->offers_sasl) {
		struct slice word = conv_line_word(&line);
		if (!sasl_mechanism_is_valid(word) ||
		    (sasl_mechanism_is_plus(word) && !view->keeps_plus))
			continue;
		r = buf_printf(out, "%s%.*s", space, (int)word.len, word.data);
		space = " ";
	}
	return r ? err_up(r) : err_up(buf_add_str(out, "\"\r\n"));
}

static bool is_printed(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if (slice_equal_nocase(name, slice_str(needed[i].name)))
			return true;
	for (size_t i = 0; i < COUNT_OF(edge_names); i++)
		if (slice_equal_nocase(name, slice_str(edge_names[i])))
			return true;
	return slice_equal_nocase(name, slice_str("SASL"));
}

static int print_needed(const char *caps, struct buf *out)
{
	int r = 0;
	for (size_t i = 0; i < COUNT_OF(needed) && !r; i++) {
		struct slice name = slice_str(needed[i].name), value;
		if (!find(caps, name, &value))
			value = slice_str(needed[i].otherwise);
		r = print_one(name, &value, out);
	}
	return err_up(r);
}

static int print_others(const char *caps, struct buf *out)
{
	struct slice rest = slice_str(caps), line;
	int r = 0;
	while (!r && slice_line_next(&rest, &line)) {
		bool has_value = slice_find(line, ' ') < line.len;
		struct slice name = conv_line_word(&line);
		if (!is_printed(name))
			r = print_one(name, has_value ? &line : NULL, out);
	}
	return err_up(r);
}

int sieve_caps_print(const char *caps, const struct sieve_caps_view *view, struct buf *out)
{
	struct slice mechanisms = {};
	find(caps, slice_str("SASL"), &mechanisms);
	int r = print_needed(caps, out);
	if (!r)
		r = print_sasl(mechanisms, view, out);
	if (!r)
		r = print_others(caps, out);
	if (!r && view->offers_starttls)
		r = buf_add_str(out, "\"STARTTLS\"\r\n");
	return err_up(r);
}
