#include "base/clean.h"
#include "servers/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static void test_words(void **state)
{
	(void)state;
	const char *list = " a, b\t{ c, d } ,e", *word = NULL;
	static const char *const expected[] = { "a", "b", "{ c, d }", "e" };
	size_t len = 0, i = 0;
	while (servers_word_next(&list, &word, &len)) {
		assert_true(i < COUNT_OF(expected));
		assert_true(slice_equal(slice_of(word, len), slice_str(expected[i])));
		i++;
	}
	assert_int_equal(i, COUNT_OF(expected));
	assert_true(servers_words_have("noplaintext, NoAnonymous", "noanonymous"));
	assert_false(servers_words_have("noplaintexts", "noplaintext"));
}

static void test_versions(void **state)
{
	(void)state;
	assert_true(servers_version_is_at_least("3.10", 3, 9));
	assert_false(servers_version_is_at_least("3.9.1", 3, 10));
	assert_true(servers_version_is_at_least("4", 3, 10));
	assert_false(servers_version_is_at_least(NULL, 0, 0));
	assert_false(servers_version_is_at_least("x", 0, 0));
}

static void test_package_version(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = { .root = "/no/such/folder" };
	static const char status[] =
		"Package: postfix\nStatus: deinstall ok config-files\nVersion: 1.0\n\n"
		"Package: dovecot-core\nStatus: install ok installed\n"
		"Version: 1:2.3.19.1+dfsg1-2.1+deb12u1\n\n"
		"Package: libssl3\nStatus: install ok installed\nVersion: 3.0.22-1\n";
	assert_int_equal(servers_file_put(&s, "/var/lib/dpkg/status", slice_str(status)), 0);
	assert_null(servers_package_version(&s, "postfix"));
	assert_string_equal(servers_package_version(&s, "dovecot-core"), "2.3.19.1");
	assert_string_equal(servers_openssl_version(&s), "3.0.22");
}

/* A tree of somebody else's must not show files of this machine. */
static void test_links_stay_beneath_the_root(void **state)
{
	(void)state;
	char root[] = "/tmp/mailseal-servers-XXXXXX", path[128];
	assert_non_null(mkdtemp(root));
	CLEAN(servers_deinit) struct servers s = { .root = root };
	struct servers_file *file = NULL;
	static const char *const links[][2] = { { "absolute", "/etc/passwd" },
		                                { "upward", "../../../etc/passwd" } };
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, links[i][0]);
		assert_int_equal(symlink(links[i][1], path), 0);
		snprintf(path, sizeof(path), "/%s", links[i][0]);
		assert_int_equal(servers_open(&s, path, &file), SERVERS_FILE_ABSENT);
		snprintf(path, sizeof(path), "%s/%s", root, links[i][0]);
		unlink(path);
	}
	rmdir(root);
}

static void test_no_file_is_waited_for(void **state)
{
	(void)state;
	char root[] = "/tmp/mailseal-servers-XXXXXX", path[128];
	assert_non_null(mkdtemp(root));
	CLEAN(servers_deinit) struct servers s = { .root = root };
	struct servers_file *file = NULL;
	snprintf(path, sizeof(path), "%s/main.cf", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(servers_open(&s, "/main.cf", &file), SERVERS_FILE_UNREADABLE);
	assert_int_equal(s.fault_count, 1);
	unlink(path);
	rmdir(root);
}

static void test_unknown_files(void **state)
{
	(void)state;
	CLEAN(servers_deinit) struct servers s = { .root = "/" };
	assert_int_equal(servers_read_file(&s, "/etc/passwd"), SERVERS_UNKNOWN_FILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_package_version),
		cmocka_unit_test(test_links_stay_beneath_the_root),
		cmocka_unit_test(test_no_file_is_waited_for),
		cmocka_unit_test(test_unknown_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
