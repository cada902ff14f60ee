#include "check/header.h"

#include <stdio.h>

/* Takes the part before c off, and c. */
static struct slice part_take(struct slice *rest, uint8_t c)
{
	struct slice part = slice_head(*rest, slice_find(*rest, c));
	*rest = slice_skip(*rest, part.len + 1);
	return slice_trim(part);
}

/* "NAME" or "NAME = VALUE". */
static bool parameter_is(struct slice part, const char *name, struct slice *ret_value)
{
	struct slice found = part_take(&part, '=');
	*ret_value = slice_trim(part);
	return slice_equal_nocase(found, slice_str(name));
}

/* RFC 6797 6.1.1; -1: not a number. What is more than can be is as much as can be. */
static int64_t seconds_take(struct slice text)
{
	int64_t seconds = 0;
	if (text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
		text = slice_head(slice_skip(text, 1), text.len - 2);
	if (!text.len)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		if (seconds < INT64_MAX / 100)
			seconds = seconds * 10 + (text.data[i] - '0');
	}
	return seconds;
}

static int64_t hsts_take(struct slice value)
{
	struct slice number;
	int64_t seconds = -1;
	while (value.len) {
		struct slice part = part_take(&value, ';');
		if (!parameter_is(part, "max-age", &number))
			continue;
		if (seconds >= 0)
			return -1; /* a directive stands once */
		seconds = seconds_take(number);
		if (seconds < 0)
			return -1;
	}
	return seconds;
}

static bool has_nocase(struct slice s, const char *text)
{
	for (; s.len >= strlen(text); s = slice_skip(s, 1))
		if (slice_starts_nocase(s, text))
			return true;
	return false;
}

static bool names_session(struct slice name)
{
	return has_nocase(name, "sess") || has_nocase(name, "sid") || has_nocase(name, "auth") ||
	       has_nocase(name, "token");
}

static bool names_csrf(struct slice name)
{
	return has_nocase(name, "csrf") || has_nocase(name, "xsrf");
}

static void cookie_take(struct check_head *h, struct slice value)
{
	struct slice pair = part_take(&value, ';'), other;
	struct slice name = part_take(&pair, '=');
	bool is_secure = false, is_http_only = false, lasts = false;
	while (value.len) {
		struct slice part = part_take(&value, ';');
		is_secure |= parameter_is(part, "Secure", &other);
		is_http_only |= parameter_is(part, "HttpOnly", &other);
		lasts |= parameter_is(part, "Expires", &other) ||
		         parameter_is(part, "Max-Age", &other);
	}
	if (names_csrf(name) || (lasts && !names_session(name)))
		return;
	h->session_cookies++;
	h->unsafe_cookies += !is_secure || !is_http_only;
}

static void field_take(struct check_head *h, struct slice line, bool *has_hsts)
{
	struct slice name = part_take(&line, ':'), value = slice_trim(line);
	if (slice_equal_nocase(name, slice_str("Strict-Transport-Security"))) {
		if (!*has_hsts) /* the first counts (RFC 6797 8.1) */
			h->hsts_s = hsts_take(value);
		*has_hsts = true;
	} else if (slice_equal_nocase(name, slice_str("Server"))) {
		slice_to_text(value, h->server, sizeof(h->server));
	} else if (slice_equal_nocase(name, slice_str("Location")) && !h->location[0]) {
		if (value.len < sizeof(h->location))
			slice_to_text(value, h->location, sizeof(h->location));
	} else if (slice_equal_nocase(name, slice_str("Set-Cookie"))) {
		cookie_take(h, value);
	}
}

void check_head_scan(struct slice head, struct check_head *ret_head)
{
	bool has_hsts = false;
	*ret_head = (struct check_head){ .hsts_s = -1 };
	struct slice line;
	while (slice_line_next(&head, &line)) {
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		field_take(ret_head, line, &has_hsts);
	}
}

/* "NAME:" as schemes are named (RFC 3986 3.1); its length, or 0. */
static size_t scheme_len(const char *text)
{
	size_t len =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
	return len && text[len] == ':' ? len + 1 : 0;
}

/* Behind "//". Where the path begins. */
static const char *authority_take(const char *text, const char *host, struct check_url *u)
{
	size_t len = strcspn(text, "/?#\\");
	struct slice rest = slice_of(text, len);
	struct slice name = part_take(&rest, ':');
	const char *port = u->is_https ? "443" : "80";
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	u->is_same_host = slice_equal_nocase(name, slice_str(host)) &&
	                  (!rest.len || slice_equal(rest, slice_str(port)));
	return text + len;
}

static bool path_set(struct check_url *u, const char *before, size_t before_len, const char *path)
{
	size_t len = strcspn(path, "#");
	if (before_len + len + 2 > sizeof(u->path))
		return false;
	snprintf(u->path, sizeof(u->path), "%s%.*s%.*s", before_len || *path == '/' ? "" : "/",
	         (int)before_len, before, (int)len, path);
	for (const char *c = u->path; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return true;
}

/* Relative to the page: its path up to the last "/"; a query alone: all of its path. */
static bool relative_take(const char *reference, const struct check_url *page, struct check_url *u)
{
	size_t len = strcspn(page->path, "?");
	u->is_same_host = page->is_same_host;
	if (*reference == '/')
		return path_set(u, "", 0, reference);
	if (!*reference || *reference == '#')
		return path_set(u, "", 0, page->path);
	if (*reference != '?')
		while (len && page->path[len - 1] != '/')
			len--;
	return path_set(u, page->path, len, reference);
}

bool check_url_take(const char *reference, const struct check_url *page, const char *host,
                    struct check_url *ret_url)
{
	size_t len = scheme_len(reference);
	*ret_url = (struct check_url){ .is_https = page->is_https };
	if (len) {
		if (strncasecmp(reference, "https:", len) && strncasecmp(reference, "http:", len))
			return false;
		ret_url->is_https = len == strlen("https:");
		reference += len;
		if (strspn(reference, "/\\") < 2)
			return false;
	}
	if (strspn(reference, "/\\") >= 2)
		return path_set(
			ret_url, "", 0,
			authority_take(reference + strspn(reference, "/\\"), host, ret_url));
	return relative_take(reference, page, ret_url);
}
