/* Names that we answer ourselves, and the settings that say so. */
#include "base/clean.h"
#include "conf/conf.h"
#include "conf/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAIL                                                                                       \
	"hostname = \"mx.example.org\"; certificate = { a = { chain = \"/a\"; key = \"/a\"; }; };" \
	"backend = { b = { address = [\"127.0.0.1:81\"]; }; };"
#define DOOR "edge = { w = { protocol = \"http\"; listen_tls = [\"*:443\"]; backend = \"b\"; }; };"
#define STS(more) "mta_sts = ( { domain = \"Example.org\"; " more " } );"

static struct conf_settings *settings_of(const char *text)
{
	struct conf_settings *s = NULL;
	struct conf_errors errors = {};
	if (conf_read_text(&s, text, 0, &errors))
		conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	return s;
}

static void test_which_names_are_ours(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = settings_of(MAIL DOOR STS(""));
	assert_non_null(s);
	assert_true(conf_site_has(s, "mta-sts.example.org"));
	assert_true(conf_site_has(s, "MTA-STS.gone.example.net"));
	assert_false(conf_site_has(s, "mta-sts"));
	assert_false(conf_site_has(s, ""));
	assert_false(conf_site_has(s, "autoconfig.example.org"));
	assert_int_equal(s->mta_sts[0].mode, CONF_STS_TESTING);
	assert_int_equal(s->mta_sts[0].max_age_s, 7 * 24 * 3600);
	assert_ptr_equal(conf_mta_sts_find(s, "example.ORG"), &s->mta_sts[0]);
	assert_null(conf_mta_sts_find(s, "example.com"));
}

static void test_its_backend_is_the_last(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = settings_of(MAIL DOOR STS(""));
	CLEAN(conf_settings_freep) struct conf_settings *none = settings_of(MAIL DOOR);
	assert_non_null(s);
	assert_non_null(none);
	assert_int_equal(conf_site_backend(s), 1);
	assert_string_equal(s->backends[1].addresses[0].text, "unix:/run/mailseal/site.sock");
	assert_int_equal(conf_site_backend(none), (size_t)-1);
	assert_false(conf_needs_site(none));
}

static void test_what_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *setting, *message;
	} cases[] = {
		{ MAIL "edge = { w = { protocol = \"http\"; listen = [\"*:80\"]; backend = \"b\"; "
		       "}; };" STS(""),
		  "mta_sts", "no http edge with TLS" },
		{ MAIL DOOR "mta_sts = ( { domain = \"a.org\"; }, { domain = \"A.org\"; } );",
		  "mta_sts[1].domain", "twice" },
		{ MAIL DOOR "autoconfig = ( { domain = \"a.org\"; }, { domain = \"a.org\"; } );",
		  "autoconfig[1].domain", "twice" },
		{ MAIL DOOR STS("mode = \"on\";"), "mta_sts[0].mode", "" },
		{ MAIL DOOR STS("max_age = \"2y\";"), "mta_sts[0].max_age", "" },
		{ MAIL DOOR STS("mx = [\"a b\"];"), "mta_sts[0].mx", "no host name" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_settings *s = NULL;
		struct conf_errors errors = {};
		assert_int_equal(conf_read_text(&s, cases[i].text, 0, &errors), CONF_BAD);
		assert_string_equal(errors.items[0].setting, cases[i].setting);
		assert_non_null(strstr(errors.items[0].message, cases[i].message));
		conf_errors_deinit(&errors);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_names_are_ours),
		cmocka_unit_test(test_its_backend_is_the_last),
		cmocka_unit_test(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
