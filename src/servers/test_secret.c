#include "base/clean.h"
#include "servers/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	const char *text, *masked;
} cases[] = {
	{ "", "" },
	{ "host=db user=u password=abc sslmode=disable",
	  "host=db user=u password= sslmode=disable" },
	{ "host=db PASSWORD='a b\\'c' x", "host=db PASSWORD= x" },
	{ "password=\"a b", "password=" },
	{ "redis:host=h:secret=abc", "redis:host=h:secret=" },
	{ "pass=a pass=b", "pass= pass=" },
	{ "postgresql://u:p@ss@host/db?password=x&sslmode=disable",
	  "postgresql://u:@host/db?password=&sslmode=disable" },
	{ "ldap://h:389 ldap://u:p@h:389", "ldap://h:389 ldap://u:@h:389" },
	{ "http://host/a:b@c", "http://host/a:b@c" },
	{ "relay host smtp+tls://u:p@h auth { \"l\" = \"u:p\" }",
	  "relay host smtp+tls://u:@h auth {}" },
	{ "auth <secrets>", "auth <secrets>" },
};

static void test_secret_mask(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[128];
		snprintf(text, sizeof(text), "%s", cases[i].text);
		servers_secrets_mask(text);
		assert_string_equal(text, cases[i].masked);
	}
}

static void test_secret_is_in(void **state)
{
	static const char *const yes[] = { "doveadm_password = x", "ld_bind_pw = x",
		                           "hide mysql_servers = h/d/u/p",
		                           "smtp_sasl_password_maps = static:u:p" };
	static const char *const no[] = { "", "ssl = no", "myhostname = mx.example" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(yes); i++)
		assert_true(servers_secret_is_in(slice_str(yes[i])));
	for (size_t i = 0; i < COUNT_OF(no); i++)
		assert_false(servers_secret_is_in(slice_str(no[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret_mask),
		cmocka_unit_test(test_secret_is_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
