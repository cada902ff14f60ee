#include "smtp/waiver.h"

static const char field_name[] = "TLS-Required:";

static void value_take(struct smtp_waiver *w, struct slice value)
{
	value = slice_trim(value);
	if (!value.len)
		return;
	if (w->is_no || !slice_equal_nocase(value, slice_str("No")))
		w->is_other = true;
	w->is_no = true;
}

/* False: it belongs to the header no more. */
static bool line_take(struct smtp_waiver *w, struct slice line)
{
	if (!line.len || slice_equal(line, slice_str(".")))
		return false;
	if (line.data[0] == ' ' || line.data[0] == '\t') {
		if (w->is_in_field)
			value_take(w, line);
		return true;
	}
	w->is_in_field = slice_starts_nocase(line, field_name);
	if (w->is_in_field) {
		w->fields++;
		value_take(w, slice_skip(line, strlen(field_name)));
	}
	return slice_find(line, ':') < line.len;
}

static enum smtp_waiver_says verdict(const struct smtp_waiver *w)
{
	return w->fields == 1 && w->is_no && !w->is_other ? SMTP_WAIVER_GIVEN : SMTP_WAIVER_NONE;
}

enum smtp_waiver_says smtp_waiver_read(struct smtp_waiver *w, struct slice text)
{
	for (;;) {
		struct slice rest = slice_skip(text, w->at);
		size_t len = slice_find(rest, '\n');
		if (w->at + len >= SMTP_WAIVER_HEADER_MAX)
			return SMTP_WAIVER_NONE;
		if (len == rest.len)
			return SMTP_WAIVER_MORE;
		w->at += len + 1;
		if (len && rest.data[len - 1] == '\r')
			len--;
		if (!line_take(w, slice_head(rest, len)))
			return verdict(w);
	}
}
