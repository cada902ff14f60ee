#include "ask/anchor.h"

#include "base/buf.h"
#include "base/clean.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char text[] = ". IN DS 20326 8 2 00\n";
static char folder[] = "/tmp/mailseal-test-anchor-XXXXXX", seed[64];

static int folder_make(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(seed, sizeof(seed), "%s/seed", folder);
	FILE *out = fopen(seed, "w");
	return !out || fputs(text, out) < 0 || fclose(out) ? -1 : 0;
}

static int folder_remove(void **state)
{
	(void)state;
	return unlink(seed) || rmdir(folder);
}

static void kept(struct anchor *ret_anchor, bool has_room)
{
	const struct anchor_settings set = { .folder = folder, .seed = seed, .has_room = has_room };
	assert_int_equal(anchor_keep(ret_anchor, &set), 0);
	assert_int_equal(ret_anchor->is_kept, has_room);
}

static void file_has(const char *path, const char *expected)
{
	CLEAN(buf_deinit) struct buf has = {};
	assert_int_equal(file_read(&has, path, 4096, NULL), 0);
	assert_true(slice_equal(buf_slice(&has), slice_str(expected)));
}

static void file_put(const char *path, const char *what)
{
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(what, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

/* What libunbound made of it stays, unless that is nothing. */
static void test_anchor_is_a_copy(void **state)
{
	struct anchor a;
	(void)state;
	kept(&a, true);
	assert_memory_equal(a.path, folder, strlen(folder));
	file_has(a.path, text);
	file_put(a.path, "newer keys");
	kept(&a, true);
	file_has(a.path, "newer keys");
	file_put(a.path, "");
	kept(&a, true);
	file_has(a.path, text);
	assert_int_equal(unlink(a.path), 0);
}

static void test_anchor_on_a_full_disk_is_in_memory(void **state)
{
	struct anchor a;
	(void)state;
	kept(&a, false);
	assert_memory_equal(a.path, "/proc/self/fd/", strlen("/proc/self/fd/"));
	FILE *in = fopen(a.path, "r");
	char line[64] = "";
	assert_non_null(in);
	assert_non_null(fgets(line, sizeof(line), in));
	fclose(in);
	assert_string_equal(line, text);
	close(atoi(a.path + strlen("/proc/self/fd/")));
}

static void test_anchor_without_a_seed(void **state)
{
	struct anchor a;
	(void)state;
	const struct anchor_settings set = { .folder = folder,
		                             .seed = "/nowhere",
		                             .has_room = true };
	assert_true(anchor_keep(&a, &set) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anchor_is_a_copy),
		cmocka_unit_test(test_anchor_on_a_full_disk_is_in_memory),
		cmocka_unit_test(test_anchor_without_a_seed),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
