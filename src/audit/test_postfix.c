#include "audit/test_support.h"
#include "base/clean.h"

#define SMTP "smtp inet n - y - - smtpd\n"
#define OUT "smtp unix - - y - - smtp\nlmtp unix - - y - - lmtp\n"
#define SASL "smtpd_sasl_auth_enable = yes\n"
#define MAY "smtpd_tls_security_level = may\n"
#define SUBMISSION "587 inet n - y - - smtpd "

static const struct audited_case cases[] = {
	{ "", SMTP, "postfix-smtpd-tls-security-level", ADVICE_FAIL },
	{ "smtpd_tls_security_level = none\n", SMTP, "postfix-smtpd-tls-security-level",
	  ADVICE_FAIL },
	{ "smtpd_use_tls = yes\n", SMTP, "postfix-smtpd-tls-security-level", ADVICE_WELL },
	{ MAY, SMTP, "postfix-smtpd-tls-security-level", ADVICE_WELL },
	{ "", "127.0.0.1:25 inet n - y - - smtpd\n", "postfix-smtpd-tls-security-level",
	  ADVICE_WELL },
	{ "inet_interfaces = loopback-only\n", SMTP, "postfix-smtpd-tls-security-level",
	  ADVICE_WELL },
	{ MAY, "25 inet n - y - - smtpd -o smtpd_tls_security_level=none\n",
	  "postfix-smtpd-tls-security-level", ADVICE_FAIL },
	{ MAY, SMTP, "postfix-certificate", ADVICE_FAIL },
	{ MAY "smtpd_tls_chain_files = /k.pem\n", SMTP, "postfix-certificate", ADVICE_WELL },

	{ MAY, SUBMISSION "\n", "postfix-submission-encrypt", ADVICE_FAIL },
	{ MAY, SUBMISSION "-o smtpd_tls_security_level=encrypt\n", "postfix-submission-encrypt",
	  ADVICE_WELL },
	{ MAY, "submissions inet n - y - - smtpd -o smtpd_tls_wrappermode=yes\n",
	  "postfix-submission-encrypt", ADVICE_WELL },
	{ MAY, "smtps inet n - y - - smtpd\n", "postfix-submissions-wrappermode", ADVICE_FAIL },
	{ MAY, "465 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes\n",
	  "postfix-submissions-wrappermode", ADVICE_WELL },

	{ MAY SASL, SMTP, "postfix-smtpd-tls-auth-only", ADVICE_FAIL },
	{ MAY, SMTP, "postfix-smtpd-tls-auth-only", ADVICE_WELL },
	{ MAY SASL "smtpd_tls_auth_only = yes\n", SMTP, "postfix-smtpd-tls-auth-only",
	  ADVICE_WELL },
	{ MAY, SUBMISSION "-o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes\n",
	  "postfix-smtpd-tls-auth-only", ADVICE_WELL },
	{ MAY SASL, SMTP, "postfix-auth-on-25", ADVICE_WARN },
	{ MAY SASL, "25 inet n - y - - smtpd -o smtpd_sasl_auth_enable=no\n", "postfix-auth-on-25",
	  ADVICE_WELL },
	{ MAY SASL "smtpd_sasl_security_options =\n", SMTP, "postfix-sasl-noanonymous",
	  ADVICE_FAIL },

	{ MAY, SMTP, "postfix-smtpd-tls-protocols", ADVICE_WARN },
	{ MAY "smtpd_tls_protocols = !SSLv3\n", SMTP, "postfix-smtpd-tls-protocols", ADVICE_FAIL },
	{ MAY "smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1\n", SMTP,
	  "postfix-smtpd-tls-protocols", ADVICE_WELL },
	{ MAY "smtpd_tls_protocols = TLSv1.2 TLSv1.3\n", SMTP, "postfix-smtpd-tls-protocols",
	  ADVICE_WELL },
	{ MAY "smtpd_tls_protocols = >=TLSv1.2\n", SMTP, "postfix-smtpd-tls-protocols",
	  ADVICE_WELL },
	{ MAY, SUBMISSION "-o smtpd_tls_security_level=encrypt\n",
	  "postfix-smtpd-tls-mandatory-protocols", ADVICE_FAIL },
	{ MAY, SMTP, "postfix-smtpd-tls-mandatory-protocols", ADVICE_WELL },

	{ MAY, SMTP, "postfix-smtpd-tls-ciphers", ADVICE_WARN },
	{ MAY "smtpd_tls_exclude_ciphers = aNULL, kRSA, PSK, SRP, DSS, 3DES, RC4, CAMELLIA, ARIA, "
	      "SEED\n",
	  SMTP, "postfix-smtpd-tls-ciphers", ADVICE_WELL },
	{ MAY "smtpd_tls_exclude_ciphers = aNULL, kRSA, PSK, SRP, DSS, 3DES, RC4, CAMELLIA, ARIA, "
	      "SEED\n",
	  SMTP, "postfix-tls-preempt-cipherlist", ADVICE_WARN },
	{ "smtpd_tls_security_level = encrypt\n", SMTP, "postfix-smtpd-tls-mandatory-ciphers",
	  ADVICE_FAIL },

	{ MAY, SMTP, "postfix-tls-ssl-options", ADVICE_WARN },
	{ MAY "tls_ssl_options = no_compression, no_renegotiation\n", SMTP,
	  "postfix-tls-ssl-options", ADVICE_WELL },
	{ MAY, SMTP, "postfix-smtpd-tls-loglevel", ADVICE_WARN },
	{ MAY "smtpd_tls_loglevel = 2\n", SMTP, "postfix-smtpd-tls-loglevel", ADVICE_WELL },
	{ MAY "smtpd_tls_ask_ccert = yes\n", SMTP, "postfix-smtpd-tls-ask-ccert", ADVICE_WARN },

	{ MAY, "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n",
	  "postfix-postscreen-tls", ADVICE_WELL },
	{ MAY, "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n",
	  "postfix-tlsproxy-service", ADVICE_FAIL },
	{ MAY,
	  "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n"
	  "tlsproxy unix - - y - 0 tlsproxy\n",
	  "postfix-tlsproxy-service", ADVICE_WELL },
	{ MAY "postscreen_tls_security_level = none\n",
	  "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n", "postfix-postscreen-tls",
	  ADVICE_FAIL },
	{ MAY "tlsproxy_tls_security_level = none\n",
	  "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n", "postfix-tlsproxy-tls",
	  ADVICE_FAIL },

	{ "smtp_tls_security_level =\n", OUT, "postfix-smtp-tls-security-level", ADVICE_FAIL },
	{ "smtp_use_tls = yes\nsmtp_tls_security_level =\n", OUT, "postfix-smtp-tls-security-level",
	  ADVICE_WELL },
	{ "smtp_tls_security_level = may\n", OUT, "postfix-smtp-dane", ADVICE_INFO },
	{ "smtp_tls_security_level = dane\n", OUT, "postfix-smtp-dnssec", ADVICE_FAIL },
	{ "smtp_tls_security_level = dane\nsmtp_dns_support_level = dnssec\n", OUT,
	  "postfix-smtp-dnssec", ADVICE_WELL },
	{ "smtp_tls_security_level = may\nsmtp_sasl_auth_enable = yes\n"
	  "smtp_sasl_security_options = noanonymous\n",
	  OUT, "postfix-smtp-sasl-noplaintext", ADVICE_FAIL },
	{ "smtp_tls_security_level = may\nsmtp_sasl_auth_enable = yes\n", OUT,
	  "postfix-smtp-sasl-noplaintext", ADVICE_WELL },
	{ "smtp_tls_security_level = encrypt\nsmtp_sasl_auth_enable = yes\n"
	  "smtp_sasl_security_options = noanonymous\n",
	  OUT, "postfix-smtp-sasl-noplaintext", ADVICE_WELL },
	{ "smtp_tls_security_level = secure\n", OUT, "postfix-smtp-early-reply", ADVICE_WARN },

	{ "smtpd_upstream_proxy_protocol = haproxy\n", SMTP, "postfix-proxy-open", ADVICE_FAIL },
	{ "smtpd_upstream_proxy_protocol = haproxy\n", "127.0.0.1:10025 inet n - y - - smtpd\n",
	  "postfix-proxy-open", ADVICE_WELL },
	{ "smtpd_authorized_xclient_hosts = 127.0.0.0/8 [::1]/128\n", SMTP, "postfix-xclient-hosts",
	  ADVICE_WELL },
	{ "smtpd_authorized_xclient_hosts = 10.1.0.0/16\n", SMTP, "postfix-xclient-hosts",
	  ADVICE_WARN },

	/* hops */
	{ "smtpd_milters = inet:10.0.0.5:8891\n", SMTP, "postfix-milter", ADVICE_FAIL },
	{ "smtpd_milters = { inet:mail.example.org:8891, connect_timeout=1s }\n", SMTP,
	  "postfix-milter", ADVICE_FAIL },
	{ "smtpd_milters = unix:x/y, inet:127.0.0.1:1, inet:localhost:1, { unix:/x, a=b }\n", SMTP,
	  "postfix-milter", ADVICE_WELL },
	{ "", "25 inet n - y - - smtpd -o smtpd_milters=inet:10.0.0.5:1\n", "postfix-milter",
	  ADVICE_FAIL },
	{ "smtpd_recipient_restrictions = check_policy_service inet:10.0.0.5:1\n", SMTP,
	  "postfix-policy-service", ADVICE_FAIL },
	{ "smtpd_end_of_data_restrictions = check_policy_service { inet:policy:1, timeout=1s }\n",
	  SMTP, "postfix-policy-service", ADVICE_FAIL },
	{ "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:1\n", SMTP,
	  "postfix-policy-service", ADVICE_WELL },
	{ "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:10.0.0.5:12345\n", SMTP,
	  "postfix-sasl-path", ADVICE_FAIL },
	{ "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:12345\n", SMTP,
	  "postfix-sasl-path", ADVICE_WELL },
	{ "content_filter = smtp:[10.0.0.5]:10024\n", OUT, "postfix-content-filter", ADVICE_FAIL },
	{ "content_filter = smtp:[127.0.0.1]:10024\n", OUT, "postfix-content-filter", ADVICE_WELL },
	{ "virtual_transport = lmtp:inet:10.0.0.5:24\n", OUT, "postfix-lmtp", ADVICE_FAIL },
	{ "virtual_transport = lmtp:unix:private/dovecot-lmtp\n", OUT, "postfix-lmtp",
	  ADVICE_WELL },
	{ "virtual_transport = lmtp:inet:10.0.0.5:24\nlmtp_tls_security_level = secure\n", OUT,
	  "postfix-lmtp", ADVICE_WELL },
	{ "virtual_transport = lmtp:inet:10.0.0.5:24\nlmtp_tls_security_level = encrypt\n", OUT,
	  "postfix-hop-verify", ADVICE_WARN },
	{ "relayhost = [smart.example.net]:587\nsmtp_tls_security_level = may\n", OUT,
	  "postfix-relayhost", ADVICE_WARN },
	{ "relayhost = [smart.example.net]:587\nsmtp_tls_security_level = may\n"
	  "smtp_tls_policy_maps = socketmap:unix:mailseal/policy:policy\n",
	  OUT, "postfix-relayhost", ADVICE_INFO },
	{ "relayhost = smart.example.net:587\nsmtp_tls_security_level = secure\n", OUT,
	  "postfix-relayhost", ADVICE_WELL },
	{ "relayhost = [127.0.0.1]:10026\n", OUT, "postfix-relayhost", ADVICE_WELL },
	{ "default_transport = smtp\nrelay_transport = smtp\n", OUT, "postfix-transport",
	  ADVICE_WELL },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(audited_deinit) struct audited a = {};
		audited_put(&a, "/etc/postfix/main.cf", cases[i].text);
		audited_put(&a, "/etc/postfix/master.cf", cases[i].more);
		audited_run(&a, "m3aawg");
		audited_check(&cases[i], &a);
	}
}

