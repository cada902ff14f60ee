#include "base/clean.h"
#include "base/file.h"
#include "parent/acme_files.h"
#include "parent/rollover_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct folder {
	char path[64];
	struct conf_settings settings;
	struct conf_certificate ordered, brought;
	char key[128]; /* of the brought one */
};

static void file_of(const struct folder *f, const char *file, char ret_path[256])
{
	snprintf(ret_path, 256, "%s/certificates/mx/%s", f->path, file);
}

static void put(const struct folder *f, const char *file)
{
	char path[256];
	file_of(f, file, path);
	assert_int_equal(parent_acme_file_write(path, slice_str(file)), 0);
}

/* text: what it was put as; NULL: it is not there. */
static void assert_has(const struct folder *f, const char *file, const char *text)
{
	CLEAN(buf_deinit) struct buf b = {};
	char path[256];
	file_of(f, file, path);
	if (!text) {
		assert_int_not_equal(access(path, F_OK), 0);
		return;
	}
	assert_int_equal(file_read(&b, path, 64, NULL), 0);
	assert_true(slice_equal(buf_slice(&b), slice_str(text)));
}

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));
	snprintf(f->path, sizeof(f->path), "/tmp/mailseal-rollover-XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	snprintf(f->key, sizeof(f->key), "%s/certificates/mx/next.pem", f->path);
	f->settings.state_dir = f->path;
	f->ordered = (struct conf_certificate){ .name = "mx", .acme = "https://ca.example/" };
	f->brought = (struct conf_certificate){ .name = "mx", .key = f->key };
	*state = f;
	return parent_acme_folder_make(&f->settings, "mx");
}

static int teardown(void **state)
{
	struct folder *f = *state;
	static const char *const files[] = { "key.pem",        "chain.pem",    "next.pem",
		                             "next-chain.pem", "previous.pem", "rollover",
		                             "next.csr",       "next.pem.new" };
	char path[256];
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		file_of(f, files[i], path);
		unlink(path);
	}
	file_of(f, "", path);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/certificates", f->path);
	rmdir(path);
	rmdir(f->path);
	free(f);
	return 0;
}

static void all_put(const struct folder *f)
{
	put(f, "key.pem");
	put(f, "chain.pem");
	put(f, "next.pem");
	put(f, "next-chain.pem");
}

static void test_files_switch(void **state)
{
	struct folder *f = *state;
	all_put(f);
	assert_int_equal(parent_rollover_files_switch(&f->settings, &f->ordered), 0);
	assert_has(f, "key.pem", "next.pem");
	assert_has(f, "chain.pem", "next-chain.pem");
	assert_has(f, "previous.pem", "key.pem");
	assert_has(f, "next.pem", NULL);
	assert_has(f, "next-chain.pem", NULL);
	parent_rollover_previous_remove(&f->settings, &f->ordered);
	assert_has(f, "previous.pem", NULL);
}

/* It ended between the two names. */
static void test_files_switch_cut_off(void **state)
{
	struct folder *f = *state;
	char from[256], to[256];
	all_put(f);
	parent_rollover_files_mend(&f->settings, &f->ordered); /* nothing began */
	assert_has(f, "chain.pem", "chain.pem");
	file_of(f, "next.pem", from);
	file_of(f, "key.pem", to);
	assert_int_equal(rename(from, to), 0);
	parent_rollover_files_mend(&f->settings, &f->ordered);
	assert_has(f, "key.pem", "next.pem");
	assert_has(f, "chain.pem", "next-chain.pem");
	assert_has(f, "next-chain.pem", NULL);
	parent_rollover_files_mend(&f->settings, &f->ordered); /* nothing is left to do */
	assert_has(f, "chain.pem", "next-chain.pem");
}

static void test_files_remove_leaves_what_is_in_force(void **state)
{
	struct folder *f = *state;
	all_put(f);
	put(f, "rollover");
	parent_rollover_files_remove(&f->settings, &f->ordered);
	assert_has(f, "key.pem", "key.pem");
	assert_has(f, "chain.pem", "chain.pem");
	assert_has(f, "next.pem", NULL);
	assert_has(f, "next-chain.pem", NULL);
	assert_has(f, "rollover", NULL);
}

static void test_files_key_in_use_is_never_removed(void **state)
{
	struct folder *f = *state;
	char path[256];
	put(f, "next.pem");
	assert_int_equal(parent_rollover_key_prepare(&f->settings, &f->brought, path, sizeof(path)),
	                 PARENT_ROLLOVER_IN_USE);
	parent_rollover_files_remove(&f->settings, &f->brought);
	assert_has(f, "next.pem", "next.pem");
}

static void test_files_plan_comes_back(void **state)
{
	struct folder *f = *state;
	struct rollover r = { .state = ROLLOVER_SEEN, .ttl_s = 60 }, back = { .ttl_s = 1 };
	assert_int_equal(parent_rollover_file_read(&f->settings, &f->ordered, &back), 0);
	assert_int_equal(back.state, ROLLOVER_NONE);
	assert_int_equal(parent_rollover_file_write(&f->settings, &f->ordered, &r), 0);
	assert_int_equal(parent_rollover_file_read(&f->settings, &f->ordered, &back), 0);
	assert_int_equal(back.state, ROLLOVER_SEEN);
	assert_int_equal(back.ttl_s, 60);
	put(f, "rollover");
	assert_int_equal(parent_rollover_file_read(&f->settings, &f->ordered, &back), ROLLOVER_BAD);
}

/* A certificate that cannot be read is none: it goes, and is ordered anew. */
static void test_files_issued_is_looked_at(void **state)
{
	struct folder *f = *state;
	const uint8_t spki[ROLLOVER_DIGEST_LEN] = {};
	assert_false(parent_rollover_is_issued(&f->settings, &f->ordered, spki));
	put(f, "next-chain.pem");
	assert_false(parent_rollover_is_issued(&f->settings, &f->ordered, spki));
	assert_has(f, "next-chain.pem", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files_switch),
		TEST(test_files_switch_cut_off),
		TEST(test_files_remove_leaves_what_is_in_force),
		TEST(test_files_key_in_use_is_never_removed),
		TEST(test_files_plan_comes_back),
		TEST(test_files_issued_is_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
