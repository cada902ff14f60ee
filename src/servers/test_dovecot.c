#include "base/clean.h"
#include "servers/dovecot.h"
#include "servers/dovecot_conf.h"
#include "servers/reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void put(struct servers *s, const char *path, const char *text)
{
	assert_int_equal(servers_file_put(s, path, slice_str(text)), 0);
}

static const struct servers_server *read_one(struct servers *s, const char *text)
{
	s->root = "/no/such/folder";
	put(s, "/etc/dovecot/dovecot.conf", text);
	assert_int_equal(servers_dovecot_find(s), 0);
	assert_int_equal(s->server_count, 1);
	return s->servers[0];
}

static const struct servers_listener *listener_of(const struct servers_server *server,
                                                  const char *name)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (!strcmp(server->listeners[i]->name, name))
			return server->listeners[i];
	return NULL;
}

static void test_conf_lines(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum servers_dovecot_conf_kind kind;
		const char *name, *value;
		bool is_file;
		unsigned lines;
	} cases[] = {
		{ "ssl = yes\n", SERVERS_DOVECOT_CONF_SETTING, "ssl", "yes", false, 1 },
		{ "  ssl=yes", SERVERS_DOVECOT_CONF_SETTING, "ssl", "yes", false, 1 },
		{ "a = b # c\n", SERVERS_DOVECOT_CONF_SETTING, "a", "b", false, 1 },
		{ "a = b#c\n", SERVERS_DOVECOT_CONF_SETTING, "a", "b#c", false, 1 },
		{ "a = \"b # c\" # d\n", SERVERS_DOVECOT_CONF_SETTING, "a", "b # c", false, 1 },
		{ "a = \"b \\\"c\\\"\"\n", SERVERS_DOVECOT_CONF_SETTING, "a", "b \"c\"", false, 1 },
		{ "a =\n", SERVERS_DOVECOT_CONF_SETTING, "a", "", false, 1 },
		{ "ssl_cert = </etc/x.pem\n", SERVERS_DOVECOT_CONF_SETTING, "ssl_cert",
		  "/etc/x.pem", true, 1 },
		{ "a = b \\\n  c\n", SERVERS_DOVECOT_CONF_SETTING, "a", "b c", false, 2 },
		{ "service imap-login {\n", SERVERS_DOVECOT_CONF_BLOCK, "service", "imap-login",
		  false, 1 },
		{ "passdb {\n", SERVERS_DOVECOT_CONF_BLOCK, "passdb", "", false, 1 },
		{ "mailbox \"Sent Messages\" {\n", SERVERS_DOVECOT_CONF_BLOCK, "mailbox",
		  "Sent Messages", false, 1 },
		{ "}\n", SERVERS_DOVECOT_CONF_END, "", "", false, 1 },
		{ "!include conf.d/*.conf\n", SERVERS_DOVECOT_CONF_INCLUDE, "", "conf.d/*.conf",
		  false, 1 },
		{ "!include_try local.conf\n", SERVERS_DOVECOT_CONF_INCLUDE_TRY, "", "local.conf",
		  false, 1 },
		{ "nonsense\n", SERVERS_DOVECOT_CONF_BAD, "",
		  "neither \"name = value\" nor the begin or end of a block", false, 1 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct servers_dovecot_conf conf = { slice_str(cases[i].text), 1 };
		CLEAN(buf_deinit) struct buf words = {};
		struct servers_dovecot_conf_line line;
		int r = 0;
		assert_true(servers_dovecot_conf_next(&conf, &words, &line, &r));
		assert_int_equal(line.kind, cases[i].kind);
		assert_string_equal(line.name, cases[i].name);
		assert_string_equal(line.value, cases[i].value);
		assert_int_equal(line.is_file, cases[i].is_file);
		assert_int_equal(line.lines, cases[i].lines);
		assert_false(servers_dovecot_conf_next(&conf, &words, &line, &r));
	}
}

