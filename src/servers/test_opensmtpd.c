#include "servers/reader.h"
#include "servers/test_root.h"

static const struct root_case cases[] = {
	{ "statements, macros, continued lines, braces over lines",
	  { { "/s",
	      "if = \"eth0\" # x\ntable t { a,\n b }\npki mx cert \"/c.pem\"\npki mx key "
	      "\"/k.pem\"\nsmtp ciphers \"HIGH\"\nlisten on $if port 587 \\\n tls-require auth "
	      "<creds> pki mx\naction \"out\" relay host \"smtp+tls://mx:25\" tls no-verify\n"
	      "match from any for any action \"out\"\n" } },
	  "/s",
	  "$if=eth0 @1\n"
	  "smtp ciphers=HIGH @6\n"
	  "pki mx > cert=/c.pem @4\n"
	  "pki mx > key=/k.pem @5\n"
	  "listen > on=eth0 @7\n"
	  "listen > port=587 @7\n"
	  "listen > tls-require=yes @7\n"
	  "listen > auth=<creds> @7\n"
	  "listen > pki=mx @7\n"
	  "action out > relay=yes @9\n"
	  "action out > host=smtp+tls://mx:25 @9\n"
	  "action out > tls=no-verify @9\n"
	  "* listen on eth0 submission eth0 587\n"
	  "+ /c.pem /k.pem mx\n" },
	{ "smtps and tls are two listeners; files that are included",
	  { { "/etc/smtpd.conf", "include \"/etc/more\"\n" },
	    { "/etc/more", "listen on lo smtps tls proxy-v2\nlisten on socket mask-src\n" } },
	  NULL,
	  "listen > on=lo @1\n"
	  "listen > smtps=yes @1\n"
	  "listen > tls=yes @1\n"
	  "listen > proxy-v2=yes @1\n"
	  "listen > on=socket @2\n"
	  "* listen on lo submission localhost 465 tls proxy\n"
	  "* listen on lo smtp localhost 25 proxy\n" },
	{ "a file that is not there",
	  { { "/s", "include \"/none\"\n" } },
	  "/s",
	  "! /s:1: the file that it includes is not there\n" },
	{ "files that include themselves",
	  { { "/s", "include \"/s\"\ninclude \"/s\"\n" } },
	  "/s",
	  "! /s:1: files that include each other too deeply\n" },
};

static void test_opensmtpd(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		root_case_run(&cases[i], servers_opensmtpd_read);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_opensmtpd) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
