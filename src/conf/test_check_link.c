/* What a link may be, and what is refused, with the mend. */
#include "base/clean.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

#include "conf/test_read.h"

#define NEAR "listen = \"127.0.0.1:3306\"; to = \"10.0.0.9:8306\"; peer = \"db1\"; "
#define FAR "listen_tls = \"*:8306\"; to = \"127.0.0.1:3306\"; peer = [\"imap1\", \"imap2\"]; "
#define LINK(text) "hostname = \"mx.example.org\"; link = { a = { " text "}; };"

static void test_link_ends(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	static const char text[] =
		"hostname = \"mx.example.org\"; pki = { dir = \"/p\"; };"
		"link = { near = { " NEAR "}; far = { " FAR "proxy = true; };"
		"log = { listen = [\"127.0.0.1:514\", \"unix:/run/log\"]; protocol = \"syslog\";"
		" to = [\"10.0.0.8:6514\", \"10.0.0.9:6514\"]; peer = \"log1\"; };"
		"same_port = { listen = \"127.0.0.1:514\"; to = \"10.0.0.8:514\"; peer = \"x\"; }; "
		"};";
	int r = conf_read_text(&s, text, 0, &errors);
	conf_errors_print(&errors, stderr);
	assert_int_equal(r, 0);
	assert_int_equal(s->link_count, 4);
	assert_false(conf_link_is_far(&s->links[0]));
	assert_true(conf_link_is_far(&s->links[1]));
	assert_int_equal(s->links[1].peer_count, 2);
	assert_true(s->links[1].proxy);
	assert_int_equal(s->links[2].protocol, CONF_LINK_SYSLOG);
	assert_int_equal(s->links[2].to_count, 2);
	assert_int_equal(s->links[0].keepalive_s, 60);
	assert_int_equal(s->links[0].connect_timeout_ms, 10000);
	assert_true(conf_needs_identity(s));
}

static void test_link_refused(void **state)
{
	(void)state;
	static const struct refusal cases[] = {
		{ LINK("to = \"10.0.0.9:1\"; peer = \"x\"; "), "link.a.listen",
		  "nobody can connect" },
		{ LINK(NEAR "listen_tls = \"*:8306\"; "), "link.a.to", "would be in clear" },
		{ LINK("listen = \"127.0.0.1:1\"; listen_tls = \"*:2\"; to = \"127.0.0.1:3\"; "
		       "peer = \"x\"; "),
		  "link.a.listen_tls", "would be both" },
		{ LINK("listen = \"10.0.0.1:1\"; to = \"10.0.0.9:1\"; peer = \"x\"; "),
		  "link.a.listen", "would be in clear" },
		{ LINK("listen = \"*:1\"; to = \"10.0.0.9:1\"; peer = \"x\"; "), "link.a.listen",
		  "would be in clear" },
		{ LINK("listen_tls = \"*:1\"; to = \"10.0.0.9:1\"; peer = \"x\"; "), "link.a.to",
		  "would be in clear" },
		{ LINK("listen_tls = \"*:1\"; to = \"db1.example.org:1\"; peer = \"x\"; "),
		  "link.a.to", "not looked up" },
		{ LINK("listen = \"db1:1\"; to = \"10.0.0.9:1\"; peer = \"x\"; "), "link.a.listen",
		  "not looked up" },
		{ LINK("listen = \"127.0.0.1:1\"; to = \"10.0.0.900:1\"; peer = \"x\"; "),
		  "link.a.to", "no address and no name" },
		{ LINK("listen = \"127.0.0.1:1\"; to = \"*:1\"; peer = \"x\"; "), "link.a.to",
		  "no place to connect to" },
		{ LINK("listen = \"127.0.0.1:1\"; to = \"10.0.0.9:1\"; "), "link.a.peer",
		  "it is missing" },
		{ LINK("listen = \"127.0.0.1:1\"; peer = \"x\"; "), "link.a.to", "it is missing" },
		{ LINK(NEAR "protocol = \"syslog\"; proxy = true; "), "link.a.proxy",
		  "no PROXY header" },
		{ LINK(NEAR "protocol = \"udp\"; "), "link.a.protocol", "known: tcp, syslog" },
		{ LINK(NEAR "destination = \"10.0.0.9:3306\"; "), "link.a.destination",
		  "transparent = true alone" },
		{ LINK(NEAR "transparent = true; "), "link.a.transparent", "not said what" },
		{ LINK(FAR "transparent = true; "), "link.a.transparent", "only a near end" },
		{ LINK(NEAR "transparent = true; destination = \"10.0.0.9:8306\"; "),
		  "link.a.destination", "catch itself" },
		{ LINK(NEAR "transparent = true; destination = \"[2001:db8::9]:3306\"; "),
		  "link.a.destination", "no listen of its family" },
		{ LINK(NEAR "transparent = true; destination = \"*:3306\"; "), "link.a.destination",
		  "could catch" },
		{ LINK("listen = \"127.0.0.2:3306\"; to = \"10.0.0.9:1\"; peer = \"x\"; "
		       "transparent = "
		       "true; destination = \"10.0.0.9:3306\"; "),
		  "link.a.listen", "redirects to" },
		{ LINK(NEAR "}; b = { " NEAR), "link.b.listen", "taken by another" },
		{ LINK("listen = \"unix:/s\"; to = \"10.0.0.9:1\"; peer = \"x\"; }; b = { listen = "
		       "\"unix:/s\"; protocol = \"syslog\"; to = \"10.0.0.9:1\"; peer = \"x\"; "),
		  "link.b.listen", "taken by another" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		read_badly(&cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_ends),
		cmocka_unit_test(test_link_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
