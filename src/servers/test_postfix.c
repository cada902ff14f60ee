#include "base/clean.h"
#include "servers/postfix.h"
#include "servers/postfix_cf.h"
#include "servers/reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void put(struct servers *s, const char *path, const char *text)
{
	assert_int_equal(servers_file_put(s, path, slice_str(text)), 0);
}

static const struct servers_server *read_one(struct servers *s, const char *main_cf,
                                             const char *master_cf)
{
	s->root = "/no/such/folder";
	put(s, "/etc/postfix/main.cf", main_cf);
	put(s, "/etc/postfix/master.cf", master_cf);
	assert_int_equal(servers_postfix_find(s), 0);
	assert_int_equal(s->server_count, 1);
	return s->servers[0];
}

static const char master[] =
	"# comment\n"
	"smtp      inet  n       -       y       -       -       smtpd\n"
	"submission inet n - y - - smtpd\n"
	"  -o syslog_name=postfix/submission\n"
	"# between\n"
	"  -o smtpd_tls_security_level=encrypt -o { smtpd_milters = inet:10.0.0.1:8891, inet:x:1 "
	"}\n"
	"465 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes -v\n"
	"127.0.0.1:10025 inet n - n - - smtpd\n"
	"[2001:db8::1]:2525 inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes\n"
	"smtp unix - - y - - smtp\n";

/* --- lines --- */

static void test_cf_values(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *setting, *value;
		unsigned line, lines;
	} cases[] = {
		{ "plain", "a = b\n", "a", "b", 1, 1 },
		{ "no blanks, no end", "a=b", "a", "b", 1, 1 },
		{ "empty", "a =\n", "a", "", 1, 1 },
		{ "continued", "\n# x\na = b,\n\tc\n  d\nz = y\n", "a", "b, c d", 3, 3 },
		{ "comment between", "a = b\n# c\n\n  d\n# e\nz = y\n", "a", "b d", 1, 4 },
		{ "comment behind", "a = b\n# c\nz = y\n", "a", "b", 1, 1 },
		{ "a # is no comment", "a = b # c\n", "a", "b # c", 1, 1 },
		{ "returns", "a = b\r\n  c\r\n", "a", "b c", 1, 2 },
		{ "indented first", "  a = b\nc = d\n", "c", "d", 2, 1 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct servers_postfix_cf cf = { slice_str(cases[i].text), 1 };
		struct servers_postfix_cf_line line;
		CLEAN(buf_deinit) struct buf value = {};
		struct slice name;
		assert_true(servers_postfix_cf_next(&cf, &line));
		assert_true(servers_postfix_cf_setting(&line, &name, &value));
		assert_true(slice_equal(name, slice_str(cases[i].setting)));
		assert_true(slice_equal(buf_slice(&value), slice_str(cases[i].value)));
		assert_int_equal(line.line, cases[i].line);
		assert_int_equal(line.lines, cases[i].lines);
	}
}

static const char *look(void *owner, struct slice name)
{
	static const char *const pairs[][2] = {
		{ "a", "one" },      { "empty", "" },    { "loop", "$loop$loop" },
		{ "through", "$a" }, { "level", "3.6" },
	};
	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		if (slice_equal(name, slice_str(pairs[i][0])))
			return pairs[i][1];
	return NULL;
}

