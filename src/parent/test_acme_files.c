#include "parent/acme_files.h"

#include "base/clean.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static struct conf_settings settings = { .user = "nobody", .state_dir = folder };
static struct conf_certificate certificate = { .name = "mx", .acme = "https://ca.example/dir" };

static void file_put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void file_is(const char *path, const char *text)
{
	CLEAN(buf_deinit) struct buf has = {};
	assert_int_equal(file_read(&has, path, 4096, NULL), 0);
	assert_true(slice_equal(buf_slice(&has), slice_str(text)));
}

static struct parent_acme_paths scene(void)
{
	struct parent_acme_paths paths;
	snprintf(folder, sizeof(folder), "/tmp/test_acme_files.XXXXXX");
	assert_non_null(mkdtemp(folder));
	parent_acme_paths(&settings, &certificate, &paths);
	return paths;
}

static void scene_end(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void test_a_request_takes_the_place_of_what_was_there(void **state)
{
	CLEAN(buf_deinit) struct buf pem = {};
	struct parent_acme_paths paths = scene();
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(parent_acme_request_write(&settings, &paths, slice_str("request")),
		                 0);
		file_is(paths.request, "request");
		assert_true(parent_acme_issued_read(&paths, &pem) < 0);
		file_put(paths.issued, "issued");
	}
	assert_int_equal(parent_acme_issued_read(&paths, &pem), 0);
	assert_true(slice_equal(buf_slice(&pem), slice_str("issued")));
	scene_end();
}

/* Whoever is "user" owns the folders, and puts a link in place of one of them. */
static void test_links_in_place_of_the_clients_folders_are_not_followed(void **state)
{
	CLEAN(buf_deinit) struct buf pem = {};
	struct parent_acme_paths paths = scene();
	char elsewhere[128], ours[160], issued[160], link[600];
	(void)state;
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	snprintf(ours, sizeof(ours), "%s/mx.pem", elsewhere);
	snprintf(issued, sizeof(issued), "%s/mx-cert.pem", elsewhere);
	snprintf(link, sizeof(link), "%s/requests", paths.folder);
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	assert_int_equal(mkdir(paths.folder, 0700), 0);
	file_put(ours, "of root");
	file_put(issued, "of root too");
	assert_int_equal(symlink(elsewhere, link), 0);
	assert_true(parent_acme_request_write(&settings, &paths, slice_str("request")) < 0);
	file_is(ours, "of root");
	file_is(issued, "of root too");
	assert_true(parent_acme_issued_read(&paths, &pem) < 0);
	scene_end();
}

static void test_a_chain_that_no_client_would_take_is_not_read(void **state)
{
	CLEAN(buf_deinit) struct buf pem = {};
	struct parent_acme_paths paths = scene();
	char text[40 * 1024 + 2];
	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parent_acme_request_write(&settings, &paths, slice_str("request")), 0);
	file_put(paths.issued, text);
	assert_true(parent_acme_issued_read(&paths, &pem) < 0);
	scene_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_takes_the_place_of_what_was_there),
		cmocka_unit_test(test_links_in_place_of_the_clients_folders_are_not_followed),
		cmocka_unit_test(test_a_chain_that_no_client_would_take_is_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
