#include "report/authres.h"

#include "report/mime.h"

enum { VALUE_CAP = 8 * 1024 }; /* of a field; what is longer says nothing */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes comments out (RFC 5322 3.2.2), and blanks around "="; any other run of them is one space.
 * False: it is too long, or a quote or comment has no end. */
static bool simplify(struct slice value, char *ret_text)
{
	unsigned depth = 0;
	bool is_quoted = false;
	size_t len = 0;
	for (size_t i = 0; i < value.len; i++) {
		char c = (char)value.data[i];
		if (c == '\\' && (is_quoted || depth)) {
			i++;
			continue;
		}
		if (c == '"' && !depth)
			is_quoted = !is_quoted;
		if (!is_quoted && c == '(')
			depth++;
		bool is_out = depth || (!is_quoted && is_blank(c));
		if (!is_quoted && c == ')' && depth)
			depth--;
		if (!is_quoted && c == '=' && len && ret_text[len - 1] == ' ')
			len--;
		if (is_out)
			c = ' ';
		if (c == ' ' && !is_quoted && (!len || strchr(" =", ret_text[len - 1])))
			continue;
		if (c == '\0' || len == VALUE_CAP - 1)
			return false;
		ret_text[len++] = c;
	}
	ret_text[len] = '\0';
	return !is_quoted && !depth;
}

/* Up to the next sep that is not in quotes, without spaces around. */
static struct slice word_next(struct slice *rest, char sep)
{
	size_t at = 0;
	bool is_quoted = false;
	for (; at < rest->len && (is_quoted || rest->data[at] != (uint8_t)sep); at++)
		is_quoted ^= rest->data[at] == '"';
	struct slice word = slice_head(*rest, at);
	*rest = slice_skip(*rest, at + 1);
	return slice_trim(word);
}

/* The domain itself or one below it. */
static bool is_within(struct slice name, struct slice domain)
{
	if (name.len < domain.len || !domain.len)
		return false;
	struct slice end = slice_skip(name, name.len - domain.len);
	return slice_equal_nocase(end, domain) &&
	       (name.len == domain.len || name.data[name.len - domain.len - 1] == '.');
}

/* "dkim=pass ... header.d=example.org" */
static bool is_pass_of(struct slice result, struct slice from)
{
	struct slice method = word_next(&result, ' ');
	struct slice name = slice_head(method, slice_find(method, '='));
	name = slice_head(name, slice_find(name, '/')); /* its version */
	if (!slice_equal_nocase(name, slice_str("dkim")) ||
	    !slice_equal_nocase(slice_skip(method, slice_find(method, '=') + 1), slice_str("pass")))
		return false;
	while (result.len) {
		struct slice property = word_next(&result, ' ');
		struct slice value = slice_skip(property, slice_find(property, '=') + 1);
		if (slice_starts_nocase(property, "header.i="))
			value = slice_skip(value, slice_find(value, '@') + 1);
		else if (!slice_starts_nocase(property, "header.d="))
			continue;
		if (slice_find(value, '.') < value.len && is_within(from, value))
			return true;
	}
	return false;
}

static bool is_signed(struct slice results, struct slice from)
{
	while (results.len)
		if (is_pass_of(word_next(&results, ';'), from))
			return true;
	return false;
}

bool report_authres_is_signed(struct slice message, const char *authserv_id, const char *from)
{
	struct slice name, value;
	char text[VALUE_CAP];
	while (report_mime_field(&message, &name, &value)) {
		if (!slice_equal_nocase(name, slice_str("Authentication-Results")) ||
		    !simplify(value, text))
			continue;
		struct slice results = slice_str(text);
		struct slice head = word_next(&results, ';');
		if (slice_equal_nocase(word_next(&head, ' '), slice_str(authserv_id)))
			return is_signed(results, slice_str(from));
	}
	return false;
}
