/* What a Debian machine's package database says. */
#include "base/clean.h"
#include "servers/reader.h"

#include <stdlib.h>

static const char status_path[] = "/var/lib/dpkg/status";

/* The line that begins with this, in one paragraph; empty: it has none. */
static struct slice line_find(struct slice paragraph, const char *begin)
{
	size_t len = strlen(begin);
	while (paragraph.len) {
		size_t end = slice_find(paragraph, '\n');
		if (end >= len && !memcmp(paragraph.data, begin, len))
			return slice_skip(slice_head(paragraph, end), len);
		paragraph = slice_skip(paragraph, end + 1);
	}
	return (struct slice){};
}

static struct slice paragraph_next(struct slice *text)
{
	const uint8_t *end = text->len ? memmem(text->data, text->len, "\n\n", 2) : NULL;
	size_t len = end ? (size_t)(end - text->data) + 1 : text->len;
	struct slice paragraph = slice_head(*text, len);
	*text = slice_skip(*text, len + 1);
	return paragraph;
}

/* "1:2.3.19.1+dfsg1-2.1+deb12u1" is "2.3.19.1". */
static struct slice upstream(struct slice version)
{
	size_t colon = slice_find(version, ':');
	if (colon < version.len)
		version = slice_skip(version, colon + 1);
	size_t len = 0;
	while (len < version.len &&
	       ((version.data[len] >= '0' && version.data[len] <= '9') || version.data[len] == '.'))
		len++;
	return slice_head(version, len);
}

const char *servers_package_version(struct servers *s, const char *package)
{
	struct servers_file *file = NULL;
	if (servers_open(s, status_path, &file))
		return NULL;
	struct slice text = buf_slice(&file->text);
	while (text.len) {
		struct slice paragraph = paragraph_next(&text);
		struct slice status = line_find(paragraph, "Status: ");
		if (slice_equal(line_find(paragraph, "Package: "), slice_str(package)) &&
		    slice_equal(status, slice_str("install ok installed")))
			return servers_text(s, upstream(line_find(paragraph, "Version: ")));
	}
	return NULL;
}

const char *servers_openssl_version(struct servers *s)
{
	static const char *const packages[] = { "libssl3t64", "libssl3", "libssl1.1" };
	const char *version = NULL;
	for (size_t i = 0; !version && i < COUNT_OF(packages); i++)
		version = servers_package_version(s, packages[i]);
	return version;
}
