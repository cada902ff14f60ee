#include "servers/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum servers_reach servers_reach_of(const char *host)
{
	struct in_addr four;
	struct in6_addr six;
	if (host[0] == '/')
		return SERVERS_REACH_SOCKET;
	if (!strcmp(host, "*") || !strcmp(host, "0.0.0.0") || !strcmp(host, "::") || !host[0])
		return SERVERS_REACH_ALL;
	if (!strcasecmp(host, "localhost") || !strcasecmp(host, "localhost.localdomain") ||
	    !strcasecmp(host, "ip6-localhost"))
		return SERVERS_REACH_LOOPBACK;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127 ? SERVERS_REACH_LOOPBACK
		                                       : SERVERS_REACH_REMOTE;
	if (inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six))
		return SERVERS_REACH_LOOPBACK;
	return SERVERS_REACH_REMOTE;
}

static void copy(char *ret_text, size_t cap, struct slice s)
{
	size_t len = s.len < cap - 1 ? s.len : cap - 1;
	if (len)
		memcpy(ret_text, s.data, len);
	ret_text[len] = '\0';
}

static bool is_scheme_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' ||
	       c == '.' || (c >= '0' && c <= '9');
}

static bool is_number(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	return s.len > 0;
}

/*
 * "SCHEME:rest". A single colon may also stand before a port: "host:25" has no scheme, nor has an
 * IPv6 address.
 */
static struct slice scheme_take(struct slice text, struct servers_endpoint *ret_endpoint)
{
	size_t len = 0;
	while (len < text.len && is_scheme_byte(text.data[len]))
		len++;
	struct slice rest = slice_skip(text, len + 1);
	bool is_one = len > 0 && len < text.len && text.data[len] == ':' &&
	              len < sizeof(ret_endpoint->scheme) && !is_number(rest);
	bool has_slashes = rest.len >= 2 && rest.data[0] == '/' && rest.data[1] == '/';
	struct in6_addr six;
	char whole[INET6_ADDRSTRLEN];
	copy(whole, sizeof(whole), text);
	if (!is_one || inet_pton(AF_INET6, whole, &six) == 1)
		return text;
	copy(ret_endpoint->scheme, sizeof(ret_endpoint->scheme), slice_head(text, len));
	return has_slashes ? slice_skip(rest, 2) : rest;
}

static bool is_socket_scheme(const char *scheme)
{
	return !strcmp(scheme, "unix") || !strcmp(scheme, "local") || !strcmp(scheme, "ldapi");
}

static uint16_t port_of(struct slice s)
{
	char digits[8];
	copy(digits, sizeof(digits), s);
	return is_number(s) ? (uint16_t)strtoul(digits, NULL, 10) : 0;
}

/* "[host]:port", "[host]", "host:port", "host", "v6", and "port@host" as milters write it. */
static void host_take(struct slice text, struct servers_endpoint *e)
{
	size_t at = slice_find(text, '@');
	if (at < text.len && is_number(slice_head(text, at))) {
		e->port = port_of(slice_head(text, at));
		text = slice_skip(text, at + 1);
	}
	text = slice_head(text, slice_find(text, '/'));
	if (text.len && text.data[0] == '[') {
		size_t end = slice_find(text, ']');
		copy(e->host, sizeof(e->host), slice_skip(slice_head(text, end), 1));
		if (end + 1 < text.len && text.data[end + 1] == ':')
			e->port = port_of(slice_skip(text, end + 2));
		if (!strncasecmp(e->host, "ipv6:", 5))
			memmove(e->host, e->host + 5, strlen(e->host + 5) + 1);
		return;
	}
	size_t colon = slice_find(text, ':');
	bool has_two =
		slice_find(slice_skip(text, colon + 1), ':') < slice_skip(text, colon + 1).len;
	if (has_two) /* an IPv6 address as it is */
		colon = text.len;
	copy(e->host, sizeof(e->host), slice_head(text, colon));
	if (colon < text.len)
		e->port = port_of(slice_skip(text, colon + 1));
}

void servers_endpoint_parse(const char *text, size_t len, struct servers_endpoint *ret_endpoint)
{
	*ret_endpoint = (struct servers_endpoint){};
	struct slice rest = slice_trim(slice_of(text, len));
	bool is_path = rest.len && rest.data[0] == '/';
	if (!is_path)
		rest = scheme_take(rest, ret_endpoint);
	if (is_path || is_socket_scheme(ret_endpoint->scheme)) {
		copy(ret_endpoint->host, sizeof(ret_endpoint->host), rest);
		ret_endpoint->reach = SERVERS_REACH_SOCKET;
		return;
	}
	host_take(rest, ret_endpoint);
	ret_endpoint->reach = servers_reach_of(ret_endpoint->host);
}
