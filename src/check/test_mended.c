/* Mends in the names of who was looked at; a name that a shell would not take as one stays out. */
#include "base/clean.h"
#include "check/mended.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct check_endpoint mx, imap;
static struct check_domain domain;
static struct check_report report = { .domain = &domain };
static struct check_finding of_domain, of_imap;

static int fixture(void **state)
{
	(void)state;
	domain = (struct check_domain){ .name = "alpha.test", .host_count = 2 };
	domain.hosts[0] = (struct check_host){ .name = "mx1.alpha.test", .is_mx = true };
	domain.hosts[1] = (struct check_host){ .name = "imap.alpha.test" };
	mx = (struct check_endpoint){ .host = "mx1.alpha.test", .port = 25 };
	mx.chain.sent_count = 1;
	memset(mx.chain.spki, 0xab, sizeof(mx.chain.spki));
	imap = (struct check_endpoint){ .host = "imap.alpha.test", .port = 993 };
	domain.endpoints[0] = &mx;
	domain.endpoints[1] = &imap;
	domain.endpoint_count = 2;
	of_domain = (struct check_finding){ .place = "alpha.test" };
	of_imap = (struct check_finding){ .endpoint = &imap };
	return 0;
}

static void mended(const struct check_finding *f, const char *text, const char *expected)
{
	CLEAN(buf_deinit) struct buf room = {};
	assert_string_equal(check_mended(&room, &report, f, text), expected);
}

static void test_names_become_theirs(void **state)
{
	(void)state;
	mended(&of_domain, "example.org. MX 10 mx.example.org.",
	       "alpha.test. MX 10 mx1.alpha.test.");
	mended(&of_domain, "mailto:hostmaster@example.org", "mailto:hostmaster@alpha.test");
	mended(&of_imap, "certbot -d mail.example.org", "certbot -d imap.alpha.test");
	mended(&of_domain, "mail.example.org", "mail.example.org"); /* which one, nobody knows */
	mended(&of_domain, "nothing", "nothing");
	mended(&of_domain, "", "");
}

static void test_the_key_is_that_of_the_mx(void **state)
{
	(void)state;
	static const char digest[] =
		"abababababababababababababababababababababababababababababababab";
	char expected[128];
	snprintf(expected, sizeof(expected), "mx1.alpha.test. TLSA 3 1 1 %s", digest);
	mended(&of_domain, "mx.example.org. TLSA 3 1 1 KEY-SHA256", expected);
	mended(&of_domain, "3 1 1 NEXT-KEY-SHA256", "3 1 1 NEXT-KEY-SHA256");
	mx.chain.sent_count = 0; /* it showed none */
	mended(&of_domain, "3 1 1 KEY-SHA256", "3 1 1 KEY-SHA256");
}

static void test_what_a_shell_would_run_stays_out(void **state)
{
	static const char *const names[] = {
		"$(id).alpha.test", "a b", "a;b", "a\n.test", "-x", ""
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		fixture(state);
		strcpy(domain.name, names[i]);
		strcpy(domain.hosts[0].name, names[i]);
		strcpy(imap.host, names[i]);
		mended(&of_imap, "-d example.org -d mx.example.org -d mail.example.org",
		       "-d example.org -d mx.example.org -d mail.example.org");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_names_become_theirs, fixture),
		cmocka_unit_test_setup(test_the_key_is_that_of_the_mx, fixture),
		cmocka_unit_test_setup(test_what_a_shell_would_run_stays_out, fixture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
