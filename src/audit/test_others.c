/* The rules of all software but Postfix and Dovecot: what is found where, and that a good
 * configuration has nothing. */
#include "audit/audit.h"
#include "servers/test_root.h"

/* "id setting @line" a finding; information too. */
static const struct root_case cases[] = {
	{ "Exim as OpenSSL's, with everything left to defaults or weakened",
	  { { "/etc/exim4/exim4.conf",
	      "daemon_smtp_ports = 25:465:587\ntls_advertise_hosts =\nav_scanner = clamd:10.0.0.5 "
	      "3310\nspamd_address = 127.0.0.1 783\nldap_default_servers = ldap.int.test\n"
	      "received_header_text = x\nlog_selector = -tls_cipher\nmysql_servers = "
	      "db.int.test/d/u/p\nbegin acl\nrcpt:\n accept\nbegin routers\nsmart:\n driver = "
	      "manualroute\n route_list = * smart.test\n transport = out\nbegin transports\nout:\n "
	      "driver = smtp\n hosts_avoid_tls = *\n hosts_try_dane =\nbegin "
	      "authenticators\nplain:\n"
	      " driver = plaintext\n server_condition = x\n" },
	    { "/usr/sbin/exim4", "libssl.so.3" } },
	  NULL,
	  "exim-starttls tls_advertise_hosts @2\n"
	  "exim-implicit-tls tls_on_connect_ports @0\n"
	  "exim-auth-advertise auth_advertise_hosts @0\n"
	  "exim-hosts-avoid-tls hosts_avoid_tls @20\n"
	  "exim-next-hop-tls hosts_require_tls @0\n"
	  "exim-plain-service av_scanner @3\n"
	  "exim-plain-service mysql_servers @8\n"
	  "exim-ldap-tls ldap_start_tls @0\n"
	  "exim-certificate tls_certificate @0\n"
	  "exim-versions-openssl openssl_options @0\n"
	  "exim-log-tls log_selector @7\n"
	  "exim-received-tls received_header_text @6\n"
	  "exim-submission-encrypted acl_smtp_mail @0\n"
	  "exim-dane-out hosts_try_dane @21\n"
	  "exim-next-hop-verify tls_verify_hosts @0\n"
	  "exim-ldap-verify ldap_require_cert @0\n" },
	{ "Exim as GnuTLS', sealed",
	  { { "/etc/exim4/exim4.conf",
	      "daemon_smtp_ports = 25:465:587\ntls_on_connect_ports = 465\ntls_certificate = "
	      "/c.pem\n"
	      "tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2\n"
	      "auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}\nbegin acl\nmail:\n deny "
	      "!encrypted = *\nbegin routers\nsmart:\n driver = manualroute\n route_list = * "
	      "smart.test\n transport = out\nbegin transports\nout:\n driver = smtp\n "
	      "hosts_require_tls = *\n tls_verify_hosts = *\nlocal:\n driver = smtp\n hosts = "
	      "127.0.0.1\nbegin authenticators\nplain:\n driver = plaintext\n server_condition = "
	      "x\n" },
	    { "/usr/sbin/exim4", "libgnutls.so.30" } },
	  NULL,
	  "" },
	{ "Exim, where what is offered in clear tells no password",
	  { { "/etc/exim4/exim4.conf",
	      "tls_certificate = /c.pem\ntls_require_ciphers = "
	      "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1\nbegin "
	      "authenticators\ncram:\n driver = cram_md5\n public_name = CRAM-MD5\n server_secret "
	      "= "
	      "x\nplain:\n driver = dovecot\n public_name = PLAIN\n server_advertise_condition = "
	      "${if def:tls_in_cipher}\n" },
	    { "/usr/sbin/exim4", "libgnutls.so.30" } },
	  NULL,
	  "" },
	{ "HAProxy: what default-server says; rspamd: a list",
	  { { "/etc/haproxy/haproxy.cfg",
	      "listen i\n bind :993 ssl crt /c\n default-server ssl verify required ca-file /ca "
	      "send-proxy-v2\n server x 10.0.0.5:993\n" },
	    { "/etc/rspamd/rspamd.conf", "worker \"normal\" {\n bind_socket = "
	                                 "[\"localhost:11333\", \"/run/x mode=0660\"];\n}\n" } },
	  NULL,
	  "" },
	{ "Exim whose binary is not here",
	  { { "/etc/exim4/exim4.conf", "tls_certificate = /c.pem\n" } },
	  NULL,
	  "exim-versions tls_require_ciphers @0\n" },
	{ "Exim for this host alone",
	  { { "/etc/exim4/exim4.conf", "local_interfaces = 127.0.0.1\ntls_advertise_hosts =\n" } },
	  NULL,
	  "" },
	{ "OpenSMTPD: in clear, users who need no TLS, weak ways out",
	  { { "/etc/smtpd.conf",
	      "smtp ciphers \"ALL\"\nlisten on eth0\nlisten on eth0 port 587 tls pki x "
	      "auth\nlisten "
	      "on eth0 smtps pki x auth protocols \"tlsv1.1,tlsv1.2\"\naction \"a\" relay host "
	      "\"smtp://mx.test:587\"\naction \"b\" relay host lmtp://10.0.0.5:24\naction \"c\" "
	      "relay "
	      "host smtps://mx.test tls no-verify\naction \"d\" lmtp \"10.0.0.5:24\"\naction \"e\" "
	      "relay\n" } },
	  NULL,
	  "opensmtpd-starttls listen @2\n"
	  "opensmtpd-users-tls listen @3\n"
	  "opensmtpd-versions protocols @4\n"
	  "opensmtpd-relay-tls host @5\n"
	  "opensmtpd-lmtp host @6\n"
	  "opensmtpd-lmtp lmtp @8\n"
	  "opensmtpd-ciphers smtp ciphers @1\n"
	  "opensmtpd-relay-verify tls @7\n" },
	{ "OpenSMTPD, sealed",
	  { { "/etc/smtpd.conf",
	      "listen on lo\nlisten on eth0 tls pki x\nlisten on eth0 port 587 tls-require pki x "
	      "auth\n"
	      "listen on eth0 smtps pki x auth\naction \"a\" relay host "
	      "smtp+tls://l@mx.test\naction "
	      "\"b\" relay host lmtp://127.0.0.1:24\naction \"c\" lmtp \"/run/lmtp\"\n" } },
	  NULL,
	  "" },
	{ "Cyrus by its defaults, an option of one service, what goes to other hosts",
	  { { "/etc/imapd.conf",
	      "tls_server_cert: /c.pem\nallowplaintext: 1\nimaps_tls_versions: tls1_1 tls1_2\n"
	      "ldap_uri: ldap://ldap.int.test\nsync_host: b.int.test\n" },
	    { "/etc/cyrus.conf",
	      "SERVICES {\n imap cmd=\"imapd\" listen=\"imap\"\n imaps cmd=\"imapd "
	      "-s\" listen=\"imaps\"\n lmtp cmd=\"lmtpd -a\" listen=\"10.0.0.1:24\"\n"
	      "}\n" } },
	  NULL,
	  "cyrus-versions tls_versions @0\n"
	  "cyrus-versions imaps_tls_versions @3\n"
	  "cyrus-tls-required tls_required @0\n"
	  "cyrus-allowplaintext allowplaintext @2\n"
	  "cyrus-ciphers tls_ciphers @0\n"
	  "cyrus-ldap-tls ldap_start_tls @0\n"
	  "cyrus-ldap-verify ldap_verify_peer @0\n"
	  "cyrus-internal-tls sync_host @5\n"
	  "cyrus-lmtp listen @4\n"
	  "cyrus-curve tls_eccurve @0\n" },
	{ "Cyrus, sealed",
	  { { "/etc/imapd.conf",
	      "tls_server_cert: /c.pem\ntls_versions: tls1_2 tls1_3\ntls_required: 1\ntls_ciphers: "
	      "ECDHE+AESGCM\ntls_eccurve: X25519\nldap_uri: ldaps://ldap.int.test\n"
	      "ldap_tls_check_peer: 1\n" },
	    { "/etc/cyrus.conf", "SERVICES {\n imap cmd=\"imapd\" listen=\"imap\"\n}\n" } },
	  NULL,
	  "" },
	{ "Courier, with AUTH in clear and a way out that may be plain",
	  { { "/etc/courier/imapd", "IMAPDSTART=YES\n" },
	    { "/etc/courier/imapd-ssl", "IMAPDSSLSTART=YES\nIMAP_TLS_REQUIRED=0\n"
	                                "TLS_CIPHER_LIST=ECDHE+AESGCM\nTLS_PROTOCOL=TLSv1.1\n" },
	    { "/etc/courier/esmtpd", "ESMTPDSTART=YES\nESMTPAUTH=\"PLAIN LOGIN\"\n"
	                             "TLS_PROTOCOL=\"TLSv1.2++\"\n" },
	    { "/etc/courier/courierd", "ESMTP_USE_STARTTLS=0\n" },
	    { "/etc/courier/esmtproutes", "# x\na.test: smart.test,587\nb.test:smart.test "
	                                  "/SECURITY=STARTTLS\n: 127.0.0.1,26\n" } },
	  NULL,
	  "courier-imap-tls-required IMAP_TLS_REQUIRED @2\n"
	  "courier-esmtpauth ESMTPAUTH @2\n"
	  "courier-versions TLS_PROTOCOL @4\n"
	  "courier-starttls-out ESMTP_USE_STARTTLS @1\n"
	  "courier-route-tls a.test @2\n" },
	{ "Sendmail by its defaults",
	  { { "/etc/mail/sendmail.cf", "O AuthOptions=A\nO DaemonPortOptions=Name=MTA\nO "
	                               "DaemonPortOptions=Name=MSA, Port=587, M=E\n" } },
	  NULL,
	  "sendmail-certificate ServerCertFile @0\n"
	  "sendmail-auth-options AuthOptions @1\n"
	  "sendmail-versions ServerSSLOptions @0\n"
	  "sendmail-submission M @3\n"
	  "sendmail-dane DANE @0\n" },
	{ "Sendmail, sealed",
	  { { "/etc/mail/sendmail.cf",
	      "O AuthOptions=A p\nO DaemonPortOptions=Name=MSA, Port=587, M=Ea\nO "
	      "ServerCertFile=/c\nO "
	      "ServerSSLOptions=+SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1\nO DANE=true\n" } },
	  NULL,
	  "" },
	{ "nginx: mail in clear, webmail in clear and on to another host",
	  { { "/etc/nginx/nginx.conf",
	      "mail {\n auth_http http://10.0.0.5/a;\n server {\n  listen 143;\n  protocol imap;\n "
	      " "
	      "starttls on;\n }\n server { listen 25; protocol smtp; starttls on; ssl_protocols "
	      "TLSv1.2; ssl_ciphers ECDHE+AESGCM; }\n}\nhttp {\n upstream php { server "
	      "10.0.0.6:9000; }\n server {\n  listen 80;\n  listen 443 ssl;\n  ssl_protocols "
	      "TLSv1.1 "
	      "TLSv1.2;\n  ssl_ciphers AES128-SHA;\n  ssl_ecdh_curve secp384r1;\n  location ~ php "
	      "{\n   fastcgi_pass php;\n  }\n  location / { proxy_pass https://10.0.0.7/; }\n "
	      "}\n}\n" } },
	  NULL,
	  "nginx-starttls starttls @6\n"
	  "nginx-versions ssl_protocols @15\n"
	  "nginx-versions ssl_protocols @0\n"
	  "nginx-ciphers ssl_ciphers @16\n"
	  "nginx-ciphers ssl_ciphers @0\n"
	  "nginx-auth-http auth_http @2\n"
	  "nginx-upstream-tls fastcgi_pass @19\n"
	  "nginx-groups ssl_ecdh_curve @17\n"
	  "nginx-http-redirect return @12\n"
	  "nginx-hsts add_header @0\n"
	  "nginx-upstream-verify proxy_ssl_verify @21\n" },
	{ "nginx, sealed",
	  { { "/etc/nginx/nginx.conf",
	      "http {\n ssl_protocols TLSv1.2 TLSv1.3;\n ssl_ciphers ECDHE+AESGCM;\n server {\n  "
	      "listen 80;\n  location /.well-known/acme-challenge/ { root /x; }\n  location / { "
	      "return "
	      "301 https://$host$request_uri; }\n }\n server {\n  listen 443 ssl;\n  add_header "
	      "Strict-Transport-Security \"max-age=63072000\" always;\n  location / { proxy_pass "
	      "http://127.0.0.1:8080; }\n  location /p { fastcgi_pass unix:/run/php; }\n "
	      "}\n}\n" } },
	  NULL,
	  "" },
	{ "Apache by its defaults, and what is behind it",
	  { { "/etc/apache2/apache2.conf",
	      "<VirtualHost *:443>\n SSLEngine on\n SSLOpenSSLConfCmd Curves secp384r1\n ProxyPass "
	      "/ http://10.0.0.5/\n ProxyPass /x "
	      "https://10.0.0.5/\n ProxyPass /y http://127.0.0.1/\n</VirtualHost>\n<VirtualHost "
	      "*:80>\n "
	      "ServerName a.test\n</VirtualHost>\n" } },
	  NULL,
	  "apache-versions SSLProtocol @0\n"
	  "apache-ciphers SSLCipherSuite @0\n"
	  "apache-proxy-tls ProxyPass @4\n"
	  "apache-groups SSLOpenSSLConfCmd @3\n"
	  "apache-hsts Header @0\n"
	  "apache-http-redirect Redirect @0\n"
	  "apache-proxy-verify ProxyPass @5\n" },
	{ "Apache, sealed",
	  { { "/etc/apache2/apache2.conf",
	      "SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1\nSSLCipherSuite ECDHE+AESGCM\n<VirtualHost "
	      "*:443>\n SSLEngine on\n Header always set Strict-Transport-Security "
	      "max-age=63072000\n</VirtualHost>\n<VirtualHost *:80>\n RewriteEngine on\n "
	      "RewriteRule "
	      "^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301]\n</VirtualHost>\n" } },
	  NULL,
	  "" },
	{ "Roundcube: remote hosts, in clear and unchecked",
	  { { "/etc/roundcube/config.inc.php",
	      "<?php\n$config['imap_host'] = 'imap.int.test:143';\n$config['smtp_host'] = "
	      "'tls://smtp.int.test';\n$config['smtp_conn_options'] = ['ssl' => ['verify_peer' => "
	      "false]];\n$config['managesieve_host'] = 'sieve.int.test';\n" } },
	  NULL,
	  "roundcube-server-tls imap_host @2\n"
	  "roundcube-verify smtp_conn_options/ssl/verify_peer @4\n"
	  "roundcube-server-tls managesieve_host @5\n" },
	{ "Roundcube, sealed; a host that is a key",
	  { { "/etc/roundcube/config.inc.php",
	      "<?php\n$config['imap_host'] = ['ssl://imap.int.test' => "
	      "'Mail'];\n$config['smtp_host'] "
	      "= 'localhost:587';\n$config['managesieve_host'] = 'sieve.int.test';\n"
	      "$config['managesieve_usetls'] = true;\n" } },
	  NULL,
	  "" },
	{ "SnappyMail: in clear, unchecked, switched off",
	  { { "/var/lib/snappymail/_data_/_default_/domains/a.test.json",
	      "{\n\"IMAP\": {\n\"host\": \"imap.int.test\",\n\"type\": 0\n},\n\"SMTP\": {\"host\": "
	      "\"smtp.int.test\", \"type\": 1,\n\"ssl\": {\"verify_peer\": false}},\n\"Sieve\": "
	      "{\"enabled\": false, \"host\": \"sieve.int.test\", \"type\": 0}\n}\n" },
	    { "/var/lib/snappymail/_data_/_default_/domains/b.test.json",
	      "{\"IMAP\": {\"host\": \"localhost\", \"type\": 0}, \"SMTP\": {\"host\": "
	      "\"smtp.int.test\", \"type\": 2, \"ssl\": {\"verify_peer\": true}}}\n" } },
	  NULL,
	  "snappymail-server-tls type @4\n"
	  "snappymail-verify verify_peer @7\n" },
	{ "in front: HAProxy, hitch, stunnel",
	  { { "/etc/haproxy/haproxy.cfg",
	      "global\n ssl-default-bind-options ssl-min-ver TLSv1.0\nfrontend i\n bind :993 ssl "
	      "crt "
	      "/c\n default_backend b\nbackend b\n server x 10.0.0.5:143\n server y 10.0.0.5:993 "
	      "ssl "
	      "verify none send-proxy-v2\n server z 127.0.0.1:143 send-proxy-v2-ssl\n" },
	    { "/etc/hitch/hitch.conf", "frontend = \"[*]:993\"\nbackend = \"[10.0.0.5]:143\"\n"
	                               "tls-protos = TLSv1.1 TLSv1.2\n" },
	    { "/etc/stunnel/a.conf",
	      "[imaps]\naccept = 993\nconnect = 10.0.0.5:143\n[out]\nclient = "
	      "yes\naccept = 127.0.0.1:25\nconnect = mx.test:465\n[ok]\nclient = "
	      "yes\nconnect = mx.test:465\nverifyChain = yes\n" } },
	  NULL,
	  "front-versions ssl-default-bind-options @2\n"
	  "front-plain-hop server @7\n"
	  "front-verify server @8\n"
	  "front-proxy server @7\n"
	  "front-plain-hop backend @2\n"
	  "front-versions tls-protos @3\n"
	  "front-proxy write-proxy-v2 @2\n"
	  "front-plain-hop connect @1\n"
	  "front-verify verifyChain @4\n" },
	{ "filters that listen to the network",
	  { { "/etc/clamav/clamd.conf", "TCPSocket 3310\n" },
	    { "/etc/redis/redis.conf", "port 6379\ntls-port 6380\n" },
	    { "/etc/rspamd/rspamd.conf",
	      "worker \"rspamd_proxy\" {\n bind_socket = \"*:11332\";\n}\n" },
	    { "/etc/rspamd/local.d/redis.conf", "servers = \"10.0.0.9:6379\";\n" },
	    { "/etc/opendkim.conf", "Socket local:/run/x\n" } },
	  NULL,
	  "filter-listener listener @1\n"
	  "rspamd-redis servers @1\n"
	  "filter-listener listener @0\n"
	  "filter-redis-listener listener @0\n" },
};