static void test_dovecot_includes_and_places(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	put(&s, "/etc/dovecot/ssl.conf", "# x\nssl = required\n");
	const struct servers_server *server =
		read_one(&s, "ssl = no\n!include ssl.conf\n!include_try gone.conf\n"
	                     "mail_plugins = a\nmail_plugins = $mail_plugins b\n");
	const struct servers_setting *ssl = servers_setting_find(server->top, "ssl");
	assert_string_equal(ssl->value, "required");
	assert_string_equal(ssl->place.path, "/etc/dovecot/ssl.conf");
	assert_int_equal(ssl->place.line, 2);
	assert_string_equal(servers_value(server->top, "mail_plugins"), "a b");
	assert_true(servers_setting_find(server->top, "ssl_min_protocol")->is_default);
	assert_int_equal(s.fault_count, 0);
}

static void test_dovecot_missing_include_is_named(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	read_one(&s, "\n!include gone.conf\n");
	assert_int_equal(s.fault_count, 1);
	assert_string_equal(s.faults[0].path, "/etc/dovecot/gone.conf");
	assert_non_null(strstr(s.faults[0].text, "dovecot.conf:2"));
}

static void test_dovecot_include_of_itself_ends(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	read_one(&s, "!include dovecot.conf\n!include dovecot.conf\nssl = required\n");
	assert_true(s.fault_count > 0);
	assert_string_equal(servers_value(s.servers[0]->top, "ssl"), "required");
}

static void test_dovecot_listeners(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server =
		read_one(&s, "protocols = imap\nlisten = 192.0.2.1\n"
	                     "service imap-login {\n  inet_listener imap {\n    port = 0\n  }\n"
	                     "  inet_listener behind {\n    port = 10143\n    address = 127.0.0.1\n"
	                     "    haproxy = yes\n  }\n}\n"
	                     "service lmtp {\n  unix_listener lmtp {\n    mode = 0600\n  }\n}\n"
	                     "service auth {\n  inet_listener {\n    port = 12345\n  }\n}\n");
	assert_null(listener_of(server, "imap-login imap"));
	assert_null(listener_of(server, "pop3-login pop3"));
	assert_null(listener_of(server, "lmtp lmtp"));
	const struct servers_listener *imaps = listener_of(server, "imap-login imaps");
	assert_string_equal(imaps->address, "192.0.2.1");
	assert_int_equal(imaps->port, 993);
	assert_true(imaps->is_tls);
	const struct servers_listener *behind = listener_of(server, "imap-login behind");
	assert_string_equal(behind->address, "127.0.0.1");
	assert_true(behind->expects_proxy);
	assert_int_equal(behind->protocol, SERVERS_IMAP);
	assert_int_equal(listener_of(server, "auth")->protocol, SERVERS_INTERNAL);
}

static void test_dovecot_certificates(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server =
		read_one(&s, "protocols = imap pop3\nssl_cert = </a.pem\nssl_key = </a.key\n"
	                     "local_name imap.example.org {\n  ssl_cert = </b.pem\n"
	                     "  ssl_key = </b.key\n}\n"
	                     "protocol pop3 {\n  ssl_cert = </c.pem\n}\n");
	assert_int_equal(server->certificate_count, 6); /* c.pem: 110 and 995, both families */
	assert_string_equal(server->certificates[0]->chain_path, "/a.pem");
	assert_string_equal(server->certificates[0]->key_path, "/a.key");
	assert_string_equal(server->certificates[1]->name, "imap.example.org");
	assert_string_equal(server->certificates[2]->chain_path, "/c.pem");
	assert_string_equal(server->certificates[2]->key_path, "/a.key");
	assert_int_equal(server->certificates[2]->listener->port, 110);
}

static void test_dovecot_24(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	const struct servers_server *server =
		read_one(&s, "dovecot_config_version = 2.4.0\n"
	                     "protocols {\n  imap = yes\n}\nprotocols {\n  pop3 = no\n}\n"
	                     "ssl_server {\n  cert_file = /a.pem\n  key_file = /a.key\n}\n"
	                     "base = x\nother = $SET:base y\n"
	                     "passdb sql {\n  passdb_driver = static\n  fields {\n"
	                     "    proxy = yes\n  }\n}\n");
	assert_true(servers_dovecot_is_24(server));
	assert_true(servers_dovecot_has_protocol(server, "imap"));
	assert_false(servers_dovecot_has_protocol(server, "pop3"));
	assert_string_equal(servers_value(server->top, "ssl_server_cert_file"), "/a.pem");
	assert_int_equal(servers_setting_find(server->top, "ssl_server_cert_file")->place.line, 9);
	assert_string_equal(servers_value(server->top, "other"), "x y");
	const struct servers_scope *passdb = servers_scope_child(server->top, "passdb", "sql");
	assert_string_equal(servers_setting_own(passdb, "driver")->value, "static");
	assert_string_equal(server->certificates[0]->chain_path, "/a.pem");
}

