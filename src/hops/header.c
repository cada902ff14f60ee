#include "hops/header.h"

#include "base/clean.h"

static const struct {
	const char *name;
	enum hops_field field;
} names[] = {
	{ "Received", HOPS_FIELD_RECEIVED },
	{ "Authentication-Results", HOPS_FIELD_RESULTS },
	{ "ARC-Authentication-Results", HOPS_FIELD_RESULTS },
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void value_add(struct hops_header *h, uint8_t c)
{
	if (h->value_len == HOPS_VALUE_MAX) {
		h->is_cut = true;
		return;
	}
	h->value[h->value_len++] = c == '\0' ? '?' : c == '\r' ? ' ' : c;
}

/* Between two fields. */
static void field_forget(struct hops_header *h)
{
	h->field = HOPS_FIELD_OTHER;
	h->is_cut = false;
	h->name_len = h->value_len = 0;
}

/* The colon came. RFC 5322 4.5 allows blanks before it. */
static void name_end(struct hops_header *h)
{
	struct slice name = slice_trim(slice_of(h->name, h->name_len));
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (slice_equal_nocase(name, slice_str(names[i].name)))
			h->field = names[i].field;
	h->state = h->field == HOPS_FIELD_OTHER ? HOPS_IN_OTHER : HOPS_IN_VALUE;
}

static void name_take(struct hops_header *h, uint8_t c)
{
	if (c == ':')
		name_end(h);
	else if (c == '\n')
		h->state = HOPS_AT_LINE;
	else if (h->name_len == HOPS_NAME_MAX)
		h->state = HOPS_IN_OTHER;
	else
		h->name[h->name_len++] = (char)c;
}

/* The first byte of a line, and of what it is the line; false: of the next field, which waits. */
static bool line_begin(struct hops_header *h, uint8_t c)
{
	if (c == '\n') {
		h->state = HOPS_AT_END;
		return true;
	}
	if (c == '\r' && !h->is_after_cr) {
		h->is_after_cr = true;
		return true;
	}
	h->is_after_cr = false;
	if (is_blank(c)) {
		h->state = h->field == HOPS_FIELD_OTHER ? HOPS_IN_OTHER : HOPS_IN_VALUE;
		if (h->state == HOPS_IN_VALUE)
			value_add(h, ' ');
		return true;
	}
	if (h->field != HOPS_FIELD_OTHER)
		return false;
	field_forget(h);
	h->state = HOPS_IN_NAME;
	name_take(h, c);
	return true;
}

/* What of a line that nobody wants is at hand. */
static size_t other_skip(struct hops_header *h, struct slice rest)
{
	size_t len = slice_find(rest, '\n');
	if (len == rest.len)
		return len;
	h->state = HOPS_AT_LINE;
	return len + 1;
}

/* The CR of CRLF is no part of a value. */
static void value_line_end(struct hops_header *h)
{
	if (h->value_len && !h->is_cut && h->value[h->value_len - 1] == ' ')
		h->value_len--;
	h->state = HOPS_AT_LINE;
}

/* One step; false: a field is whole, and nothing was taken. */
static bool step(struct hops_header *h, struct slice rest, size_t *used)
{
	uint8_t c = rest.data[0];
	size_t taken = 1;
	switch (h->state) {
	case HOPS_AT_LINE:
		if (!line_begin(h, c))
			return false;
		break;
	case HOPS_IN_NAME:
		name_take(h, c);
		break;
	case HOPS_IN_VALUE:
		if (c == '\n')
			value_line_end(h);
		else
			value_add(h, c);
		break;
	case HOPS_IN_OTHER:
		taken = other_skip(h, rest);
		break;
	case HOPS_AT_END:
		taken = 0;
		break;
	}
	*used += taken;
	return true;
}

int hops_header_feed(struct hops_header *h, struct slice input, size_t *ret_used)
{
	size_t used = 0;
	int r = HOPS_HEADER_MORE;
	if (h->is_done)
		field_forget(h);
	h->is_done = false;
	while (used < input.len && h->state != HOPS_AT_END && r == HOPS_HEADER_MORE)
		if (!step(h, slice_skip(input, used), &used))
			r = 0;
	if (h->state == HOPS_AT_END)
		r = h->field == HOPS_FIELD_OTHER ? HOPS_HEADER_END : 0;
	h->is_done = r == 0;
	*ret_used = used;
	return r;
}

bool hops_header_finish(struct hops_header *h)
{
	bool has_field = !h->is_done && h->field != HOPS_FIELD_OTHER;
	h->state = HOPS_AT_END;
	h->is_done = true;
	return has_field;
}
