#include "hops/results.h"

#include "base/clean.h"

/* Where the result that begins at the front ends: at a ";" outside of quotes and comments. */
static size_t result_len(struct slice text)
{
	size_t depth = 0;
	bool is_quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c == '\\')
			i++;
		else if (c == '"' && !depth)
			is_quoted = !is_quoted;
		else if (!is_quoted && c == '(')
			depth++;
		else if (!is_quoted && c == ')' && depth)
			depth--;
		else if (c == ';' && !is_quoted && !depth)
			return i;
	}
	return text.len;
}

static struct slice word_next(struct slice *rest)
{
	*rest = slice_trim(*rest);
	size_t len = 0;
	while (len < rest->len && rest->data[len] != ' ' && rest->data[len] != '\t')
		len++;
	struct slice word = slice_head(*rest, len);
	*rest = slice_skip(*rest, len);
	return word;
}

static bool is_tls_pass(struct slice word)
{
	return slice_equal_nocase(word, slice_str("tls=pass")) ||
	       slice_equal_nocase(word, slice_str("x-tls=pass"));
}

/* "smtp.version=TLSv1.3" */
static void property_take(struct hops_tls *t, struct slice word)
{
	static const char version[] = "smtp.version=", cipher[] = "smtp.cipher=";
	if (slice_starts_nocase(word, version))
		(void)hops_notation_version(t, slice_skip(word, strlen(version)));
	else if (slice_starts_nocase(word, cipher))
		(void)hops_notation_cipher(t, slice_skip(word, strlen(cipher)));
}

bool hops_results_read(struct hops_tls *ret_tls, struct slice value)
{
	while (value.len) {
		size_t len = result_len(value);
		struct slice result = slice_head(value, len);
		value = slice_skip(value, len + 1);
		if (!is_tls_pass(word_next(&result)))
			continue;
		*ret_tls = (struct hops_tls){ .is_used = true };
		while (result.len)
			property_take(ret_tls, word_next(&result));
		hops_notation_finish(ret_tls);
		return true;
	}
	return false;
}
