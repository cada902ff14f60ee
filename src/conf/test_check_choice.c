/* Edges with several backends: what may be written, and what is refused, with the mend. */
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

#define FILE_OF(lookups, edge)                                                                     \
	"hostname = \"mx.example.org\"; certificate = { c = { chain = \"/c\"; key = \"/k\"; }; "   \
	"}; "                                                                                      \
	"backend = { a = { address = [\"127.0.0.1:8080\"]; }; "                                    \
	"b = { address = [\"127.0.0.1:8081\"]; }; "                                                \
	"named = { address = [\"127.0.0.1:1\", \"127.0.0.1:2\"]; balance = \"user\"; }; "          \
	"other = { address = [\"127.0.0.1:8082\"]; client_info = \"none\"; "                       \
	"accept = [\"no-client-info\"]; }; }; "                                                    \
	"lookup = { " lookups "}; edge = { x = { " edge " }; };"
#define TABLE "users = { table = \"/etc/users\"; }; "
#define IMAP "protocol = \"imap\"; listen = [\"*:143\"]; "
#define AUTH "open = \"auth\"; lookup = \"users\"; "
#define BOTH "by_user = ( { backend = \"a\"; }, { answer = \"s2\"; backend = \"b\"; } ); "

static void test_choice_is_read(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(FILE_OF(TABLE, IMAP AUTH BOTH));
	const struct conf_edge *e = &s->edges[0];
	assert_int_equal(e->open, CONV_OPEN_AUTH);
	assert_true(e->has_no_default);
	assert_string_equal(conf_lookup_find(s, e->lookup)->table, "/etc/users");
	assert_int_equal(conf_by_user_find(s, e, "a", 1), 0);
	assert_int_equal(conf_by_user_find(s, e, "s2", 2), 1);
	assert_int_equal(conf_by_user_find(s, e, "b", 1), (size_t)-1);
	assert_int_equal(conf_by_user_find(s, e, "s", 1), (size_t)-1);
	assert_true(conf_edge_has_backend(e, 1));
	assert_false(conf_edge_has_backend(e, 2));
}

static void test_choice_default(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		FILE_OF("users = { socketmap = \"unix:/run/users\"; map = \"m\"; keep = \"0\"; }; ",
	                IMAP AUTH BOTH "backend = \"b\"; "));
	assert_false(s->edges[0].has_no_default);
	assert_int_equal(s->edges[0].backend, 1);
	assert_int_equal(s->lookups[0].keep_ms, 0);
}

static void test_choice_by_sni_of_mail(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		FILE_OF(TABLE, IMAP "backend = \"a\"; by_sni = ( { names = [\"b.example.org\"]; "
	                            "backend = \"b\"; } ); "));
	assert_int_equal(conf_by_sni_find(&s->edges[0], "b.example.org")->backend, 1);
}

/* The name alone says where a user is at home, or where at the backend that the lookup named. */
static void test_choice_by_name(void **state)
{
	static const char *const texts[] = {
		FILE_OF("", IMAP "open = \"auth\"; backend = \"named\"; "),
		FILE_OF(TABLE, IMAP AUTH "by_user = ( { backend = \"named\"; } ); "),
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEAN(conf_settings_freep) struct conf_settings *s = read_well(texts[i]);
		const struct conf_backend *b = &s->backends[s->edges[0].backend];
		assert_int_equal(b->balance, CONF_BALANCE_USER);
		assert_int_equal(s->edges[0].has_no_default, i == 1);
	}
}

static const struct refusal bads[] = {
	{ FILE_OF("", IMAP "open = \"auth\"; backend = \"a\"; "), "edge.x.lookup", "nobody says" },
	{ FILE_OF("", IMAP "open = \"auth\"; lookup = \"users\"; backend = \"named\"; "),
	  "edge.x.lookup", "no lookup is called" },
	{ FILE_OF("", IMAP "backend = \"named\"; "), "backend.named.balance",
	  "does not know the user" },
	{ FILE_OF("", "protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"named\"; "),
	  "backend.named.balance", "does not know the user" },
	{ FILE_OF("", IMAP "backend = \"a\"; by_sni = ( { names = [\"x.org\"]; backend = "
	                   "\"named\"; } ); "),
	  "backend.named.balance", "does not know the user" },
	{ FILE_OF(TABLE, IMAP), "edge.x.backend", "missing" },
	{ FILE_OF(TABLE, IMAP "open = \"auth\"; " BOTH), "edge.x.lookup", "nobody says" },
	{ FILE_OF(TABLE, IMAP "open = \"auth\"; lookup = \"user\"; " BOTH), "edge.x.lookup",
	  "no lookup is called" },
	{ FILE_OF(TABLE, IMAP AUTH), "edge.x.by_user", "there is no server" },
	{ FILE_OF(TABLE, IMAP "backend = \"a\"; lookup = \"users\"; "), "edge.x.lookup",
	  "open = \"auth\" alone" },
	{ FILE_OF(TABLE, IMAP "backend = \"a\"; " BOTH), "edge.x.by_user",
	  "open = \"auth\" alone" },
	{ FILE_OF(TABLE, IMAP AUTH BOTH "by_sni = ( { names = [\"x.org\"]; backend = \"b\"; } ); "),
	  "edge.x.by_sni", "the user decides" },
	{ FILE_OF(TABLE,
	          IMAP AUTH "by_user = ( { backend = \"a\"; }, { backend = \"other\"; } ); "),
	  "backend.other.client_info", "differs" },
	{ FILE_OF(TABLE,
	          "protocol = \"submission\"; listen = [\"*:587\"]; auth = \"off\"; " AUTH BOTH),
	  "edge.x.auth", "nobody could" },
	{ FILE_OF("users = { }; ", IMAP AUTH BOTH), "lookup.users.socketmap", "missing" },
	{ FILE_OF("users = { table = \"/a\"; socketmap = \"unix:/b\"; }; ", IMAP AUTH BOTH),
	  "lookup.users.socketmap", "a table too" },
	{ FILE_OF("users = { socketmap = \"10.0.0.1:99\"; }; ", IMAP AUTH BOTH),
	  "lookup.users.socketmap", "in clear" },
	{ FILE_OF("users = { socketmap = \"unix:/b\"; map = \"a b\"; }; ", IMAP AUTH BOTH),
	  "lookup.users.map", "no name" },
};

static void test_choice_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bads); i++)
		read_badly(&bads[i]);
}

/* What counts with "auth" alone, and the backend that is not needed then, are not told as well. */
static void test_choice_slip_is_told_once(void **state)
{
	(void)state;
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	const char *text = FILE_OF(TABLE, IMAP "open = \"login\"; lookup = \"users\"; " BOTH);
	assert_int_equal(conf_read_text(&s, text, 0, &errors), CONF_BAD);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.items[0].setting, "edge.x.open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice_is_read),
		cmocka_unit_test(test_choice_default),
		cmocka_unit_test(test_choice_by_sni_of_mail),
		cmocka_unit_test(test_choice_by_name),
		cmocka_unit_test(test_choice_bad),
		cmocka_unit_test(test_choice_slip_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
