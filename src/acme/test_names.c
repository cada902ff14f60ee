/* Which names a certificate has; what a CA is called as a folder. */
#include "acme/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>

static void test_names_are_in(void **state)
{
	char *const names[] = { (char *)"MX.example.org", (char *)"*.example.net" };
	(void)state;
	assert_true(acme_names_are_in("*.example.net,mx.example.org", names, 2));
	assert_true(acme_names_are_in("a,mx.example.org", names, 1));
	assert_true(acme_names_are_in("", names, 0));
	assert_false(acme_names_are_in("", names, 1));
	assert_false(acme_names_are_in("mx.example.org", names, 2));
	assert_false(acme_names_are_in("mx.example.org.evil.example", names, 1));
	assert_false(acme_names_are_in("x.example.net,mx.example.org", names, 2));
}

static void test_names_folder(void **state)
{
	static const struct {
		const char *directory, *folder;
	} cases[] = {
		{ "https://acme-v02.api.letsencrypt.org/directory",
		  "acme-v02.api.letsencrypt.org_directory" },
		{ "https://127.0.0.1:14000/dir", "127.0.0.1_14000_dir" },
		{ "https://../..", "_._.." },
		{ "https:///etc", "_etc" },
	};
	char folder[64];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		acme_names_folder(cases[i].directory, folder, sizeof(folder));
		assert_string_equal(folder, cases[i].folder);
	}
	acme_names_folder("https://abcdef", folder, 4);
	assert_string_equal(folder, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_in),
		cmocka_unit_test(test_names_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
