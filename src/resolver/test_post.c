#include "resolver/post.h"

#include "ask/fetch.h"
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after stdarg.h and setjmp.h */
#include <cmocka.h>

static void test_post_private(void **state)
{
	static const char *const ours[] = {
		"127.0.0.1",  "127.255.255.255",  "0.0.0.0",         "10.1.2.3",
		"172.16.0.1", "172.31.255.255",   "192.168.1.1",     "169.254.169.254",
		"100.64.0.1", "224.0.0.1",        "255.255.255.255", "::",
		"::1",        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1",
		"fc00::1",    "fd12::1",          "ff02::1",
	};
	static const char *const theirs[] = { "192.0.2.1",   "8.8.8.8",     "172.32.0.1",
		                              "100.128.0.1", "2001:db8::1", "::ffff:192.0.2.1" };
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		print_message("%s\n", ours[i]);
		assert_true(post_is_private(ours[i]));
	}
	for (size_t i = 0; i < COUNT_OF(theirs); i++)
		assert_false(post_is_private(theirs[i]));
}

/* As libcurl, which goes there, understands it. */
static const struct {
	const char *url, *host; /* NULL: none */
	unsigned port;
	bool is_address;
} places[] = {
	{ "https://r.example/v1", "r.example", 443, false },
	{ "HTTPS://R.Example:8443/?a=b", "r.example", 8443, false },
	{ "https://192.0.2.1/", "192.0.2.1", 443, true },
	{ "https://[2001:DB8::1]:1/", "2001:db8::1", 1, true },
	{ "https://0x7f.1/", "127.0.0.1", 443, true },
	{ "https://2130706433/", "127.0.0.1", 443, true },
	{ "http://r.example/", NULL, 0, false },
	{ "https://user@r.example/", NULL, 0, false },
	{ "https://user:secret@r.example/", NULL, 0, false },
	{ "https://r.example\\@127.0.0.1/", NULL, 0, false },
	{ "https:///r.example", "r.example", 443, false },
	{ "https://r.example:0/", NULL, 0, false },
	{ "https://a%20b.example/", NULL, 0, false },
	{ "mailto:a@b.example", NULL, 0, false },
	{ "", NULL, 0, false },
};

static void test_post_places(void **state)
{
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct fetch_place place;
		print_message("%s\n", places[i].url);
		bool is = fetch_place_of(places[i].url, &place);
		assert_int_equal(is, places[i].host != NULL);
		if (!is)
			continue;
		assert_string_equal(place.host, places[i].host);
		assert_int_equal(place.port, places[i].port);
		assert_int_equal(place.is_address, places[i].is_address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_post_private),
		cmocka_unit_test(test_post_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