static void test_cf_expansion(void **state)
{
	(void)state;
	static const struct {
		const char *value, *expanded;
	} cases[] = {
		{ "x $a y", "x one y" },
		{ "${a}$(a)", "oneone" },
		{ "$through", "one" },
		{ "$no_such", "" },
		{ "$$a", "$a" },
		{ "${a?yes}${a:no}", "yes" },
		{ "${empty?yes}${empty:no}", "no" },
		{ "${a?{yes}:{no}}${empty?{yes}:{no}}", "yesno" },
		{ "${{$a} == {one} ? {yes} : {no}}", "yes" },
		{ "${{$a} != {one} ? {yes} : {no}}", "no" },
		{ "${{$level} <level {3.11} ? {old} : {new}}", "old" },
		{ "${{$level} >=level {3.6} ? {new} : {old}}", "new" },
		{ "${unclosed", "" },
		{ "$loop", "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct servers_postfix_cf_names names = { look, NULL };
		CLEAN(buf_deinit) struct buf out = {};
		assert_int_equal(servers_postfix_cf_expand(&out, slice_str(cases[i].value), &names),
		                 0);
		assert_true(slice_equal(buf_slice(&out), slice_str(cases[i].expanded)));
	}
}

/* --- the reader --- */

static void test_postfix_values_and_places(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server = read_one(
		&s,
		"smtpd_tls_security_level = may\nname = x\nsmtpd_milters = $name,\n  y\nname = z\n",
		master);
	const struct servers_setting *setting = servers_setting_find(server->top, "smtpd_milters");
	assert_string_equal(setting->value, "z, y");
	assert_string_equal(setting->written, "$name, y");
	assert_string_equal(setting->place.path, "/etc/postfix/main.cf");
	assert_int_equal(setting->place.line, 3);
	assert_int_equal(setting->place.lines, 2);
	setting = servers_setting_find(server->top, "smtpd_tls_auth_only");
	assert_true(setting->is_default);
	assert_null(setting->place.path);
	assert_string_equal(setting->value, "no");
	assert_string_equal(servers_value(server->top, "postscreen_tls_security_level"), "may");
}

static void test_postfix_overrides(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server =
		read_one(&s, "smtpd_tls_security_level = may\n", master);
	const struct servers_scope *submission =
		servers_scope_child(server->top, "service", "submission:inet");
	const struct servers_setting *level =
		servers_setting_find(submission, "smtpd_tls_security_level");
	assert_string_equal(level->value, "encrypt");
	assert_string_equal(level->place.path, "/etc/postfix/master.cf");
	assert_int_equal(level->place.line, 6);
	assert_string_equal(servers_value(submission, "smtpd_milters"),
	                    "inet:10.0.0.1:8891, inet:x:1");
	assert_int_equal(submission->place.line, 3);
	assert_int_equal(submission->place.lines, 4);
	const struct servers_scope *smtps = servers_scope_child(server->top, "service", "465:inet");
	assert_string_equal(servers_value(smtps, "master/args"), "-v");
	assert_string_equal(servers_value(smtps, "master/command"), "smtpd");
}

static void test_postfix_listeners(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		uint16_t port;
		enum servers_protocol protocol;
		bool is_tls;
	} expected[] = {
		{ "*", 25, SERVERS_SMTP, false },
		{ "*", 587, SERVERS_SUBMISSION, false },
		{ "*", 465, SERVERS_SUBMISSION, true },
		{ "127.0.0.1", 10025, SERVERS_SMTP, false },
		{ "2001:db8::1", 2525, SERVERS_SUBMISSION, false },
	};
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server = read_one(&s, "inet_interfaces = all\n", master);
	assert_int_equal(server->listener_count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		const struct servers_listener *listener = server->listeners[i];
		assert_string_equal(listener->address, expected[i].address);
		assert_int_equal(listener->port, expected[i].port);
		assert_int_equal(listener->protocol, expected[i].protocol);
		assert_int_equal(listener->is_tls, expected[i].is_tls);
	}
}

static void test_postfix_behind_postscreen(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server =
		read_one(&s, "postscreen_upstream_proxy_protocol = haproxy\n",
	                 "smtp inet n - y - 1 postscreen\n"
	                 "smtpd pass - - y - - smtpd -o smtpd_tls_auth_only=yes\n");
	assert_int_equal(server->listener_count, 1);
	assert_true(server->listeners[0]->expects_proxy);
	assert_string_equal(server->listeners[0]->scope->name, "smtpd:pass");
	assert_string_equal(server->listeners[0]->block->name, "smtp:inet");
}

static void test_postfix_certificates(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server = read_one(
		&s,
		"smtpd_tls_cert_file = /etc/ssl/a.pem\nsmtpd_tls_eccert_file = /etc/ssl/ec.pem\n"
		"smtpd_tls_eckey_file = /etc/ssl/ec.key\n",
		"587 inet n - y - - smtpd -o "
		"smtpd_tls_chain_files=/etc/ssl/one.pem,/etc/ssl/two.pem\n");
	static const struct {
		const char *chain, *key;
		bool has_listener;
	} expected[] = {
		{ "/etc/ssl/a.pem", "/etc/ssl/a.pem", false },
		{ "/etc/ssl/ec.pem", "/etc/ssl/ec.key", false },
		{ "/etc/ssl/one.pem", "/etc/ssl/one.pem", true },
		{ "/etc/ssl/two.pem", "/etc/ssl/two.pem", true },
	};
	assert_int_equal(server->certificate_count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_string_equal(server->certificates[i]->chain_path, expected[i].chain);
		assert_string_equal(server->certificates[i]->key_path, expected[i].key);
		assert_int_equal(server->certificates[i]->listener != NULL,
		                 expected[i].has_listener);
	}
}