static void test_dovecot_externals_without_secrets(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	put(&s, "/etc/dovecot/sql.conf.ext",
	    "driver = mysql\nconnect = host=10.0.0.1 dbname=mail password=secret1 x=y\n");
	put(&s, "/etc/dovecot/ldap.conf.ext", "uris = ldap://10.0.0.2\ndnpass = secret2\n");
	const struct servers_server *server =
		read_one(&s, "passdb {\n  driver = sql\n  args = /etc/dovecot/sql.conf.ext\n}\n"
	                     "passdb {\n  driver = ldap\n  args = /etc/dovecot/ldap.conf.ext\n}\n"
	                     "doveadm_password = secret3\n");
	const struct servers_scope *first = servers_scope_next(server->top, "passdb", NULL);
	const struct servers_scope *second = servers_scope_next(server->top, "passdb", first);
	const struct servers_scope *sql =
		servers_scope_child(first, "external", "/etc/dovecot/sql.conf.ext");
	const struct servers_scope *ldap =
		servers_scope_child(second, "external", "/etc/dovecot/ldap.conf.ext");
	assert_string_equal(servers_setting_own(sql, "connect")->value,
	                    "host=10.0.0.1 dbname=mail password= x=y");
	assert_string_equal(servers_setting_own(sql, "connect")->place.path,
	                    "/etc/dovecot/sql.conf.ext");
	assert_string_equal(servers_setting_own(ldap, "uris")->value, "ldap://10.0.0.2");
	assert_null(servers_setting_own(ldap, "dnpass"));
	assert_null(servers_setting_own(server->top, "doveadm_password"));
}

static void test_dovecot_bad_blocks_are_named(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = {};
	read_one(&s, "}\nservice x {\n  a = b\n");
	assert_int_equal(s.fault_count, 2);
	assert_int_equal(s.faults[0].line, 1);
	assert_int_equal(s.faults[1].line, 2);
}

/* doveconf hides keys, and has values of what an include on another machine says. */
static int fake_run(void *owner, char *const *argv, struct buf *ret_out, struct buf *ret_said)
{
	bool is_defaults = !strcmp(argv[3], "-d");
	return buf_add_str(ret_out, is_defaults
	                                    ? "ssl_min_protocol = TLSv1.3\n"
	                                    : "# 2.3.99 (abc): /x/dovecot.conf\nssl = required\n"
	                                      "ssl_key = # hidden, use -P to show it\n");
}

static void test_dovecot_told_by_its_program(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = { .root = "/", .run = fake_run };
	put(&s, "/x/dovecot.conf", "ssl = yes\nssl_key = </a.key\n");
	assert_int_equal(servers_dovecot_read(&s, "/x/dovecot.conf"), 0);
	const struct servers_server *server = s.servers[0];
	assert_string_equal(server->version, "2.3.99");
	assert_string_equal(servers_value(server->top, "ssl"), "required");
	assert_int_equal(servers_setting_find(server->top, "ssl")->place.line, 1);
	assert_string_equal(servers_value(server->top, "ssl_min_protocol"), "TLSv1.3");
	assert_string_equal(servers_value(server->top, "ssl_key"), "/a.key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conf_lines),
		cmocka_unit_test(test_dovecot_includes_and_places),
		cmocka_unit_test(test_dovecot_missing_include_is_named),
		cmocka_unit_test(test_dovecot_include_of_itself_ends),
		cmocka_unit_test(test_dovecot_listeners),
		cmocka_unit_test(test_dovecot_certificates),
		cmocka_unit_test(test_dovecot_24),
		cmocka_unit_test(test_dovecot_externals_without_secrets),
		cmocka_unit_test(test_dovecot_bad_blocks_are_named),
		cmocka_unit_test(test_dovecot_told_by_its_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
