#include "servers/exim_macros.h"

#include "base/err.h"

void servers_exim_macros_deinit(struct servers_exim_macros *m)
{
	buf_deinit(&m->work);
}

int servers_exim_macros_define(struct servers_exim_macros *m, const char *name, const char *value)
{
	struct servers_exim_macro *known = m->all;
	while (known < m->all + m->count && strcmp(known->name, name) != 0)
		known++;
	if (known == m->all + SERVERS_EXIM_MACROS_MAX)
		return SERVERS_EXIM_MACROS_MANY;
	m->count += known == m->all + m->count;
	*known = (struct servers_exim_macro){ .name = name, .value = value };
	return 0;
}

static const uint8_t *find(struct slice text, const char *name)
{
	return text.data ? memmem(text.data, text.len, name, strlen(name)) : NULL;
}

/* The text with the value in the place of each name, behind what is in work already. */
static int expand(struct buf *work, struct slice text, const struct servers_exim_macro *macro)
{
	const uint8_t *at = find(text, macro->name);
	for (; at; at = find(text, macro->name)) {
		size_t before = (size_t)(at - text.data);
		int r = buf_add(work, slice_head(text, before));
		if (!r)
			r = buf_add_str(work, macro->value);
		if (r)
			return err_up(r);
		if (buf_len(work) > SERVERS_EXIM_LINE_MAX)
			return SERVERS_EXIM_MACROS_LONG;
		text = slice_skip(text, before + strlen(macro->name));
	}
	return err_up(buf_add(work, text));
}

static int replace(struct servers_exim_macros *m, struct buf *line, size_t from,
                   const struct servers_exim_macro *macro)
{
	buf_clear(&m->work);
	int r = buf_add(&m->work, slice_head(buf_slice(line), from));
	if (!r)
		r = expand(&m->work, slice_skip(buf_slice(line), from), macro);
	if (r)
		return r < 0 ? err_up(r) : r;
	m->expanded += buf_len(&m->work);
	if (m->expanded > SERVERS_EXIM_EXPANDED_MAX)
		return SERVERS_EXIM_MACROS_LONG;
	struct buf was = *line;
	*line = m->work;
	m->work = was;
	return 0;
}

int servers_exim_macros_replace(struct servers_exim_macros *m, struct buf *line, size_t from,
                                bool *ret_found)
{
	*ret_found = false;
	for (size_t i = 0; i < m->count; i++) {
		if (!find(slice_skip(buf_slice(line), from), m->all[i].name))
			continue;
		*ret_found = true;
		int r = replace(m, line, from, &m->all[i]);
		if (r)
			return r < 0 ? err_up(r) : r;
	}
	return 0;
}