static const struct {
	const char *type, *map, *id;
	enum advice_verdict verdict;
} maps[] = {
	{ "ldap", "server_host = ldap://10.0.0.1\n", "postfix-map-ldap", ADVICE_FAIL },
	{ "ldap", "server_host = 127.0.0.1 ldap1\n", "postfix-map-ldap", ADVICE_FAIL },
	{ "ldap", "server_host = ldapi://%2Fx\n", "postfix-map-ldap", ADVICE_WELL },
	{ "ldap", "server_host = ldaps://10.0.0.1\n", "postfix-map-ldap", ADVICE_WELL },
	{ "ldap", "server_host = ldaps://10.0.0.1\n", "postfix-map-ldap-verify", ADVICE_FAIL },
	{ "ldap", "server_host = ldap://10.0.0.1\nstart_tls = yes\ntls_require_cert = yes\n",
	  "postfix-map-ldap-verify", ADVICE_WELL },
	{ "mysql", "hosts = unix:/x localhost 127.0.0.1\n", "postfix-map-mysql", ADVICE_WELL },
	{ "mysql", "hosts = db1\n", "postfix-map-mysql", ADVICE_FAIL },
	{ "mysql", "hosts = db1\ntls_verify_cert = yes\n", "postfix-map-mysql", ADVICE_WELL },
	{ "pgsql", "hosts = 10.0.0.1\n", "postfix-map-pgsql", ADVICE_FAIL },
	{ "pgsql", "hosts = postgresql://u@db1/mail?sslmode=require\n", "postfix-map-pgsql",
	  ADVICE_FAIL },
	{ "pgsql", "hosts = postgresql://u@db1/mail?sslmode=verify-full\n", "postfix-map-pgsql",
	  ADVICE_WELL },
};

