#include "servers/reader.h"
#include "servers/test_root.h"

static const struct root_case cases[] = {
	{ "sections, conditions, defines, case, quotes, continued lines",
	  { { "/etc/apache2/apache2.conf",
	      "Define C /etc/ssl\nIncludeOptional m/*.load\n<IfModule mod_ssl.c>\nSSLProtocol all "
	      "\\\n"
	      " -SSLv3\n</IfModule>\n<IfModule !ssl_module>\nA b\n</IfModule>\n<IfDefine X>\nB c\n"
	      "</IfDefine>\nInclude s/a.conf\n" },
	    { "/etc/apache2/m/ssl.load", "LoadModule ssl_module /x.so\n" },
	    { "/etc/apache2/s/a.conf",
	      "<virtualhost *:443 [2001:db8::1]:8443>\n sslengine ON\n SSLCertificateFile "
	      "${C}/c.pem\n Header always set X \"a b\"\n <Location \"/x\">\n  Require all "
	      "granted\n"
	      " </Location>\n</VirtualHost>\n<VirtualHost _default_>\n</VirtualHost>\n" } },
	  NULL,
	  "define C=/etc/ssl @1\n"
	  "LoadModule=ssl_module /x.so @1\n"
	  "SSLProtocol=all -SSLv3 @4\n"
	  "VirtualHost *:443 [2001:db8::1]:8443 > SSLEngine=ON @2\n"
	  "VirtualHost *:443 [2001:db8::1]:8443 > SSLCertificateFile=/etc/ssl/c.pem @3\n"
	  "VirtualHost *:443 [2001:db8::1]:8443 > Header=always set X a b @4\n"
	  "VirtualHost *:443 [2001:db8::1]:8443 > Location /x > Require=all granted @6\n"
	  "* VirtualHost http * 443 tls\n"
	  "* VirtualHost http 2001:db8::1 8443 tls\n"
	  "* VirtualHost http * 80\n"
	  "+ /etc/ssl/c.pem /etc/ssl/c.pem *\n" },
	{ "faults",
	  { { "/a", "Include /a\n<VirtualHost *>\n</Location>\nX y\n" } },
	  "/a",
	  "! /a:1: files that include each other too deeply\n" },
	{ "what is closed and was not open",
	  { { "/a", "A b\n</VirtualHost>\nC d\n" } },
	  "/a",
	  "A=b @1\n! /a:2: the end of a section that is not open\n" },
};

static void test_apache(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		root_case_run(&cases[i], servers_apache_read);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_apache) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
