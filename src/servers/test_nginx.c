#include "servers/reader.h"
#include "servers/test_root.h"

static const struct root_case cases[] = {
	{ "blocks, quotes, variables, comments, Lua",
	  { { "/n", "user www; # x\nhttp {\n map $a $b { default \"x;{\"; }\n server {\n  listen "
	            "443 ssl;\n  server_name a.test;\n  add_header X \"a b\"\n   always;\n  return "
	            "301 https://${host}/x;\n  content_by_lua_block { if x then { } end; }\n "
	            " ssl_certificate /c.pem;\n ssl_certificate_key /k.pem;\n }\n}\n" } },
	  "/n",
	  "user=www @1\n"
	  "http > map $a $b > default=x;{ @3\n"
	  "http > server > listen=443 ssl @5\n"
	  "http > server > server_name=a.test @6\n"
	  "http > server > add_header=X a b always @7\n"
	  "http > server > return=301 https://${host}/x @9\n"
	  "http > server > ssl_certificate=/c.pem @11\n"
	  "http > server > ssl_certificate_key=/k.pem @12\n"
	  "* listen http * 443 tls\n"
	  "+ /c.pem /k.pem a.test\n" },
	{ "what is included, by pattern, within the block",
	  { { "/etc/nginx/nginx.conf", "http { include sites/*; include /none/*; }\n"
	                               "mail { server { protocol imap; listen 143; } }\n" },
	    { "/etc/nginx/sites/a", "server { listen [2001:db8::1]:80 proxy_protocol; }\n" },
	    { "/etc/nginx/sites/b", "server { listen unix:/run/x; listen [::]:8080; }\n" },
	    { "/etc/nginx/sites/c", "server { server_name c; }\n" } },
	  NULL,
	  "http > server > listen=[2001:db8::1]:80 proxy_protocol @1\n"
	  "http > server > listen=unix:/run/x @1\n"
	  "http > server > listen=[::]:8080 @1\n"
	  "http > server > server_name=c @1\n"
	  "mail > server > protocol=imap @2\n"
	  "mail > server > listen=143 @2\n"
	  "* listen http 2001:db8::1 80 proxy\n"
	  "* listen http /run/x 0\n"
	  "* listen http * 8080\n"
	  "* listen http * 80\n"
	  "* listen imap * 143\n" },
	{ "faults",
	  { { "/n", "http { server { listen 80; }\n" } },
	  "/n",
	  "http > server > listen=80 @1\n"
	  "* listen http * 80\n"
	  "! /n:2: a block that nothing closes\n" },
	{ "files that include themselves",
	  { { "/etc/nginx/n", "include n;\nlisten 80;\n" } },
	  "/etc/nginx/n",
	  "! /etc/nginx/n:1: files that include each other too deeply\n" },
	{ "what nginx -T printed: of the same files, none is on this disk",
	  { { "/nginx-T.txt",
	      "nginx: the configuration file /a/n syntax is ok\n# configuration file "
	      "/a/n:\nhttp {\n include /a/s*;\n}\n\n# configuration file "
	      "/a/s:\nserver {\n listen 8080;\n}\n" } },
	  "/nginx-T.txt",
	  "http > server > listen=8080 @2\n* listen http * 8080\n" },
	{ "a brace too many",
	  { { "/n", "a b;\n}\nc d;\n" } },
	  "/n",
	  "a=b @1\n! /n:2: a \"}\" that closes nothing\n" },
};

static void test_nginx(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		root_case_run(&cases[i], servers_nginx_read);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nginx) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
