#include "web/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte of the front, decoded; -1: half of one. */
static int byte_take(struct slice *rest, bool is_field)
{
	uint8_t c = rest->data[0];
	if (c != '%') {
		*rest = slice_skip(*rest, 1);
		return c == '+' && is_field ? ' ' : c;
	}
	if (rest->len < 3)
		return -1;
	int high = digit_of(rest->data[1]), low = digit_of(rest->data[2]);
	*rest = slice_skip(*rest, 3);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static int decode(char *ret_text, size_t cap, struct slice coded, bool is_field)
{
	size_t len = 0;
	while (coded.len) {
		int c = byte_take(&coded, is_field);
		if (c < ' ' || c == 0x7f || len + 1 >= cap)
			return WEB_QUERY_BAD;
		ret_text[len++] = (char)c;
	}
	ret_text[len] = '\0';
	return 0;
}

static int field_parse(struct web_field *field, struct slice part)
{
	size_t equals = slice_find(part, '=');
	int r = decode(field->name, sizeof(field->name), slice_head(part, equals), true);
	if (!r)
		r = decode(field->value, sizeof(field->value), slice_skip(part, equals + 1), true);
	return r;
}

int web_query_parse(struct web_query *q, struct slice target)
{
	size_t mark = slice_find(target, '?');
	struct slice rest = slice_skip(target, mark + 1);
	*q = (struct web_query){};
	int r = decode(q->path, sizeof(q->path), slice_head(target, mark), false);
	if (r || q->path[0] != '/')
		return WEB_QUERY_BAD;
	while (rest.len) {
		size_t end = slice_find(rest, '&');
		struct slice part = slice_head(rest, end);
		rest = slice_skip(rest, end + 1);
		if (!part.len)
			continue;
		if (q->count == WEB_FIELDS_MAX)
			return WEB_QUERY_BAD;
		r = field_parse(&q->fields[q->count++], part);
		if (r)
			return r;
	}
	return 0;
}

const char *web_query_get(const struct web_query *q, const char *name)
{
	for (size_t i = 0; i < q->count; i++)
		if (!strcmp(q->fields[i].name, name))
			return q->fields[i].value;
	return "";
}

/* Without its port. False: it has no form that a host has. */
static bool host_split(const char *host, char *ret_name, size_t cap)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : strrchr(host, ':');
	size_t len = end ? (size_t)(end - host) + (host[0] == '[') : strlen(host);
	const char *port = host + len;
	if (!len || len >= cap || (host[0] == '[' && !end))
		return false;
	if (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")]))
		return false;
	snprintf(ret_name, cap, "%.*s", (int)len, host);
	return true;
}

/* 127.0.0.0/8 as browsers write it. */
static bool is_loopback_v4(const char *name)
{
	unsigned parts[4];
	char end;
	return sscanf(name, "%3u.%3u.%3u.%3u%c", &parts[0], &parts[1], &parts[2], &parts[3],
	              &end) == 4 &&
	       parts[0] == 127 && parts[1] < 256 && parts[2] < 256 && parts[3] < 256 &&
	       !name[strspn(name, "0123456789.")];
}

bool web_host_is_ours(const char *host, char *const *names, size_t count)
{
	char name[256];
	if (!host || !host_split(host, name, sizeof(name)))
		return false;
	if (!strcasecmp(name, "localhost") || !strcmp(name, "[::1]") || is_loopback_v4(name))
		return true;
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(name, names[i]))
			return true;
	return false;
}
