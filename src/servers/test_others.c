/* Software whose files are lines: Cyrus, Courier, Sendmail, what stands in front, filters. */
#include "servers/reader.h"
#include "servers/test_root.h"

static const struct root_case cases[] = {
	{ "Cyrus: services, options for one service, included files",
	  { { "/etc/imapd.conf",
	      "allowplaintext: yes\n@include: /etc/more\nimaps_tls_versions: x\n" },
	    { "/etc/more", "tls_cert_file: /c.pem,/d.pem\n" },
	    { "/etc/cyrus.conf",
	      "START {\n a cmd=\"x\"\n}\nSERVICES {\n # imap cmd=\"imapd\" listen=\"imap\"\n imaps "
	      "cmd=\"imapd -s -U 30\" listen=\"[::1]:imaps\" prefork=0\n lmtp cmd=\"lmtpd\" "
	      "listen=\"/run/lmtp\"\n}\n" } },
	  NULL,
	  "allowplaintext=yes @1\n"
	  "tls_cert_file=/c.pem,/d.pem @1\n"
	  "imaps_tls_versions=x @3\n"
	  "tls_server_cert=/c.pem,/d.pem @1\n"
	  "service imaps > cmd=imapd -s -U 30 @6\n"
	  "service imaps > listen=[::1]:imaps @6\n"
	  "service imaps > prefork=0 @6\n"
	  "service imaps > tls_versions=x @3\n"
	  "service lmtp > cmd=lmtpd @7\n"
	  "service lmtp > listen=/run/lmtp @7\n"
	  "* imaps imap ::1 993 tls\n"
	  "* lmtp lmtp /run/lmtp 0\n"
	  "+ /c.pem /c.pem *\n"
	  "+ /d.pem /d.pem *\n" },
	{ "Courier: one file on top of another",
	  { { "/etc/courier/imapd", "ADDRESS=127.0.0.1\nIMAPDSTART=YES # yes\nA=\"b c\"'d'\n" },
	    { "/etc/courier/imapd-ssl", "SSLADDRESS=0\nIMAPDSSLSTART=YES\nTLS_CERTFILE=/c.pem\n" },
	    { "/etc/courier/esmtpd", "ESMTPDSTART=YES\n" },
	    { "/etc/courier/esmtpd-msa", "ESMTPDSTART=NO\n" } },
	  NULL,
	  "file imapd > ADDRESS=127.0.0.1 @1\n"
	  "file imapd > IMAPDSTART=YES @2\n"
	  "file imapd > A=b cd @3\n"
	  "file imapd > file imapd-ssl > SSLADDRESS=0 @1\n"
	  "file imapd > file imapd-ssl > IMAPDSSLSTART=YES @2\n"
	  "file imapd > file imapd-ssl > TLS_CERTFILE=/c.pem @3\n"
	  "file esmtpd > ESMTPDSTART=YES @1\n"
	  "file esmtpd > file esmtpd-msa > ESMTPDSTART=NO @1\n"
	  "* imapd imap 127.0.0.1 143\n"
	  "* imapd-ssl imap * 993 tls\n"
	  "* esmtpd smtp * 25\n"
	  "+ /c.pem /c.pem *\n" },
	{ "Sendmail: options in force, daemons, what the .mc says",
	  { { "/etc/mail/sendmail.cf",
	      "O AuthOptions=A\nO DaemonPortOptions=Name=MSA, "
	      "Port=submission, M=Ea, Addr=::1\nO ServerCertFile=/c.pem\n" },
	    { "/etc/mail/sendmail.mc", "dnl x\ndefine(`confAUTH_OPTIONS', `A')dnl\n" } },
	  NULL,
	  "AuthOptions=A @1\n"
	  "ServerCertFile=/c.pem @3\n"
	  "mc > confAUTH_OPTIONS=A @2\n"
	  "daemon > Name=MSA @2\n"
	  "daemon > Port=submission @2\n"
	  "daemon > M=Ea @2\n"
	  "daemon > Addr=::1 @2\n"
	  "* MSA submission ::1 587\n"
	  "+ /c.pem - *\n" },
	{ "HAProxy, hitch, stunnel",
	  { { "/etc/haproxy/haproxy.cfg",
	      "global\n maxconn 5 # x\nfrontend imaps\n bind :993 ssl crt "
	      "/c\nbackend b\n server a 10.0.0.1:143 send-proxy-v2\n" },
	    { "/etc/hitch/hitch.conf", "frontend = {\n host = \"*\"\n port = \"465\"\n}\nbackend = "
	                               "\"[10.0.0.2]:25\" # x\nwrite-proxy-v2 = on\n" },
	    { "/etc/stunnel/mail.conf",
	      "; x\nsslVersion = all\n[imaps]\naccept = ::1:993\nconnect = "
	      "143\n[out]\nclient = yes\naccept = 127.0.0.1:24\n" } },
	  NULL,
	  "global > maxconn=5 @2\n"
	  "frontend imaps > bind=:993 ssl crt /c @4\n"
	  "backend b > server=a 10.0.0.1:143 send-proxy-v2 @6\n"
	  "* imaps imap * 993 tls\n"
	  "backend=[10.0.0.2]:25 @5\n"
	  "write-proxy-v2=on @6\n"
	  "frontend > host=* @2\n"
	  "frontend > port=465 @3\n"
	  "* frontend submission * 465 tls\n"
	  "sslVersion=all @2\n"
	  "section imaps > accept=::1:993 @4\n"
	  "section imaps > connect=143 @5\n"
	  "section out > client=yes @7\n"
	  "section out > accept=127.0.0.1:24 @8\n"
	  "* imaps imap ::1 993 tls\n"
	  "* out lmtp 127.0.0.1 24\n" },
	{ "rspamd: what is put on top of a worker",
	  { { "/etc/rspamd/rspamd.conf",
	      "worker \"normal\" {\n bind_socket = \"localhost:11333\";\n "
	      ".include \"$CONFDIR/worker-normal.inc\"\n}\n" },
	    { "/etc/rspamd/local.d/worker-normal.inc", "bind_socket = \"*:11333\";\n" },
	    { "/etc/rspamd/local.d/redis.conf", "servers = \"10.0.0.9\";\n" } },
	  NULL,
	  "worker normal > bind_socket=localhost:11333 @2\n"
	  "worker normal > .include=$CONFDIR/worker-normal.inc @3\n"
	  "worker normal > bind_socket=*:11333 @1\n"
	  "redis > servers=10.0.0.9 @1\n"
	  "* normal internal * 11333\n" },
	{ "SnappyMail",
	  { { "/var/lib/snappymail/_data_/_default_/domains/a.test.json",
	      "{\n \"IMAP\": {\n  \"host\": \"imap.int.test\",\n  \"type\": 0, \"ssl\": "
	      "{\"cafile\": "
	      "\"\\/x\"}\n },\n \"SMTP\": {\"host\": \"#\"}\n}\n" } },
	  NULL,
	  "IMAP > host=imap.int.test @3\n"
	  "IMAP > type=0 @4\n"
	  "IMAP > ssl > cafile=/x @4\n"
	  "SMTP > host=# @6\n" },
	{ "filters of lines",
	  { { "/etc/clamav/clamd.conf", "TCPSocket 3310\n#TCPAddr 127.0.0.1\n" },
	    { "/etc/redis/redis.conf", "bind 127.0.0.1 -::1\nport 0\ntls-port 6380\n" },
	    { "/etc/opendkim.conf", "Socket\t\t\tinet:8891@10.0.0.1 # x\n" },
	    { "/etc/default/spamd", "OPTIONS=\"--create-prefs -i 0.0.0.0 --max-children 5\"\n" },
	    { "/etc/amavisd.conf", "$inet_socket_port = [10024, 10026]; # x\n$inet_socket_bind = "
	                           "undef;\n" } },
	  NULL,
	  "inet_socket_port/0=10024 @1\n"
	  "inet_socket_port/1=10026 @1\n"
	  "inet_socket_bind=undef @2\n"
	  "* amavis internal * 10024\n"
	  "* amavis internal * 10026\n"
	  "TCPSocket=3310 @1\n"
	  "* clamd internal * 3310\n"
	  "OPTIONS=--create-prefs -i 0.0.0.0 --max-children 5 @1\n"
	  "* spamd internal 0.0.0.0 0\n"
	  "bind=127.0.0.1 -::1 @1\n"
	  "port=0 @2\n"
	  "tls-port=6380 @3\n"
	  "* redis internal 127.0.0.1 6380 tls\n"
	  "* redis internal ::1 6380 tls\n"
	  "Socket=inet:8891@10.0.0.1 @1\n"
	  "* opendkim internal 10.0.0.1 8891\n" },
};

static void test_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		root_case_run(&cases[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_others) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
