#include "base/buf.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/replace.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static char directory[] = "/tmp/test_replace.XXXXXX";

static int entries(void)
{
	DIR *d = opendir(directory);
	int count = 0;
	while (d && readdir(d))
		count++;
	closedir(d);
	return count - 2;
}

static void test_replace_whole(void **state)
{
	(void)state;
	char path[64];
	struct stat st;
	CLEAN(buf_deinit) struct buf text = {};
	snprintf(path, sizeof(path), "%s/a", directory);
	assert_int_equal(file_replace(path, 0644, slice_str("one")), 0);
	assert_int_equal(file_replace(path, 0600, slice_str("two")), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(&text, path, 100, NULL), 0);
	assert_true(slice_equal(buf_slice(&text), slice_str("two")));
	assert_int_equal(entries(), 1); /* nothing beside it is left */
	assert_int_equal(unlink(path), 0);
}

static void test_replace_fails(void **state)
{
	(void)state;
	char path[64];
	assert_int_equal(file_replace("/nonexistent/a", 0600, slice_str("x")), -ENOENT);
	snprintf(path, sizeof(path), "%s/b", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_replace(path, 0600, slice_str("x")), -EISDIR);
	assert_int_equal(entries(), 1);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace_whole),
		cmocka_unit_test(test_replace_fails),
	};
	if (!mkdtemp(directory))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
