#include "identity/denied.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

void identity_denied_deinit(struct identity_denied *denied)
{
	free(denied->list);
	*denied = (struct identity_denied){};
}

bool identity_serial_is_valid(const char *serial)
{
	size_t len = strlen(serial);
	return len >= 2 && len < IDENTITY_SERIAL_CAP && len % 2 == 0 &&
	       strspn(serial, "0123456789abcdef") == len;
}

/* Where it is, or would have to be. */
static size_t place_of(const struct identity_denied *denied, const char *serial)
{
	size_t low = 0, high = denied->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(denied->list[middle].serial, serial) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct identity_denied *denied, size_t place, const char *serial)
{
	return place < denied->count && !strcmp(denied->list[place].serial, serial);
}

bool identity_denied_has(const struct identity_denied *denied, const char *serial)
{
	return is_at(denied, place_of(denied, serial), serial);
}

int identity_denied_add(struct identity_denied *denied, const char *serial, int64_t until_s)
{
	size_t place = place_of(denied, serial);
	if (is_at(denied, place, serial)) {
		if (denied->list[place].until_s < until_s)
			denied->list[place].until_s = until_s;
		return 0;
	}
	if (denied->count == IDENTITY_DENIED_MAX)
		return IDENTITY_DENIED_MANY;
	struct identity_denial *list = reallocarray(denied->list, denied->count + 1, sizeof(*list));
	if (!list)
		return err_raise(-ENOMEM);
	memmove(&list[place + 1], &list[place], (denied->count - place) * sizeof(*list));
	list[place] = (struct identity_denial){ .until_s = until_s };
	snprintf(list[place].serial, sizeof(list[place].serial), "%s", serial);
	denied->list = list;
	denied->count++;
	return 0;
}

static bool number_read(struct slice text, int64_t *ret_number)
{
	enum { DIGITS_MAX = 12 };
	int64_t number = 0;
	if (!text.len || text.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (text.data[i] - '0');
	}
	*ret_number = number;
	return true;
}

static int line_read(struct identity_denied *denied, struct slice line)
{
	size_t space = slice_find(line, ' ');
	char serial[IDENTITY_SERIAL_CAP];
	int64_t until_s;
	if (!line.len || line.data[0] == '#')
		return 0;
	if (space >= sizeof(serial) || memchr(line.data, '\0', line.len))
		return IDENTITY_DENIED_BAD;
	slice_to_text(slice_head(line, space), serial, sizeof(serial));
	if (!identity_serial_is_valid(serial) ||
	    !number_read(slice_skip(line, space + 1), &until_s))
		return IDENTITY_DENIED_BAD;
	return identity_denied_add(denied, serial, until_s);
}

int identity_denied_read(struct identity_denied *ret_denied, struct slice text, unsigned *ret_line)
{
	CLEAN(identity_denied_deinit) struct identity_denied denied = {};
	for (unsigned number = 1; text.len; number++) {
		size_t end = slice_find(text, '\n');
		int r = line_read(&denied, slice_head(text, end));
		*ret_line = number;
		if (r)
			return r; /* enum identity_denied_result, or ours */
		text = slice_skip(text, end + 1);
	}
	*ret_denied = denied;
	denied = (struct identity_denied){};
	return 0;
}

int identity_denied_write(const struct identity_denied *denied, int64_t now_s, struct buf *ret_text)
{
	int r = buf_add_str(ret_text, "# revoked: serial, and until when to deny it (Unix time)\n");
	for (size_t i = 0; !r && i < denied->count; i++)
		if (denied->list[i].until_s > now_s)
			r = buf_printf(ret_text, "%s %" PRId64 "\n", denied->list[i].serial,
			               denied->list[i].until_s);
	return err_up(r);
}
