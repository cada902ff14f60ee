#include "servers/joined.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/servers.h"

/* Without a comment that stands behind a blank, outside quotes. */
static struct slice comment_cut(struct slice line)
{
	uint8_t quote = 0;
	for (size_t i = 0; i < line.len; i++) {
		uint8_t c = line.data[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '#' && i && (line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
			return slice_trim(slice_head(line, i));
	}
	return line;
}

static int physical_line(const struct servers_joined *how, struct buf *whole, struct slice line,
                         unsigned number)
{
	line = slice_trim(line);
	if (!buf_len(whole)) {
		how->place->line = number;
		if (!line.len || strchr(how->comments, line.data[0]))
			return 0;
	}
	if (how->has_later_comments)
		line = comment_cut(line);
	how->place->lines = number - how->place->line + 1;
	bool goes_on = line.len && line.data[line.len - 1] == '\\';
	int r = buf_add(whole, slice_head(line, line.len - goes_on));
	if (r)
		return err_up(r);
	if (goes_on)
		return 0;
	struct slice all = slice_trim(buf_slice(whole));
	r = all.len ? how->fn(how->owner, all) : 0;
	buf_clear(whole);
	return r;
}

int servers_joined_read(const struct servers_file *file, const struct servers_joined *how)
{
	CLEAN(buf_deinit) struct buf whole = {};
	struct slice rest = buf_slice(&file->text);
	struct slice line;
	*how->place = (struct servers_place){ .path = file->path };
	for (unsigned number = 1; slice_line_next(&rest, &line); number++) {
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		int r = physical_line(how, &whole, line, number);
		if (r)
			return r;
	}
	return 0;
}
