#include "base/clean.h"
#include "check/header.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct head_case {
	const char *head;
	int64_t hsts_s;
	const char *server, *location;
	unsigned cookies, unsafe;
} cases[] = {
	{ "HTTP/1.1 200 OK\r\nServer: nginx\r\nStrict-Transport-Security: max-age=31536000; "
	  "includeSubDomains\r\n\r\n",
	  31536000, "nginx", "", 0, 0 },
	{ "strict-transport-security:max-age=\"300\"\n", 300, "", "", 0, 0 },
	{ "Strict-Transport-Security: includeSubDomains ; MAX-AGE = 0", 0, "", "", 0, 0 },
	{ "Strict-Transport-Security: max-age=1; max-age=2", -1, "", "", 0, 0 },
	{ "Strict-Transport-Security: max-age=1y", -1, "", "", 0, 0 },
	{ "Strict-Transport-Security: max-age=", -1, "", "", 0, 0 },
	{ "Strict-Transport-Security: preload", -1, "", "", 0, 0 },
	{ "Strict-Transport-Security: max-age=5\r\nStrict-Transport-Security: max-age=9\r\n", 5, "",
	  "", 0, 0 },
	{ "Server: a\x1b[31mb\r\n", -1, "a?[31mb", "", 0, 0 },
	{ "Location: https://a.example/x \r\nLocation: /y\r\n", -1, "", "https://a.example/x", 0,
	  0 },
	{ "Set-Cookie: sessid=1; Secure; HttpOnly\r\n", -1, "", "", 1, 0 },
	{ "Set-Cookie: sessid=1; secure\r\n", -1, "", "", 1, 1 },
	{ "Set-Cookie: a=1; HttpOnly\r\nSet-Cookie: b=2; Secure ;HttpOnly\r\n", -1, "", "", 2, 1 },
	{ "Set-Cookie: lang=de; Max-Age=9\r\n", -1, "", "", 0, 0 },
	{ "Set-Cookie: PHPSESSID=1; Expires=x\r\n", -1, "", "", 1, 1 },
	{ "Set-Cookie: XSRF-TOKEN=1; Secure\r\n", -1, "", "", 0, 0 },
	{ "Set-Cookie: a=Secure; b=HttpOnly\r\n", -1, "", "", 1, 1 },
	{ "", -1, "", "", 0, 0 },
};

static void test_head(void **state)
{
	(void)state;
	struct check_head h;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct head_case *c = &cases[i];
		check_head_scan(slice_str(c->head), &h);
		if (h.hsts_s != c->hsts_s || strcmp(h.server, c->server) != 0 ||
		    strcmp(h.location, c->location) != 0 || h.session_cookies != c->cookies ||
		    h.unsafe_cookies != c->unsafe)
			fail_msg("%s: %lld, \"%s\", \"%s\", %u, %u", c->head, (long long)h.hsts_s,
			         h.server, h.location, h.session_cookies, h.unsafe_cookies);
	}
	check_head_scan(slice_str("Strict-Transport-Security: max-age=99999999999999999999999"),
	                &h);
	assert_true(h.hsts_s > 31536000);
}

static const struct url_case {
	const char *reference;
	bool is_url, is_https, is_same;
	const char *path; /* NULL: whatever */
} urls[] = {
	{ "https://web.example/", true, true, true, "/" },
	{ "http://web.example", true, false, true, "/" },
	{ "HTTPS://Web.Example:443?x", true, true, true, "/?x" },
	{ "https://web.example.:443/a", true, true, true, "/a" },
	{ "https://web.example:8443/", true, true, false, NULL },
	{ "http://web.example:443/", true, false, false, NULL },
	{ "https://other.example/", true, true, false, NULL },
	{ "https://web.example@other.example/", true, true, false, NULL },
	{ "https://web.example:443@other.example/", true, true, false, NULL },
	{ "https://web.example\\@other.example/", true, true, true, NULL },
	{ "//web.example/b", true, true, true, "/b" },
	{ "//other.example/b", true, true, false, NULL },
	{ "\\\\other.example/b", true, true, false, NULL },
	{ "/\\other.example", true, true, false, NULL },
	{ "/c?d#e", true, true, true, "/c?d" },
	{ "f", true, true, true, "/mail/f" },
	{ "?g", true, true, true, "/mail/index?g" },
	{ "#h", true, true, true, "/mail/index?q=1/2" },
	{ "", true, true, true, "/mail/index?q=1/2" },
	{ "javascript:alert(1)", false, true, false, NULL },
	{ "mailto:a@b", false, true, false, NULL },
	{ "https:/web.example", false, true, false, NULL },
	{ "ftp://web.example/", false, true, false, NULL },
	{ "/a b", false, true, true, NULL },
	{ "/a\r\nX: y", false, true, true, NULL },
};

static void test_url(void **state)
{
	(void)state;
	static const struct check_url page = { true, true, "/mail/index?q=1/2" };
	struct check_url u;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		const struct url_case *c = &urls[i];
		bool is_url = check_url_take(c->reference, &page, "web.example", &u);
		if (is_url != c->is_url ||
		    (is_url && (u.is_https != c->is_https || u.is_same_host != c->is_same)) ||
		    (c->path && strcmp(c->path, u.path) != 0))
			fail_msg("%s: %d, https %d, same %d, %s", c->reference, is_url, u.is_https,
			         u.is_same_host, u.path);
	}
	char text[2 * CHECK_URL_CAP] = "";
	memset(text, 'x', CHECK_URL_CAP - 8); /* behind "/mail/", and the zero */
	assert_true(check_url_take(text, &page, "web.example", &u));
	text[CHECK_URL_CAP - 8] = text[CHECK_URL_CAP - 7] = 'x';
	assert_false(check_url_take(text, &page, "web.example", &u));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_head),
		                            cmocka_unit_test(test_url) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
