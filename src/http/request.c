#include "http/request.h"

enum { METHOD_MAX = 16, LABEL_MAX = 63, PORT_MAX = 5, TOKEN_MAX = 128 };

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z');
}

/* Bytes at the front for which is() says yes. */
static size_t span(struct slice s, bool (*is)(uint8_t c))
{
	size_t len = 0;
	while (len < s.len && is(s.data[len]))
		len++;
	return len;
}

/* RFC 3986 2: all that a target may have, and some that browsers send unescaped. */
static bool is_target(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\';
}

/* RFC 9110 5.6.2 */
static bool is_token(uint8_t c)
{
	return is_letter(c) || is_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_field(uint8_t c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool is_challenge(uint8_t c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

/* Where text begins; s.len: nowhere. */
static size_t text_find(struct slice s, const char *text)
{
	struct slice what = slice_str(text);
	for (size_t at = slice_find(s, what.data[0]); at < s.len;
	     at += 1 + slice_find(slice_skip(s, at + 1), what.data[0]))
		if (slice_equal(slice_head(slice_skip(s, at), what.len), what))
			return at;
	return s.len;
}

/* The line at the front without its CRLF. A bare CR or LF stays in it, and is refused there. */
static struct slice line_take(struct slice *rest)
{
	struct slice line = slice_head(*rest, text_find(*rest, "\r\n"));
	*rest = slice_skip(*rest, line.len + 2);
	return line;
}

static enum http_method method_of(struct slice name)
{
	if (slice_equal(name, slice_str("GET")))
		return HTTP_GET;
	return slice_equal(name, slice_str("HEAD")) ? HTTP_HEAD : HTTP_OTHER;
}

/* RFC 9112 3. Only "OPTIONS *" and "CONNECT host" have no path: they are refused all the same. */
static int request_line_parse(struct slice line, struct http_request *r)
{
	struct slice method = slice_head(line, span(line, is_upper));
	line = slice_skip(line, method.len);
	if (!method.len || !line.len || line.data[0] != ' ')
		return HTTP_REQUEST_BAD;
	line = slice_skip(line, 1);
	r->method = method_of(method);
	r->target = slice_head(line, span(line, is_target));
	struct slice version = slice_skip(line, r->target.len);
	bool is_http1 = slice_equal(version, slice_str(" HTTP/1.1")) ||
	                slice_equal(version, slice_str(" HTTP/1.0"));
	bool has_path = r->target.len && r->target.data[0] == '/';
	return is_http1 && (has_path || r->method == HTTP_OTHER) ? 0 : HTTP_REQUEST_BAD;
}

/* Letters, digits, "-" and "_" between dots; no dot at either end. */
static bool is_host_name(struct slice s)
{
	size_t label = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '.' ? !label : !is_challenge(s.data[i]))
			return false;
		label = s.data[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label && s.len < HTTP_HOST_CAP;
}

/* RFC 9110 7.2: a name, and maybe a port. */
static int host_parse(struct slice value, struct http_request *r)
{
	struct slice name = slice_head(value, slice_find(value, ':'));
	struct slice port = slice_skip(value, name.len + 1);
	if (!is_host_name(name) || span(port, is_digit) != port.len || port.len > PORT_MAX)
		return HTTP_REQUEST_BAD;
	for (size_t i = 0; i < name.len; i++)
		r->host[i] =
			(char)(is_upper(name.data[i]) ? name.data[i] + 'a' - 'A' : name.data[i]);
	r->host[name.len] = '\0';
	return 0;
}

/* RFC 9112 5; a line that goes on with the one before it (obs-fold) has no name, and is refused. */
static int field_parse(struct slice line, struct http_request *r)
{
	struct slice name = slice_head(line, span(line, is_token));
	struct slice value = slice_skip(line, name.len + 1);
	if (!name.len || name.len == line.len || line.data[name.len] != ':' ||
	    span(value, is_field) != value.len)
		return HTTP_REQUEST_BAD;
	if (!slice_equal_nocase(name, slice_str("host")))
		return 0;
	return r->host[0] ? HTTP_REQUEST_BAD : host_parse(slice_trim(value), r);
}

/* What no more bytes can mend, so that who speaks something else is not waited for. */
static bool is_hopeless(struct slice input)
{
	size_t len = span(input, is_upper);
	return input.len &&
	       (!len || len > METHOD_MAX || (len < input.len && input.data[len] != ' '));
}

static int end_await(struct slice input, size_t line_max)
{
	bool has_line = text_find(input, "\r\n") < input.len;
	if (input.len >= HTTP_REQUEST_MAX || (!has_line && input.len >= line_max))
		return HTTP_REQUEST_TOO_LONG;
	return HTTP_REQUEST_MORE;
}

int http_request_parse(struct slice input, size_t line_max, struct http_request *ret_request,
                       size_t *ret_used)
{
	struct http_request r = {};
	if (is_hopeless(input))
		return HTTP_REQUEST_BAD;
	struct slice all = slice_head(input, HTTP_REQUEST_MAX);
	size_t end = text_find(all, "\r\n\r\n");
	if (end == all.len)
		return end_await(input, line_max);
	struct slice rest = slice_head(input, end + 2);
	struct slice line = line_take(&rest);
	if (line.len + 2 > line_max)
		return HTTP_REQUEST_TOO_LONG;
	int result = request_line_parse(line, &r);
	while (!result && rest.len)
		result = field_parse(line_take(&rest), &r);
	if (result || !r.host[0])
		return HTTP_REQUEST_BAD;
	*ret_request = r;
	*ret_used = end + 4;
	return 0;
}

struct slice http_challenge_token(struct slice target)
{
	static const char folder[] = "/.well-known/acme-challenge/";
	struct slice begin = slice_head(target, sizeof(folder) - 1);
	struct slice token = slice_skip(target, sizeof(folder) - 1);
	if (!slice_equal(begin, slice_str(folder)) || span(token, is_challenge) != token.len ||
	    token.len > TOKEN_MAX)
		return (struct slice){};
	return token;
}