static void test_postfix_maps_and_tables(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	put(&s, "/etc/postfix/users.cf", "server_host = ldap://10.0.0.1\nbind_pw = secret\n");
	put(&s, "/etc/postfix/transport", "example.com smtp:[mx]:25\n# x\n.org  lmtp:unix:/x\n");
	const struct servers_server *server =
		read_one(&s,
	                 "virtual_alias_maps = proxy:ldap:/etc/postfix/users.cf, ldap:old\n"
	                 "old_server_host = 10.0.0.2\n"
	                 "transport_maps = hash:/etc/postfix/transport\n",
	                 master);
	const struct servers_scope *map =
		servers_scope_child(server->top, "map", "/etc/postfix/users.cf");
	assert_string_equal(servers_setting_own(map, "server_host")->value, "ldap://10.0.0.1");
	assert_string_equal(servers_setting_own(map, "map/type")->value, "ldap");
	assert_null(servers_setting_own(map, "bind_pw"));
	map = servers_scope_child(server->top, "map", "old");
	assert_string_equal(servers_setting_own(map, "server_host")->value, "10.0.0.2");
	const struct servers_scope *table =
		servers_scope_child(server->top, "table", "/etc/postfix/transport");
	assert_string_equal(servers_setting_own(table, ".org")->value, "lmtp:unix:/x");
	assert_int_equal(servers_setting_own(table, ".org")->place.line, 3);
}

static void test_postfix_instances(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = { .root = "/no/such/folder" };
	put(&s, "/etc/postfix/main.cf",
	    "multi_instance_directories = /etc/postfix-out /etc/postfix-gone\n");
	put(&s, "/etc/postfix/master.cf", master);
	put(&s, "/etc/postfix-out/main.cf", "multi_instance_name = postfix-out\n");
	put(&s, "/etc/postfix-out/master.cf", master);
	assert_int_equal(servers_postfix_find(&s), 0);
	assert_int_equal(s.server_count, 2);
	assert_string_equal(s.servers[1]->instance, "postfix-out");
	assert_int_equal(s.fault_count, 1);
	assert_string_equal(s.faults[0].path, "/etc/postfix-gone");
}

static void test_postfix_bad_lines_are_named(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	read_one(&s, "smtpd_tls_security_level = may\nnonsense\n", "smtp inet n\n");
	assert_int_equal(s.fault_count, 2);
	assert_string_equal(s.faults[0].path, "/etc/postfix/main.cf");
	assert_int_equal(s.faults[0].line, 2);
	assert_string_equal(s.faults[1].path, "/etc/postfix/master.cf");
	assert_int_equal(s.faults[1].line, 1);
}

static void test_postfix_defaults_by_version(void **state)
{
	(void)state;
	assert_non_null(strstr(servers_postfix_defaults("3.5.6"), "smtpd_tls_protocols = !SSLv2"));
	assert_non_null(
		strstr(servers_postfix_defaults("3.7.11"), "smtpd_tls_protocols = >=TLSv1\n"));
	assert_null(strstr(servers_postfix_defaults("3.7.11"), "smtp_tlsrpt_enable"));
	assert_non_null(strstr(servers_postfix_defaults("3.10.1"), "smtp_tlsrpt_enable = no"));
	assert_non_null(servers_postfix_defaults("of its own making"));
	assert_non_null(servers_postfix_defaults(NULL));
}

/* What postconf says takes the place of what is known here, and of what the files say. */
static int fake_run(void *owner, char *const *argv, struct buf *ret_out, struct buf *ret_said)
{
	bool is_defaults = !strcmp(argv[3], "-d");
	return buf_add_str(ret_out, is_defaults
	                                    ? "mail_version = 9.9.9\nsmtpd_tls_auth_only = yes\n"
	                                    : "smtpd_tls_security_level = encrypt\n");
}

static void test_postfix_told_by_its_program(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = { .root = "/", .run = fake_run };
	put(&s, "/no/such/main.cf", "smtpd_tls_security_level = may\n");
	put(&s, "/no/such/master.cf", master);
	assert_int_equal(servers_postfix_read(&s, "/no/such/main.cf"), 0);
	const struct servers_server *server = s.servers[0];
	assert_true(server->is_by_tool);
	assert_string_equal(server->version, "9.9.9");
	assert_string_equal(servers_value(server->top, "smtpd_tls_auth_only"), "yes");
	const struct servers_setting *level =
		servers_setting_find(server->top, "smtpd_tls_security_level");
	assert_string_equal(level->value, "encrypt");
	assert_int_equal(level->place.line, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cf_values),
		cmocka_unit_test(test_cf_expansion),
		cmocka_unit_test(test_postfix_values_and_places),
		cmocka_unit_test(test_postfix_overrides),
		cmocka_unit_test(test_postfix_listeners),
		cmocka_unit_test(test_postfix_behind_postscreen),
		cmocka_unit_test(test_postfix_certificates),
		cmocka_unit_test(test_postfix_maps_and_tables),
		cmocka_unit_test(test_postfix_instances),
		cmocka_unit_test(test_postfix_bad_lines_are_named),
		cmocka_unit_test(test_postfix_defaults_by_version),
		cmocka_unit_test(test_postfix_told_by_its_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
