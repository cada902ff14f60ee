#include "http/request.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LINE_MAX_HERE = 512, WELL = 0, MORE = HTTP_REQUEST_MORE, BAD = HTTP_REQUEST_BAD };

#define HOST "Host: mail.example.org\r\n"

static const struct request_case {
	const char *name, *input;
	int result;
	enum http_method method;
	const char *target, *host;
} cases[] = {
	{ "browser", "GET / HTTP/1.1\r\nUser-Agent: x\r\n" HOST "Accept: */*\r\n\r\n", WELL,
	  HTTP_GET, "/", "mail.example.org" },
	{ "port, case", "HEAD /a?b=%20c HTTP/1.0\r\nhOsT:\tMail.Example.ORG:8080 \r\n\r\n", WELL,
	  HTTP_HEAD, "/a?b=%20c", "mail.example.org" },
	{ "post", "POST /login HTTP/1.1\r\n" HOST "\r\nuser=a", WELL, HTTP_OTHER, "/login",
	  "mail.example.org" },
	{ "options", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", WELL, HTTP_OTHER, "*",
	  "mail.example.org" },
	{ "address", "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n", WELL, HTTP_GET, "/",
	  "192.0.2.1" },
	{ "empty", "", MORE, HTTP_GET, NULL, NULL },
	{ "half a method", "GE", MORE, HTTP_GET, NULL, NULL },
	{ "no empty line", "GET / HTTP/1.1\r\n" HOST, MORE, HTTP_GET, NULL, NULL },
	{ "no host", "GET / HTTP/1.1\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "host with user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "host with CR", "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "host with LF", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "host in brackets", "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "empty label", "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "dot at the end", "GET / HTTP/1.1\r\nHost: a.\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "port of letters", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "long port", "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "folded line", "GET / HTTP/1.1\r\n" HOST " x\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "space before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "field without colon", "GET / HTTP/1.1\r\n" HOST "x\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "LF alone", "GET / HTTP/1.1\nHost: a\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "CR in target", "GET /\rX:y HTTP/1.1\r\n" HOST "\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "tab in target", "GET /\tb HTTP/1.1\r\n" HOST "\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "letters of other tongues", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", BAD, HTTP_GET, NULL,
	  NULL },
	{ "absolute", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "no version", "GET /\r\n" HOST "\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "HTTP/2 in so many words", "GET / HTTP/2.0\r\n" HOST "\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD, HTTP_GET, NULL, NULL },
	{ "TLS", "\x16\x03\x01", BAD, HTTP_GET, NULL, NULL },
	{ "SSH", "SSH-2.0-x", BAD, HTTP_GET, NULL, NULL },
	{ "small letters", "get / HTTP/1.1", BAD, HTTP_GET, NULL, NULL },
	{ "long method", "AAAAAAAAAAAAAAAAA", BAD, HTTP_GET, NULL, NULL },
};

static int parse(const char *text, struct http_request *r, size_t *used)
{
	return http_request_parse(slice_str(text), LINE_MAX_HERE, r, used);
}

static void test_request_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct request_case *c = &cases[i];
		struct http_request r;
		size_t used = 0;
		int result = parse(c->input, &r, &used);
		if (result != c->result)
			fail_msg("%s: %d", c->name, result);
		if (result)
			continue;
		assert_int_equal(r.method, c->method);
		assert_string_equal(r.host, c->host);
		if (!slice_equal(r.target, slice_str(c->target)))
			fail_msg("%s: %.*s", c->name, (int)r.target.len,
			         (const char *)r.target.data);
	}
}

/* Whatever is read of a whole request says MORE, and the rest is left. */
static void test_request_byte_by_byte(void **state)
{
	static const char text[] = "GET /a HTTP/1.1\r\n" HOST "\r\n";
	(void)state;
	struct http_request r;
	size_t used = 0;
	for (size_t len = 0; len + 1 < sizeof(text); len++)
		assert_int_equal(http_request_parse(slice_of(text, len), LINE_MAX_HERE, &r, &used),
		                 MORE);
	assert_int_equal(parse("GET /a HTTP/1.1\r\n" HOST "\r\nGET /b", &r, &used), WELL);
	assert_int_equal(used, sizeof(text) - 1);
}

static void test_request_limits(void **state)
{
	(void)state;
	struct http_request r;
	size_t used = 0;
	CLEAN(freep) char *text = calloc(1, HTTP_REQUEST_MAX + 1);
	assert_non_null(text);
	memset(text, 'a', HTTP_REQUEST_MAX);
	memcpy(text, "GET /", 5);
	assert_int_equal(
		http_request_parse(slice_of(text, LINE_MAX_HERE - 1), LINE_MAX_HERE, &r, &used),
		MORE);
	assert_int_equal(
		http_request_parse(slice_of(text, LINE_MAX_HERE), LINE_MAX_HERE, &r, &used),
		HTTP_REQUEST_TOO_LONG);
	memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
	assert_int_equal(
		http_request_parse(slice_of(text, HTTP_REQUEST_MAX - 1), LINE_MAX_HERE, &r, &used),
		MORE);
	assert_int_equal(parse(text, &r, &used), HTTP_REQUEST_TOO_LONG);
	/* Whole, but with a line that is too long. */
	memset(text, 'a', HTTP_REQUEST_MAX);
	memcpy(text, "GET /", 5);
	snprintf(text + LINE_MAX_HERE, 64, " HTTP/1.1\r\n%s\r\n", HOST);
	assert_int_equal(parse(text, &r, &used), HTTP_REQUEST_TOO_LONG);
}

static void test_challenge_token(void **state)
{
	static const struct {
		const char *target, *token;
	} targets[] = {
		{ "/.well-known/acme-challenge/aZ09-_", "aZ09-_" },
		{ "/.well-known/acme-challenge/", "" },
		{ "/.well-known/acme-challenge/../login", "" },
		{ "/.well-known/acme-challenge/a?b", "" },
		{ "/.well-known/acme-challenge/a/b", "" },
		{ "/.well-known/acme-challenge/%61", "" },
		{ "/.Well-known/acme-challenge/a", "" },
		{ "/a", "" },
	};
	char text[160] = "/.well-known/acme-challenge/";
	(void)state;
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		struct slice token = http_challenge_token(slice_str(targets[i].target));
		if (!slice_equal(token, slice_str(targets[i].token)))
			fail_msg("%s", targets[i].target);
	}
	memset(text + strlen(text), 'a', 129);
	assert_int_equal(http_challenge_token(slice_str(text)).len, 0);
	text[28 + 128] = '\0';
	assert_int_equal(http_challenge_token(slice_str(text)).len, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_cases),
		cmocka_unit_test(test_request_byte_by_byte),
		cmocka_unit_test(test_request_limits),
		cmocka_unit_test(test_challenge_token),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
