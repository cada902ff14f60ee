#include "watch/hosts.h"

#include "base/clean.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>

void watch_hosts_deinit(struct watch_hosts *h)
{
	free(h->list);
	*h = (struct watch_hosts){};
}

static int named_order(const void *left, const void *right)
{
	const struct watch_named *a = left, *b = right;
	return memcmp(&a->address, &b->address, sizeof(a->address));
}

/* The next word of a line, after blanks; empty at its end and at a comment. */
static struct slice word_take(struct slice *line)
{
	size_t at = 0, end;
	while (at < line->len && isblank(line->data[at]))
		at++;
	for (end = at; end < line->len && !isspace(line->data[end]) && line->data[end] != '#';)
		end++;
	struct slice word = slice_of(line->data + at, end - at);
	*line = slice_skip(*line, end);
	return word;
}

static bool address_read(struct slice word, struct watch_address *ret_address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	char text[INET6_ADDRSTRLEN] = "";
	struct watch_address a = {};
	if (!word.len || word.len >= sizeof(text))
		return false;
	memcpy(text, word.data, word.len);
	memcpy(a.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, a.bytes + sizeof(mapped)) != 1 &&
	    inet_pton(AF_INET6, text, a.bytes) != 1)
		return false;
	*ret_address = a;
	return true;
}

/* What a name of the internal CA is made of. */
static bool name_read(struct slice word, char ret_name[WATCH_HOST_NAME_CAP])
{
	size_t len = 0;
	while (len < word.len && (isalnum(word.data[len]) || word.data[len] == '-'))
		len++;
	if (!len || len >= WATCH_HOST_NAME_CAP || (len < word.len && word.data[len] != '.'))
		return false;
	memcpy(ret_name, word.data, len);
	ret_name[len] = '\0';
	return true;
}

static bool line_read(struct slice line, struct watch_named *ret_named)
{
	*ret_named = (struct watch_named){};
	return address_read(word_take(&line), &ret_named->address) &&
	       name_read(word_take(&line), ret_named->name);
}

static bool is_named(const struct watch_hosts *h, const struct watch_address *address)
{
	for (size_t i = 0; i < h->count; i++)
		if (watch_address_equal(&h->list[i].address, address))
			return true;
	return false;
}

static size_t lines_count(struct slice text)
{
	size_t count = 1;
	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '\n';
	return count;
}

int watch_hosts_read(struct watch_hosts *ret_hosts, struct slice text)
{
	struct watch_hosts h = { .list = calloc(lines_count(text), sizeof(*h.list)) };
	if (!h.list)
		return err_raise(-ENOMEM);
	while (text.len) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;
		struct watch_named *named = &h.list[h.count];
		if (line_read(slice_of(text.data, len), named) && !is_named(&h, &named->address))
			h.count++;
		text = slice_skip(text, end ? len + 1 : len);
	}
	qsort(h.list, h.count, sizeof(*h.list), named_order);
	*ret_hosts = h;
	return 0;
}

const char *watch_hosts_name(const struct watch_hosts *h, const struct watch_address *address)
{
	const struct watch_named wanted = { .address = *address };
	const struct watch_named *found =
		h && h->count ? bsearch(&wanted, h->list, h->count, sizeof(*h->list), named_order)
			      : NULL;
	return found ? found->name : NULL;
}