static void test_maps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(maps); i++) {
		CLEAN(audited_deinit) struct audited a = {};
		char main_cf[128];
		snprintf(main_cf, sizeof(main_cf), "alias_maps = proxy:%s:/etc/postfix/map.cf\n",
		         maps[i].type);
		audited_put(&a, "/etc/postfix/main.cf", main_cf);
		audited_put(&a, "/etc/postfix/master.cf", SMTP);
		audited_put(&a, "/etc/postfix/map.cf", maps[i].map);
		audited_run(&a, "m3aawg");
		audited_check(&(struct audited_case){ maps[i].map, maps[i].type, maps[i].id,
		                                      maps[i].verdict },
		              &a);
	}
}

static void test_transport_table(void **state)
{
	(void)state;
	CLEAN(audited_deinit) struct audited a = {};
	audited_put(&a, "/etc/postfix/main.cf",
	            "transport_maps = hash:/etc/postfix/transport\n"
	            "smtp_tls_policy_maps = texthash:/etc/postfix/tls\n");
	audited_put(&a, "/etc/postfix/master.cf", OUT);
	audited_put(&a, "/etc/postfix/transport",
	            "one.example smtp:[10.0.0.1]:25\ntwo.example smtp:[10.0.0.2]:25\n"
	            "three.example smtp:[127.0.0.1]:25\nfour.example lmtp:inet:10.0.0.4:24\n");
	audited_put(&a, "/etc/postfix/tls", "[10.0.0.2]:25 secure match=mx\n");
	audited_run(&a, "m3aawg");
	assert_int_equal(audited_count(&a, "postfix-transport"), 1);
	assert_int_equal(audited_find(&a, "postfix-transport")->place.line, 1);
	assert_int_equal(audited_count(&a, "postfix-lmtp"), 1);
}

