#include "base/clean.h"
#include "conf/conf.h"
#include "link/redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int written(const char *links, struct buf *out)
{
	CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	assert_int_equal(conf_read_text(&s, links, 0, &errors), 0);
	int r = link_redirect_write(out, s);
	assert_int_equal(buf_add(out, slice_of("", 1)), 0);
	return r;
}

#define HOST "hostname = \"mx.example.org\"; link = { "
#define PLAIN "a = { listen = \"127.0.0.1:1\"; to = \"10.0.0.9:2\"; peer = \"db1\"; }; "

static void test_redirect_rules(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(
		written(HOST PLAIN
	                "b = { listen = [\"127.0.0.1:15432\", \"[::1]:15433\"]; to = "
	                "\"10.0.0.9:8432\";"
	                " peer = \"db1\"; transparent = true;"
	                " destination = [\"10.0.0.9:5432\", \"[2001:db8::9]:5432\"]; }; };",
	                &out),
		0);
	const char *text = (const char *)buf_slice(&out).data;
	assert_non_null(strstr(text, "\t\tip daddr 10.0.0.9 tcp dport 5432 redirect to :15432 "
	                             "comment \"link b\"\n"));
	assert_non_null(
		strstr(text, "\t\tip6 daddr 2001:db8::9 tcp dport 5432 redirect to :15433 "));
	assert_null(strstr(text, "link a"));
}

static void test_redirect_none(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(written(HOST PLAIN "};", &out), LINK_REDIRECT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirect_rules),
		cmocka_unit_test(test_redirect_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
