/* Ports that are watched. */
#include "base/clean.h"
#include "conf/value.h"
#include "conf/watched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void test_watched(void **state)
{
	static const struct {
		const char *text, *host, *protocol, *file; /* protocol NULL: refused */
		unsigned port;
		bool is_address;
	} cases[] = {
		{ "mail2.example.org:993/imap", "mail2.example.org", "imaps", "", 993, false },
		{ "mail2.example.org:143/imap", "mail2.example.org", "imap", "", 143, false },
		{ "mail2.example.org:10993/imaps", "mail2.example.org", "imaps", "", 10993, false },
		{ "10.0.0.7:25/smtp", "10.0.0.7", "smtp", "", 25, true },
		{ "10.0.0.7:465/smtp", "10.0.0.7", "submissions", "", 465, true },
		{ "10.0.0.7:465/submission", "10.0.0.7", "submissions", "", 465, true },
		{ "[2001:db8::7]:995/pop3", "2001:db8::7", "pop3s", "", 995, true },
		{ "[::1]:110/pop3", "::1", "pop3", "", 110, true },
		{ "a.example:4190/managesieve=/etc/a=b.pem", "a.example", "managesieve",
		  "/etc/a=b.pem", 4190, false },
		{ "a.example:443/https", "a.example", "https", "", 443, false },
		{ "a.example:5222/tls=/x", "a.example", "tls", "/x", 5222, false },
		{ .text = "" },
		{ .text = "a.example" },
		{ .text = "a.example:993" },
		{ .text = "a.example:993/" },
		{ .text = "a.example:993/imap4" },
		{ .text = "a.example:993/imap=" },
		{ .text = "a.example:993/imap=x.pem" },
		{ .text = "a.example:993=/x/imap" },
		{ .text = "a.example:0/imap" },
		{ .text = "a.example/imap" },
		{ .text = ":993/imap" },
		{ .text = "*:993/imap" },
		{ .text = "unix:/run/x/imap" },
		{ .text = "2001:db8::7:993/imap" },
		{ .text = "a b:993/imap" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_watched w;
		const char *why = NULL;
		int r = conf_watched_parse(cases[i].text, &w, &why);
		print_message("%s\n", cases[i].text);
		assert_int_equal(r, cases[i].protocol ? 0 : CONF_VALUE_BAD);
		if (r) {
			assert_non_null(why);
			continue;
		}
		assert_string_equal(w.host, cases[i].host);
		assert_string_equal(w.protocol, cases[i].protocol);
		assert_string_equal(w.file, cases[i].file);
		assert_string_equal(w.text, cases[i].text);
		assert_int_equal(w.port, cases[i].port);
		assert_int_equal(conf_watched_is_address(&w), cases[i].is_address);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
