/* Doors whose bytes are not looked at: what may be written, and what is refused, with the mend. */
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

#define BACKENDS                                                                                   \
	"a = { address = [\"127.0.0.1:8080\"]; }; b = { address = [\"127.0.0.1:8081\"]; }; "       \
	"far = { address = [\"10.0.0.5:443\"]; }; "                                                \
	"sealed = { address = [\"10.0.0.6:443\"]; tls = { mode = \"implicit\"; name = \"x.y\"; "   \
	"}; }; "
#define CERTIFICATE "certificate = { c = { chain = \"/c\"; key = \"/k\"; }; }; "
#define FILE_OF(backends, edge)                                                                    \
	"hostname = \"mx.example.org\"; " CERTIFICATE "backend = { " backends                      \
	"}; edge = { x = { " edge " }; };"
#define HTTP "protocol = \"http\"; listen_tls = [\"*:443\"]; "
#define PASS "mode = \"passthrough\"; "
#define NEAR "a = { address = [\"127.0.0.1:8080\"]; }; b = { address = [\"127.0.0.1:8081\"]; }; "

static const char whole[] = FILE_OF(
	NEAR,
	HTTP "listen = [\"*:80\"]; backend = \"a\"; backend_h2 = \"b\"; challenge_backend = \"b\"; "
	     "by_sni = ( { names = [\"y.example.org\", \"*.z.org\"]; backend = \"b\"; backend_h2 = "
	     "\"a\"; "
	     "}, { names = \"w.org\"; backend = \"a\"; backend_h2 = \"b\"; } ); "
	     "limits = { idle_timeout = \"1m\"; };");

static void test_http_is_read(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(whole);
	const struct conf_edge *e = &s->edges[0];
	assert_int_equal(e->protocol, CONF_HTTP);
	assert_int_equal(e->backend, 0);
	assert_int_equal(e->backend_h2, 1);
	assert_int_equal(e->challenge_backend, 1);
	assert_false(e->is_passthrough);
	assert_int_equal(e->by_sni_count, 2);
	assert_string_equal(e->by_sni[0].names[1], "*.z.org");
	assert_int_equal(e->by_sni[0].backend, 1);
	assert_int_equal(e->by_sni[0].backend_h2, 0);
	assert_int_equal(e->by_sni[1].name_count, 1);
}

/* What is not written is no backend, not the first. */
static void test_none_is_none(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(FILE_OF(NEAR, HTTP "backend = \"a\";"));
	assert_true(s->edges[0].backend_h2 >= s->backend_count);
	assert_true(s->edges[0].challenge_backend >= s->backend_count);
	assert_false(conf_edge_has_backend(&s->edges[0], 1));
}

/* As `config show` prints it, nested lists too, it is the same file again. */
static void test_shown_is_read_again(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(whole);
	CLEAN(freep) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	conf_print_settings(out, s);
	fclose(out);
	CLEAN(conf_settings_freep) struct conf_settings *again = read_well(text);
	assert_int_equal(conf_reload_effect(s, again), 0);
	again->edges[0].by_sni[1].backend = 1;
	assert_int_equal(conf_reload_effect(s, again), 1U << CONF_RELOAD_NEW_SESSIONS);
}

/* TLS that is not ended here needs no certificate, and is none that crosses in clear. */
static void test_passthrough_is_read(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		"hostname = \"mx.example.org\"; backend = { far = { address = [\"10.0.0.5:443\"]; "
		"}; }; edge = { x = { " HTTP PASS "backend = \"far\"; }; };");
	assert_true(s->edges[0].is_passthrough);
}

static void test_refused(void **state)
{
	static const struct refusal cases[] = {
		{ FILE_OF(NEAR, HTTP "backend = \"a\"; by_sni = ( { names = [\"y.*.org\"]; backend "
		                     "= \"b\"; } );"),
		  "edge.x.by_sni[0].names", "no host name" },
		{ FILE_OF(NEAR, HTTP "backend = \"a\"; by_sni = ( { names = [\"y.org\"]; backend = "
		                     "\"c\"; } );"),
		  "edge.x.by_sni[0].backend", "no backend is called" },
		{ FILE_OF(NEAR, HTTP "backend = \"a\"; by_sni = ( { backend = \"b\"; } );"),
		  "edge.x.by_sni[0].names", "missing" },
		{ FILE_OF(NEAR, HTTP "backend = \"a\"; by_sni = { names = [\"y.org\"]; };"),
		  "edge.x.by_sni", "another kind" },
		{ FILE_OF(NEAR, HTTP "backend = \"a\"; backend_h2 = \"b\"; by_sni = ( { names = "
		                     "[\"y.org\"]; backend = \"b\"; } );"),
		  "edge.x.by_sni[0].backend_h2", "offered HTTP/2 too" },
		{ FILE_OF(NEAR, HTTP "backend = \"a\"; by_sni = ( { names = [\"y.org\"]; backend = "
		                     "\"b\"; backend_h2 = \"b\"; } );"),
		  "edge.x.by_sni[0].backend_h2", "not offered" },
		{ FILE_OF(NEAR, HTTP PASS "backend = \"a\"; backend_h2 = \"b\";"),
		  "edge.x.backend_h2", "TLS is the backend's" },
		{ FILE_OF(NEAR, HTTP PASS
		          "backend = \"a\";") " exception = ( { edge = \"x\"; from = "
		                              "[\"192.0.2.1\"]; allow = [\"tls1.0\"]; "
		                              "until = \"1970-02-01\"; reason = \"x\"; } );",
		  "exception[0].edge", "opens nothing" },
		{ FILE_OF(NEAR,
		          HTTP "backend = \"a\";") " exception = ( { edge = \"x\"; from = "
		                                   "[\"192.0.2.1\"]; allow = [\"plain-login\"]; "
		                                   "until = \"1970-02-01\"; reason = \"x\"; } );",
		  "exception[0].edge", "takes no logins" },
		{ FILE_OF(NEAR, HTTP PASS "backend = \"a\"; certificates = [\"c\"];"),
		  "edge.x.certificates", "TLS is the backend's" },
		{ FILE_OF(BACKENDS, HTTP PASS "backend = \"sealed\";"), "backend.sealed.tls.mode",
		  "wrapped twice" },
		{ FILE_OF(BACKENDS, HTTP "backend = \"far\";"), "backend.far.address", "in clear" },
		{ FILE_OF(BACKENDS, HTTP PASS "listen = [\"*:80\"]; backend = \"a\"; "
		                              "challenge_backend = \"far\";"),
		  "backend.far.address", "in clear" },
		{ "hostname = \"mx.example.org\"; backend = { " NEAR "}; edge = { x = { " HTTP
		  "backend = \"a\"; }; };",
		  "edge.x.certificates", "users need" },
		{ FILE_OF(NEAR, "protocol = \"tcp\"; listen_tls = [\"*:1\"]; listen = [\"*:2\"]; "
		                "backend = \"a\";"),
		  "edge.x.listen", "in clear" },
		{ FILE_OF(NEAR, "protocol = \"gopher\"; listen_tls = [\"*:1\"]; backend = \"a\";"),
		  "edge.x.protocol",
		  "known: smtp, submission, imap, pop3, tcp, managesieve, http, lmtp" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		read_badly(&cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_is_read),
		cmocka_unit_test(test_none_is_none),
		cmocka_unit_test(test_shown_is_read_again),
		cmocka_unit_test(test_passthrough_is_read),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
