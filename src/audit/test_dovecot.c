#include "audit/test_support.h"
#include "base/clean.h"

#define V24 "dovecot_config_version = 2.4.0\nprotocols = imap lmtp\n"
#define LOCAL                                                                                      \
	"service imap-login {\n  inet_listener imap {\n    port = 10143\n    address = "           \
	"127.0.0.1\n"                                                                              \
	"    haproxy = yes\n  }\n  inet_listener imaps {\n    port = 0\n  }\n}\nprotocols = "      \
	"imap\n"

static const struct audited_case cases[] = {
	{ "", NULL, "dovecot-ssl", ADVICE_WARN },
	{ "ssl = no\n", NULL, "dovecot-ssl", ADVICE_FAIL },
	{ "ssl = required\n", NULL, "dovecot-ssl", ADVICE_WELL },
	{ "ssl = no\n" LOCAL, NULL, "dovecot-ssl", ADVICE_WELL },
	{ "ssl = required\nprotocol imap {\n  ssl = no\n}\n", NULL, "dovecot-ssl", ADVICE_FAIL },
	{ "disable_plaintext_auth = no\n", NULL, "dovecot-cleartext", ADVICE_FAIL },
	{ "", NULL, "dovecot-cleartext", ADVICE_WELL },
	{ "remote 127.0.0.1 {\n  disable_plaintext_auth = no\n}\n", NULL, "dovecot-cleartext",
	  ADVICE_WELL },
	{ "remote 10.0.0.0/8 {\n  disable_plaintext_auth = no\n}\n", NULL, "dovecot-cleartext",
	  ADVICE_FAIL },
	{ V24 "auth_allow_cleartext = yes\n", NULL, "dovecot-cleartext", ADVICE_FAIL },
	{ V24, NULL, "dovecot-cleartext", ADVICE_WELL },
	{ "", NULL, "dovecot-certificate", ADVICE_FAIL },
	{ "ssl_cert = </x\nssl_key = </y\n", NULL, "dovecot-certificate", ADVICE_WELL },
	{ V24 "ssl_server_cert_file = /x\n", NULL, "dovecot-certificate", ADVICE_WELL },
	{ "ssl_min_protocol = TLSv1.1\n", NULL, "dovecot-ssl-min-protocol", ADVICE_FAIL },
	{ "ssl_min_protocol = ANY\n", NULL, "dovecot-ssl-min-protocol", ADVICE_FAIL },
	{ "ssl_min_protocol = TLSv1.3\n", NULL, "dovecot-ssl-min-protocol", ADVICE_WELL },
	{ "", NULL, "dovecot-ssl-cipher-list", ADVICE_WARN },
	{ "ssl_cipher_list = HIGH:aNULL\n", NULL, "dovecot-ssl-cipher-list", ADVICE_FAIL },
	{ "ssl_cipher_list = ECDHE+AESGCM\n", NULL, "dovecot-ssl-cipher-list", ADVICE_WELL },
	{ "ssl_cipher_list = no-such\n", NULL, "dovecot-ssl-cipher-list", ADVICE_WARN },
	{ "ssl_cipher_list = ECDHE+AESGCM\n", NULL, "dovecot-prefer-server", ADVICE_WELL },
	{ "", NULL, "dovecot-prefer-server", ADVICE_WARN },
	{ V24 "ssl_server_prefer_ciphers = server\n", NULL, "dovecot-prefer-server", ADVICE_WELL },
	{ "login_trusted_networks = 127.0.0.0/8 ::1\n", NULL, "dovecot-login-trusted-networks",
	  ADVICE_WELL },
	{ "login_trusted_networks = 10.0.0.0/8\n", NULL, "dovecot-login-trusted-networks",
	  ADVICE_FAIL },
	{ V24 "ssl = required\nlogin_trusted_networks = 10.0.0.0/8\n", NULL,
	  "dovecot-login-trusted-networks", ADVICE_WARN },
	{ "login_log_format_elements = user=<%u> %k\n", NULL, "dovecot-login-log", ADVICE_WELL },
	{ V24 "login_log_format_elements = %{ssl_security}\n", NULL, "dovecot-login-log",
	  ADVICE_WELL },
	{ V24, NULL, "dovecot-login-log", ADVICE_WARN },
	{ "auth_mechanisms = plain scram-sha-256-plus\n", NULL, "dovecot-channel-binding",
	  ADVICE_WELL },
	{ "auth_mechanisms = plain scram-sha-256-plus\n" LOCAL, NULL, "dovecot-channel-binding",
	  ADVICE_WARN },
	{ "haproxy_trusted_networks = 0.0.0.0/0\nservice imap-login {\n  inet_listener imap {\n"
	  "    haproxy = yes\n  }\n}\n",
	  NULL, "dovecot-haproxy-trusted-networks", ADVICE_FAIL },
	{ "haproxy_trusted_networks = 10.0.0.1\nservice imap-login {\n  inet_listener imap {\n"
	  "    haproxy = yes\n  }\n}\n",
	  NULL, "dovecot-haproxy-trusted-networks", ADVICE_WELL },
	{ "ssl_client_require_valid_cert = no\n", NULL, "dovecot-client-verify", ADVICE_FAIL },

	/* hops */
	{ "service lmtp {\n  inet_listener lmtp {\n    port = 24\n  }\n}\n", NULL,
	  "dovecot-internal-listener", ADVICE_FAIL },
	{ "service lmtp {\n  inet_listener lmtp {\n    port = 24\n    ssl = yes\n  }\n}\n", NULL,
	  "dovecot-internal-listener", ADVICE_WELL },
	{ "service lmtp {\n  inet_listener lmtp {\n    port = 24\n    address = 127.0.0.1\n  "
	  "}\n}\n",
	  NULL, "dovecot-internal-listener", ADVICE_WELL },
	{ "service doveadm {\n  inet_listener {\n    port = 12345\n  }\n}\n", NULL,
	  "dovecot-internal-listener", ADVICE_FAIL },
	{ "service auth {\n  inet_listener {\n    port = 12345\n    ssl = yes\n  }\n}\n", NULL,
	  "dovecot-socket-only", ADVICE_FAIL },
	{ "service dict {\n  inet_listener {\n    port = 2000\n  }\n}\n", NULL,
	  "dovecot-socket-only", ADVICE_FAIL },
	{ "passdb {\n  args = proxy=y host=10.0.0.1\n}\n", NULL, "dovecot-proxy", ADVICE_FAIL },
	{ "passdb {\n  args = proxy=y host=10.0.0.1 ssl=any-cert\n}\n", NULL, "dovecot-proxy",
	  ADVICE_FAIL },
	{ "passdb {\n  args = proxy=y host=10.0.0.1 ssl=yes\n}\n", NULL, "dovecot-proxy",
	  ADVICE_WELL },
	{ "passdb {\n  args = proxy=y host=127.0.0.1\n}\n", NULL, "dovecot-proxy", ADVICE_WELL },
	{ V24 "passdb static {\n  fields {\n    proxy = yes\n    host = 10.0.0.1\n  }\n}\n", NULL,
	  "dovecot-proxy", ADVICE_FAIL },
	{ V24 "passdb static {\n  fields {\n    proxy = yes\n    ssl = yes\n  }\n}\n", NULL,
	  "dovecot-proxy", ADVICE_WELL },
	{ "imapc_host = 10.0.0.1\n", NULL, "dovecot-client", ADVICE_FAIL },
	{ "imapc_host = 10.0.0.1\nimapc_ssl = imaps\n", NULL, "dovecot-client", ADVICE_WELL },
	{ "imapc_host = 10.0.0.1\nimapc_ssl = imaps\nimapc_ssl_verify = no\n", NULL,
	  "dovecot-client", ADVICE_FAIL },
	{ "submission_relay_host = 127.0.0.1\n", NULL, "dovecot-client", ADVICE_WELL },
	{ "submission_relay_host = mx.example.org\n", NULL, "dovecot-client", ADVICE_FAIL },
	{ "doveadm_port = 12345\n", NULL, "dovecot-doveadm", ADVICE_FAIL },
	{ "doveadm_port = 12345\ndoveadm_ssl = ssl\n", NULL, "dovecot-doveadm", ADVICE_WELL },
	{ "plugin {\n  mail_replica = tcp:10.0.0.1\n}\n", NULL, "dovecot-replication",
	  ADVICE_FAIL },
	{ "plugin {\n  mail_replica = tcps:10.0.0.1\n}\n", NULL, "dovecot-replication",
	  ADVICE_WELL },
	{ V24 "passdb ldap {\n  ldap_uris = ldap://10.0.0.1\n}\n", NULL, "dovecot-ldap",
	  ADVICE_FAIL },
	{ V24 "passdb ldap {\n  ldap_uris = ldap://10.0.0.1\n  ldap_starttls = yes\n}\n", NULL,
	  "dovecot-ldap", ADVICE_WELL },
	{ V24 "ldap_uris = ldap://10.0.0.1\n", NULL, "dovecot-ldap", ADVICE_FAIL },
	{ V24 "passdb sql {\n  mysql 10.0.0.1 {\n  }\n}\n", NULL, "dovecot-sql", ADVICE_FAIL },
	{ V24 "mysql 10.0.0.1 {\n  ssl = yes\n}\n", NULL, "dovecot-sql", ADVICE_WELL },
	{ V24 "pgsql db1 {\n  parameters {\n    sslmode = require\n  }\n}\n", NULL, "dovecot-sql",
	  ADVICE_FAIL },
	{ V24 "pgsql db1 {\n  parameters {\n    sslmode = verify-full\n  }\n}\n", NULL,
	  "dovecot-sql", ADVICE_WELL },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(audited_deinit) struct audited a = {};
		audited_put(&a, "/etc/dovecot/dovecot.conf", cases[i].text);
		audited_run(&a, "m3aawg");
		audited_check(&cases[i], &a);
	}
}

