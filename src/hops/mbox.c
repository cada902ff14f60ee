#include "hops/mbox.h"

#include "base/clean.h"

static const char from[] = "From ";
enum { FROM_LEN = sizeof(from) - 1 };

bool hops_mbox_begins(struct slice text)
{
	return text.len >= FROM_LEN && !memcmp(text.data, from, FROM_LEN);
}

/* The bytes up to the end of a line do not matter. */
static size_t line_skip(struct hops_mbox *m, struct slice rest)
{
	size_t len = slice_find(rest, '\n');
	if (len == rest.len)
		return len;
	m->is_in_line = false;
	m->is_after_text = true;
	m->matched = 0;
	return len + 1;
}

/* A byte of a line of which nothing but the beginning of "From " was seen. */
static void byte_take(struct hops_mbox *m, uint8_t c)
{
	bool is_start = !m->matched;
	if (c == '\n') {
		m->is_after_text = !is_start;
		m->matched = 0;
	} else if (c == '\r' && is_start) {
		return;
	} else if (!m->is_after_text && c == (uint8_t)from[m->matched]) {
		m->matched++;
	} else {
		m->is_in_line = true;
	}
}

int hops_mbox_skip(struct hops_mbox *m, struct slice input, size_t *ret_used)
{
	size_t used = 0;
	while (used < input.len && m->matched < FROM_LEN) {
		if (m->is_in_line)
			used += line_skip(m, slice_skip(input, used));
		else
			byte_take(m, input.data[used++]);
	}
	*ret_used = used;
	if (m->matched < FROM_LEN)
		return HOPS_MBOX_MORE;
	*m = (struct hops_mbox){};
	return 0;
}