static void findings_told(struct buf *out, const struct audit *a)
{
	for (size_t i = 0; i < a->finding_count; i++) {
		const struct audit_finding *f = &a->findings[i];
		assert_non_null(f->right);
		assert_non_null(f->mend);
		assert_int_equal(
			0, buf_printf(out, "%s %s @%u\n", f->rule->id, f->setting, f->place.line));
	}
	assert_int_equal(0, buf_add(out, slice_of("", 1)));
}

static void case_run(const struct root_case *c)
{
	CLEAN(buf_deinit) struct buf out = {};
	struct root root;
	root_init(&root, c->files);
	assert_int_equal(servers_read(&root.servers), 0);
	struct audit audit = { .servers = &root.servers, .profile = advice_profile_find("m3aawg") };
	assert_int_equal(audit_run(&audit), 0);
	findings_told(&out, &audit);
	if (strcmp((const char *)buf_slice(&out).data, c->expected) != 0)
		fail_msg("%s:\n%s--- instead of\n%s", c->name, (const char *)buf_slice(&out).data,
		         c->expected);
	audit_deinit(&audit);
	root_deinit(&root);
}

static void test_audit_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		case_run(&cases[i]);
}

/* A door of mailseal before Exim: who it is told to believe. */
static void test_audit_fronts(void **state)
{
	(void)state;
	static const struct audit_front fronts[] = { { "mta", "127.0.0.1", 10025,
		                                       CONV_INFO_PROXY } };
	static const struct {
		const char *text, *expected;
	} doors[] = {
		{ "local_interfaces = 127.0.0.1.10025\n", "edge-proxy-expected port 10025 @0\n" },
		{ "local_interfaces = 127.0.0.1.10025\nhosts_proxy = 127.0.0.1\n", "" },
		{ "local_interfaces = 127.0.0.1.26\n", "" },
	};
	for (size_t i = 0; i < COUNT_OF(doors); i++) {
		CLEAN(buf_deinit) struct buf out = {};
		const struct root_file files[] = { { "/etc/exim4/exim4.conf", doors[i].text }, {} };
		struct root root;
		root_init(&root, files);
		assert_int_equal(servers_read(&root.servers), 0);
		struct audit audit = { .servers = &root.servers,
			               .profile = advice_profile_find("m3aawg"),
			               .fronts = fronts,
			               .front_count = 1 };
		assert_int_equal(audit_run(&audit), 0);
		findings_told(&out, &audit);
		assert_string_equal((const char *)buf_slice(&out).data, doors[i].expected);
		audit_deinit(&audit);
		root_deinit(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_audit_others),
		                            cmocka_unit_test(test_audit_fronts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