/* One next hop of many domains is one finding; of very many next hops the first are named. */
static void test_transport_table_is_bounded(void **state)
{
	(void)state;
	CLEAN(audited_deinit) struct audited a = {};
	CLEAN(buf_deinit) struct buf table = {};
	audited_put(&a, "/etc/postfix/main.cf", "transport_maps = hash:/etc/postfix/transport\n");
	audited_put(&a, "/etc/postfix/master.cf", OUT);
	for (int i = 0; i < 300; i++)
		assert_int_equal(buf_printf(&table, "same%d.example smtp:[10.9.9.9]\n", i), 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(buf_printf(&table, "d%d.example smtp:[10.0.0.%d]\n", i, i), 0);
	assert_int_equal(buf_add(&table, slice_of("", 1)), 0);
	audited_put(&a, "/etc/postfix/transport", (const char *)buf_slice(&table).data);
	audited_run(&a, "m3aawg");
	assert_int_equal(audited_count(&a, "postfix-transport"), 99);
	assert_int_equal(audited_count(&a, "postfix-transport-more"), 1);
	assert_int_equal(audited_find(&a, "postfix-transport-more")->place.line, 399);
}

/* The profile decides how bad an old version is on port 25, and what suites are well. */
static void test_profiles(void **state)
{
	/* Two of them hold that weak TLS is better than none (RFC 7435). */
	static const struct {
		const char *profile;
		enum advice_verdict verdict;
	} profiles[] = {
		{ "m3aawg", ADVICE_WARN },  { "ncsc2025", ADVICE_FAIL },
		{ "bsi2026", ADVICE_FAIL }, { "mozilla6", ADVICE_FAIL },
		{ "rfc9325", ADVICE_WARN },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(profiles); i++) {
		CLEAN(audited_deinit) struct audited a = {};
		audited_put(&a, "/etc/postfix/main.cf", MAY);
		audited_put(&a, "/etc/postfix/master.cf", SMTP);
		audited_run(&a, profiles[i].profile);
		assert_int_equal(audited_find(&a, "postfix-smtpd-tls-protocols")->verdict,
		                 profiles[i].verdict);
	}
}

/* --- mends --- */

static void test_mends(void **state)
{
	(void)state;
	CLEAN(audited_deinit) struct audited a = {};
	audited_put(&a, "/etc/postfix/main.cf",
	            MAY SASL "smtpd_tls_protocols =\n  >=TLSv1\nx = y\n");
	audited_put(&a, "/etc/postfix/master.cf",
	            SMTP "submission inet n - y - - smtpd\n"
	                 "  -o syslog_name=x -o smtpd_tls_security_level=may -o y=z\n"
	                 "smtps inet n - y - - smtpd\n");
	audited_run(&a, "m3aawg");
	const struct audit_finding *f = audited_find(&a, "postfix-smtpd-tls-protocols");
	assert_string_equal(f->mend, "postconf -e 'smtpd_tls_protocols = >=TLSv1.2'");
	assert_int_equal(f->edit.line, 3);
	assert_int_equal(f->edit.lines, 2);
	assert_string_equal(f->edit.text, "smtpd_tls_protocols = >=TLSv1.2\n");
	f = audited_find(&a, "postfix-submission-encrypt");
	assert_string_equal(f->mend,
	                    "postconf -P 'submission/inet/smtpd_tls_security_level=encrypt'");
	assert_string_equal(f->edit.text,
	                    "  -o syslog_name=x -o smtpd_tls_security_level=encrypt -o y=z\n");
	f = audited_find(&a, "postfix-submissions-wrappermode");
	assert_int_equal(f->edit.line, 5);
	assert_int_equal(f->edit.lines, 0);
	assert_string_equal(f->edit.text, "  -o smtpd_tls_wrappermode=yes\n");
	assert_null(audited_find(&a, "postfix-auth-on-25")->edit.path);
}

static void test_mend_names_the_instance(void **state)
{
	(void)state;
	CLEAN(audited_deinit) struct audited a = {};
	audited_put(&a, "/etc/postfix/main.cf", "multi_instance_directories = /etc/postfix-out\n");
	audited_put(&a, "/etc/postfix/master.cf", OUT);
	audited_put(&a, "/etc/postfix-out/main.cf", "multi_instance_name = postfix-out\n");
	audited_put(&a, "/etc/postfix-out/master.cf", SMTP);
	audited_run(&a, "m3aawg");
	const struct audit_finding *f = audited_find(&a, "postfix-smtpd-tls-security-level");
	assert_string_equal(f->server->instance, "postfix-out");
	assert_string_equal(f->mend,
	                    "postconf -c /etc/postfix-out -e 'smtpd_tls_security_level = may'");
}

static void test_worst_first_and_once(void **state)
{
	(void)state;
	CLEAN(audited_deinit) struct audited a = {};
	audited_put(&a, "/etc/postfix/main.cf", MAY SASL);
	audited_put(&a, "/etc/postfix/master.cf", SMTP "2525 inet n - y - - smtpd\n");
	audited_run(&a, "m3aawg");
	for (size_t i = 1; i < a.audit.finding_count; i++)
		assert_true(a.audit.findings[i - 1].verdict >= a.audit.findings[i].verdict);
	assert_int_equal(audited_count(&a, "postfix-smtpd-tls-auth-only"), 1);
	assert_string_equal(audited_find(&a, "postfix-smtpd-tls-auth-only")->service,
	                    "smtp:inet, 2525:inet");
}

static void test_behind_mailseal(void **state)
{
	(void)state;
	static const struct {
		enum conv_client_info info;
		const char *main_cf, *id;
	} fronts[] = {
		{ CONV_INFO_PROXY, "", "edge-proxy-expected" },
		{ CONV_INFO_PROXY, "smtpd_upstream_proxy_protocol = haproxy\n", NULL },
		{ CONV_INFO_XCLIENT, "", "edge-xclient-authorised" },
		{ CONV_INFO_XCLIENT, "smtpd_authorized_xclient_hosts = 127.0.0.1\n", NULL },
		{ CONV_INFO_NONE, "", "edge-client-unknown" },
	};
	for (size_t i = 0; i < COUNT_OF(fronts); i++) {
		CLEAN(audited_deinit) struct audited a = {};
		const struct audit_front front = { "mta", "127.0.0.1", 10025, fronts[i].info };
		audited_put(&a, "/etc/postfix/main.cf", fronts[i].main_cf);
		audited_put(&a, "/etc/postfix/master.cf", "127.0.0.1:10025 inet n - y - - smtpd\n");
		a.audit.fronts = &front;
		a.audit.front_count = 1;
		audited_run(&a, "m3aawg");
		size_t count = 0;
		for (size_t k = 0; k < a.audit.finding_count; k++)
			count += !strncmp(a.audit.findings[k].rule->id, "edge-", 5);
		assert_int_equal(count, fronts[i].id != NULL);
		assert_true(!fronts[i].id || audited_find(&a, fronts[i].id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_transport_table),
		cmocka_unit_test(test_transport_table_is_bounded),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_mends),
		cmocka_unit_test(test_mend_names_the_instance),
		cmocka_unit_test(test_worst_first_and_once),
		cmocka_unit_test(test_behind_mailseal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
