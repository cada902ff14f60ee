#include "base/clean.h"
#include "check/webform.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct form_case {
	const char *page;
	bool has_password;
	unsigned count;
	const char *first, *second, *base;
} cases[] = {
	{ "<form action='/login' method=post><input name=u><input type=password></form>", true, 1,
	  "/login", NULL, "" },
	{ "<FORM ACTION=\"http://x.example/a\"><INPUT TYPE=PASSWORD>", true, 1,
	  "http://x.example/a", NULL, "" },
	{ "<form action=/search><input type=text></form>", false, 0, NULL, NULL, "" },
	{ "<form><input type='password'></form>", true, 1, "", NULL, "" },
	{ "<input type=password>", true, 0, NULL, NULL, "" },
	{ "<form action=/a><input type=password><button formaction='http://b/'></form>", true, 2,
	  "/a", "http://b/", "" },
	{ "<base href='http://c/'><form><input type=password></form>", true, 1, "", NULL,
	  "http://c/" },
	{ "<form action='ht\ntp&#58;//d/?a=1&amp;b=2'><input type=password></form>", true, 1,
	  "http://d/?a=1&b=2", NULL, "" },
	{ "<form action='&#x3A;&#x0;&#300;&nope;&'><input type=password></form>", true, 1,
	  ":&#x0;&#300;&nope;&", NULL, "" },
	{ "<!-- <form action=/x><input type=password></form> -->", false, 0, NULL, NULL, "" },
	{ "<script>'<input type=password>'</script>", false, 0, NULL, NULL, "" },
	{ "<form action=/s><input></form><form action=/l><input type=password></form>", true, 1,
	  "/l", NULL, "" },
	{ "", false, 0, NULL, NULL, "" },
};

static void test_webform(void **state)
{
	(void)state;
	struct check_webform f;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct form_case *c = &cases[i];
		check_webform_scan(slice_str(c->page), &f);
		if (f.has_password != c->has_password || f.count != c->count ||
		    (c->first && strcmp(c->first, f.actions[0]) != 0) ||
		    (c->second && strcmp(c->second, f.actions[1]) != 0) ||
		    strcmp(c->base, f.base) != 0)
			fail_msg("%s: %d, %u, \"%s\", \"%s\", base \"%s\"", c->page, f.has_password,
			         f.count, f.actions[0], f.actions[1], f.base);
	}
}

/* More forms, and longer actions, than there is room for. */
static void test_webform_bounded(void **state)
{
	(void)state;
	static char page[64 * 1024];
	static const char form[] = "<form action=/x><input type=password></form>";
	struct check_webform f;
	for (size_t at = 0; at + sizeof(form) < sizeof(page); at += strlen(form))
		memcpy(page + at, form, sizeof(form));
	check_webform_scan(slice_str(page), &f);
	assert_int_equal(f.count, CHECK_FORMS_MAX);
	memset(page, 'a', sizeof(page) - 1);
	memcpy(page, "<form action=", 13);
	memcpy(page + sizeof(page) - 30, "><input type=password>", 22);
	check_webform_scan(slice_str(page), &f);
	assert_true(f.has_password);
	assert_int_equal(strlen(f.actions[0]), CHECK_ACTION_CAP - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_webform),
		cmocka_unit_test(test_webform_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
