#include "report/mime.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>

enum {
	DEPTH_MAX = 8,
	PARTS_MAX = 200, /* of a message, at all depths */
	BOUNDARY_MAX = 256,
	VALUE_CAP = 1024,
};

/* --- headers --- */

/* A line with its end. */
static struct slice line_of(struct slice text)
{
	return slice_head(text, slice_find(text, '\n') + 1);
}

static bool is_blank(struct slice line)
{
	return line.len && (line.data[0] == '\n' || line.data[0] == '\r');
}

static bool is_fold(struct slice line)
{
	return line.len && (line.data[0] == ' ' || line.data[0] == '\t');
}

bool report_mime_field(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	struct slice first = line_of(*rest), field = first;
	if (!first.len || is_blank(first))
		return false;
	for (struct slice after = slice_skip(*rest, field.len); is_fold(after);
	     after = slice_skip(*rest, field.len))
		field.len += line_of(after).len;
	*rest = slice_skip(*rest, field.len);
	size_t colon = slice_find(field, ':');
	*ret_name = slice_trim(slice_head(field, colon));
	*ret_value = slice_skip(field, colon + 1);
	return true;
}

/* What stands behind the header. */
static struct slice body_of(struct slice entity)
{
	struct slice name, value;
	while (report_mime_field(&entity, &name, &value))
		;
	return slice_skip(entity, line_of(entity).len);
}