static void test_external_files(void **state)
{
	(void)state;
	static const struct {
		const char *text, *id;
		enum advice_verdict verdict;
	} files[] = {
		{ "hosts = 10.0.0.1\n", "dovecot-ldap", ADVICE_FAIL },
		{ "uris = ldaps://10.0.0.1\n", "dovecot-ldap", ADVICE_WELL },
		{ "uris = ldaps://10.0.0.1\ntls_require_cert = never\n", "dovecot-ldap",
		  ADVICE_FAIL },
		{ "hosts = localhost\n", "dovecot-ldap", ADVICE_WELL },
		{ "connect = host=db1 dbname=x\n", "dovecot-sql", ADVICE_FAIL },
		{ "connect = host=/run/mysqld/mysqld.sock\n", "dovecot-sql", ADVICE_WELL },
		{ "connect = host=db1 sslmode=verify-full\n", "dovecot-sql", ADVICE_WELL },
		{ "connect = host=db1 ssl_ca=/x ssl_verify_server_cert=yes\n", "dovecot-sql",
		  ADVICE_WELL },
		{ "password_query = SELECT host, 'y' AS proxy FROM users\n", "dovecot-proxy",
		  ADVICE_FAIL },
		{ "password_query = SELECT host, 'y' AS proxy, 'yes' AS ssl FROM users\n",
		  "dovecot-proxy", ADVICE_WELL },
	};
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEAN(audited_deinit) struct audited a = {};
		audited_put(&a, "/etc/dovecot/dovecot.conf",
		            "passdb {\n  args = /etc/dovecot/users.conf.ext\n}\n");
		audited_put(&a, "/etc/dovecot/users.conf.ext", files[i].text);
		audited_run(&a, "m3aawg");
		audited_check(&(struct audited_case){ files[i].text, NULL, files[i].id,
		                                      files[i].verdict },
		              &a);
	}
}

