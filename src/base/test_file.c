#include "base/clean.h"
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static char folder[] = "/tmp/mailseal-test-file-XXXXXX";

static int folder_make(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void file_write(const char *path, size_t len)
{
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	for (size_t i = 0; i < len; i++)
		fputc('a' + (int)(i % 26), out);
	assert_int_equal(fclose(out), 0);
}

/* Up to the limit whole, one byte over it not. */
static void test_file_read(void **state)
{
	static const size_t lens[] = { 0, 1, 16384, 16385, 50000 };
	char path[64];
	struct timespec when = {};
	(void)state;
	snprintf(path, sizeof(path), "%s/file", folder);
	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		CLEAN(buf_deinit) struct buf b = {};
		file_write(path, lens[i]);
		assert_int_equal(file_read(&b, path, lens[i], &when), 0);
		assert_int_equal(buf_len(&b), lens[i]);
		assert_true(!lens[i] ||
		            buf_slice(&b).data[lens[i] - 1] == 'a' + (lens[i] - 1) % 26);
		assert_true(when.tv_sec > 0);
		buf_clear(&b);
		if (lens[i])
			assert_int_equal(file_read(&b, path, lens[i] - 1, NULL), FILE_TOO_LONG);
	}
	unlink(path);
}

static void test_file_that_is_none(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	(void)state;
	assert_int_equal(file_read(&b, "/nowhere/at/all", 10, NULL), -ENOENT);
	assert_int_equal(file_read(&b, folder, 10, NULL), -EINVAL);
	assert_int_equal(file_read(&b, "/dev/zero", 10, NULL), -EINVAL);
	assert_int_equal(file_read_fd(&b, -1, 10), -EBADF);
	assert_int_equal(file_open_read("/nowhere/at/all"), -ENOENT);
	assert_string_equal(file_error(FILE_TOO_LONG), "longer than is read");
	assert_string_equal(file_error(-ENOENT), "No such file or directory");
}

/* Nobody writes into it: who waited for that would wait for ever. */
static void test_file_that_is_a_fifo(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	char path[64];
	(void)state;
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_open_read(path), -EINVAL);
	assert_int_equal(file_read(&b, path, 10, NULL), -EINVAL);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_read),
		cmocka_unit_test(test_file_that_is_none),
		cmocka_unit_test(test_file_that_is_a_fifo),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
