/*
 * A request as far as port 80 has to understand it (RFC 9112): method, target, Host. Nothing that a
 * client wrote leaves this file unchecked: a target has visible characters alone, a host is a name.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/slice.h"

enum {
	HTTP_REQUEST_MAX = 16 * 1024, /* request line and fields */
	HTTP_HOST_CAP = 254,
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
	enum http_method method;
	struct slice target;      /* of the input; begins with "/" */
	char host[HTTP_HOST_CAP]; /* lower case, without its port */
};

enum http_request_result {
	HTTP_REQUEST_MORE = 1, /* so far nothing is wrong; not all of it came */
	HTTP_REQUEST_BAD, /* no request of HTTP/1, or a Host that is missing, twice or no name */
	HTTP_REQUEST_TOO_LONG, /* its line over line_max, or all of it over HTTP_REQUEST_MAX */
};

/*
 * Reads one request from the front of input, up to the empty line behind its fields. No
 * absolute-form: this is nobody's proxy.
 *
 * Returns 0 or enum http_request_result; ret_request and ret_used are written on 0 alone.
 */
[[nodiscard]] int http_request_parse(struct slice input, size_t line_max,
                                     struct http_request *ret_request, size_t *ret_used);

/* Of "/.well-known/acme-challenge/TOKEN" (RFC 8555 8.3) the token; empty: it is another target. */
struct slice http_challenge_token(struct slice target);

#endif