/* False: there is no such field. */
static bool field_find(struct slice entity, const char *wanted, struct slice *ret_value)
{
	struct slice name;
	while (report_mime_field(&entity, &name, ret_value))
		if (slice_equal_nocase(name, slice_str(wanted)))
			return true;
	*ret_value = (struct slice){};
	return false;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice s)
{
	while (s.len && is_space(s.data[0]))
		s = slice_skip(s, 1);
	while (s.len && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Up to the next ";" that is not in quotes. */
static struct slice parameter_next(struct slice *rest)
{
	size_t at = 0;
	bool is_quoted = false;
	for (; at < rest->len && (is_quoted || rest->data[at] != ';'); at++) {
		if (rest->data[at] == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && rest->data[at] == '\\')
			at++;
	}
	struct slice one = slice_head(*rest, at);
	*rest = slice_skip(*rest, at + 1);
	return trim(one);
}

/* Without quotes and what they hide. False: it does not fit. */
static bool unquote(struct slice value, char *ret_text, size_t cap)
{
	bool is_quoted = value.len && value.data[0] == '"';
	size_t len = 0;
	for (size_t i = is_quoted; i < value.len; i++) {
		if (is_quoted && value.data[i] == '"')
			break;
		if (is_quoted && value.data[i] == '\\' && i + 1 < value.len)
			i++;
		if (len == cap - 1)
			return false;
		ret_text[len++] = (char)value.data[i];
	}
	ret_text[len] = '\0';
	return len > 0;
}

/* Of a Content-Type or Content-Disposition. */
static bool parameter_find(struct slice value, const char *wanted, char *ret_text, size_t cap)
{
	(void)parameter_next(&value);
	while (value.len) {
		struct slice one = parameter_next(&value);
		size_t equals = slice_find(one, '=');
		if (slice_equal_nocase(trim(slice_head(one, equals)), slice_str(wanted)))
			return unquote(trim(slice_skip(one, equals + 1)), ret_text, cap);
	}
	return false;
}

bool report_mime_from(struct slice message, char *ret_domain)
{
	struct slice value;
	size_t len = 0;
	if (!field_find(message, "From", &value))
		return false;
	/* The mailbox is within <> where there is a name before it, which may hold a "@". */
	size_t angle = slice_find(value, '<');
	if (angle < value.len)
		value = slice_skip(value, angle + 1);
	value = slice_skip(value, slice_find(value, '@') + 1);
	for (; len < value.len && len < 255; len++) {
		uint8_t c = value.data[len];
		bool is_upper = c >= 'A' && c <= 'Z';
		if (c != '.' && c != '-' && c != '_' && !(c >= '0' && c <= '9') &&
		    !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			break;
		ret_domain[len] = (char)(is_upper ? c | 0x20 : c);
	}
	ret_domain[len] = '\0';
	return len > 0;
}

/* --- encodings --- */

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 2045 6.8: what is no digit is passed over. */
static int base64_decode(struct buf *to, struct slice text)
{
	static const unsigned shifts[] = { 0, 6, 4, 2 }; /* bits that wait for the next digit */
	uint32_t bits = 0;
	unsigned count = 0;
	uint8_t *at;
	size_t len = 0;
	if (buf_reserve(to, text.len / 4 * 3 + 3, &at))
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < text.len && text.data[i] != '='; i++) {
		int value = base64_value(text.data[i]);
		if (value < 0)
			continue;
		bits = bits << 6 | (uint32_t)value;
		count = (count + 1) % 4;
		if (count != 1)
			at[len++] = (uint8_t)(bits >> shifts[count]);
	}
	buf_commit(to, len);
	return 0;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2045 6.7; blanks at the ends of lines are left in, which JSON does not mind. */
static int quoted_decode(struct buf *to, struct slice text)
{
	uint8_t *at;
	size_t len = 0;
	if (buf_reserve(to, text.len, &at))
		return err_raise(-ENOMEM);
	while (text.len) {
		int high = text.len > 2 ? hex_value(text.data[1]) : -1;
		int low = high < 0 ? -1 : hex_value(text.data[2]);
		if (text.data[0] != '=') {
			at[len++] = text.data[0];
			text = slice_skip(text, 1);
		} else if (low >= 0) {
			at[len++] = (uint8_t)(high * 16 + low);
			text = slice_skip(text, 3);
		} else {
			text = slice_skip(text, line_of(text).len); /* a soft end of a line */
		}
	}
	buf_commit(to, len);
	return 0;
}

static int decode(struct buf *to, struct slice entity)
{
	struct slice encoding, body = body_of(entity);
	(void)field_find(entity, "Content-Transfer-Encoding", &encoding);
	encoding = trim(encoding);
	if (slice_equal_nocase(encoding, slice_str("base64")))
		return err_up(base64_decode(to, body));
	if (slice_equal_nocase(encoding, slice_str("quoted-printable")))
		return err_up(quoted_decode(to, body));
	return err_up(buf_add(to, body));
}

/* --- parts --- */

static bool has_end(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len &&
	       slice_equal_nocase(slice_str(name + len - end_len), slice_str(end));
}

struct search {
	struct buf *body;
	unsigned parts;
};

static int find(struct search *s, struct slice entity, unsigned depth);

/* Its own types, and what its file's name says where a sender knew no better. */
static bool is_report(struct slice entity, struct slice essence)
{
	static const char *const own[] = { "application/tlsrpt+gzip", "application/tlsrpt+json" };
	static const char *const vague[] = { "application/gzip", "application/x-gzip",
		                             "application/json", "application/octet-stream" };
	static const char *const ends[] = { ".json", ".json.gz", ".gz" };
	char name[VALUE_CAP];
	struct slice type, disposition;
	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (slice_equal_nocase(essence, slice_str(own[i])))
			return true;
	size_t known = 0;
	while (known < COUNT_OF(vague) && !slice_equal_nocase(essence, slice_str(vague[known])))
		known++;
	if (known == COUNT_OF(vague))
		return false;
	(void)field_find(entity, "Content-Type", &type);
	(void)field_find(entity, "Content-Disposition", &disposition);
	if (!parameter_find(disposition, "filename", name, sizeof(name)) &&
	    !parameter_find(type, "name", name, sizeof(name)))
		return known < 2; /* gzip in mail to this mailbox is hardly anything else */
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		if (has_end(name, ends[i]))
			return true;
	return false;
}

/* "--BOUNDARY", and "--" behind the last (RFC 2046 5.1.1). */
static bool is_delimiter(struct slice line, struct slice boundary, bool *ret_is_last)
{
	if (line.len < boundary.len + 2 || line.data[0] != '-' || line.data[1] != '-' ||
	    !slice_equal(slice_head(slice_skip(line, 2), boundary.len), boundary))
		return false;
	struct slice rest = trim(slice_skip(line, boundary.len + 2));
	*ret_is_last = slice_equal(rest, slice_str("--"));
	return !rest.len || *ret_is_last;
}

/* The text up to the next delimiter, or the end. False: that was the last. */
static bool part_next(struct slice *rest, struct slice boundary, struct slice *ret_part)
{
	struct slice all = *rest;
	bool is_last = false;
	while (rest->len) {
		struct slice line = line_of(*rest);
		bool is_end = is_delimiter(line, boundary, &is_last);
		*ret_part = slice_head(all, all.len - rest->len);
		*rest = slice_skip(*rest, line.len);
		if (is_end)
			return !is_last;
	}
	*ret_part = all; /* cut off on its way */
	return false;
}

static int find_in_parts(struct search *s, struct slice body, struct slice boundary, unsigned depth)
{
	struct slice part;
	int r = REPORT_MIME_NONE;
	bool is_more = part_next(&body, boundary, &part); /* what stands before the first */
	while (is_more && r == REPORT_MIME_NONE && s->parts++ < PARTS_MAX) {
		is_more = part_next(&body, boundary, &part);
		r = find(s, part, depth + 1);
	}
	return r;
}

static int find(struct search *s, struct slice entity, unsigned depth)
{
	char boundary[BOUNDARY_MAX];
	struct slice type;
	(void)field_find(entity, "Content-Type", &type);
	struct slice rest = type, essence = parameter_next(&rest);
	if (slice_starts_nocase(essence, "multipart/") && depth < DEPTH_MAX &&
	    parameter_find(type, "boundary", boundary, sizeof(boundary)))
		return find_in_parts(s, body_of(entity), slice_str(boundary), depth);
	if (!is_report(entity, essence))
		return REPORT_MIME_NONE;
	return err_up(decode(s->body, entity));
}

int report_mime_find(struct slice message, struct buf *ret_body)
{
	struct search s = { .body = ret_body };
	return find(&s, message, 0);
}