static void test_files_of_23_in_24(void **state)
{
	(void)state;
	CLEAN(audited_deinit) struct audited a = {};
	audited_put(&a, "/etc/dovecot/dovecot.conf", "ssl = required\n");
	audited_put(
		&a, "/var/lib/dpkg/status",
		"Package: dovecot-core\nStatus: install ok installed\nVersion: 1:2.4.1+dfsg1-6\n");
	audited_run(&a, "m3aawg");
	assert_non_null(audited_find(&a, "dovecot-config-version"));
}

static void test_mends(void **state)
{
	(void)state;
	CLEAN(audited_deinit) struct audited a = {};
	audited_put(&a, "/etc/dovecot/dovecot.conf",
	            "!include ssl.conf\nservice lmtp {\n  inet_listener lmtp {\n    port = 24\n  "
	            "}\n}\n");
	audited_put(&a, "/etc/dovecot/ssl.conf", "# x\n  ssl = yes # so be it\n");
	audited_run(&a, "m3aawg");
	const struct audit_finding *f = audited_find(&a, "dovecot-ssl");
	assert_string_equal(f->mend, "/etc/dovecot/ssl.conf:2: ssl = required");
	assert_string_equal(f->edit.text, "  ssl = required\n");
	assert_int_equal(f->edit.line, 2);
	f = audited_find(&a, "dovecot-prefer-server");
	assert_string_equal(f->edit.path, "/etc/dovecot/dovecot.conf");
	assert_int_equal(f->edit.line, 0);
	f = audited_find(&a, "dovecot-internal-listener");
	assert_null(f->edit.path);
	assert_int_equal(f->place.line, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_external_files),
		cmocka_unit_test(test_files_of_23_in_24),
		cmocka_unit_test(test_mends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
