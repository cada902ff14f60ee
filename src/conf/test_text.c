/* Files, includes, comments and lines. */
#include "base/clean.h"
#include "conf/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
/* After those it needs. */
#include <cmocka.h>

static char folder[64];

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/mailseal-conf-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c) */
}

static const char *path_of(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *p = path[turn++ % 4];
	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

static void file_put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *string_of(const struct conf_text *t)
{
	return (const char *)t->bytes.data + t->bytes.start;
}

static void assert_place(const struct conf_text *t, unsigned at, const char *file, int line)
{
	struct conf_place place = conf_text_place(t, at, "");
	assert_string_equal(place.file, path_of(file));
	assert_int_equal(place.line, line);
}

static void test_include_keeps_lines(void **state)
{
	CLEAN(conf_text_deinit) struct conf_text t = {};
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	assert_int_equal(mkdir(path_of("conf.d"), 0700), 0);
	file_put("main",
	         "a = 1;\n@include \"conf.d/one\"\nb = 2;\n  @include \"conf.d/*.conf\" # all\n"
	         "c = 3;");
	file_put("conf.d/one", "one = 1;\ntwo = 2;\n@include \"inner\""); /* beside itself */
	file_put("conf.d/inner", "inner = 1;\n");
	file_put("conf.d/b.conf", "bb = 1;\n");
	file_put("conf.d/a.conf", "aa = 1;\n");
	assert_int_equal(conf_text_read_file(&t, path_of("main"), &errors), 0);
	assert_string_equal(string_of(&t), "a = 1;\none = 1;\ntwo = 2;\ninner = 1;\nb = 2;\n"
	                                   "aa = 1;\nbb = 1;\nc = 3;\n");
	assert_place(&t, 1, "main", 1);
	assert_place(&t, 3, "conf.d/one", 2);
	assert_place(&t, 4, "conf.d/inner", 1);
	assert_place(&t, 5, "main", 3);
	assert_place(&t, 7, "conf.d/b.conf", 1);
	assert_place(&t, 8, "main", 5);
	assert_place(&t, 99, "main", 5);
}

static void refused(const char *name, const char *fragment, int line, bool is_unreadable)
{
	CLEAN(conf_text_deinit) struct conf_text t = {};
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	assert_int_equal(conf_text_read_file(&t, path_of(name), &errors), CONF_BAD);
	assert_int_equal(errors.error_count, 1);
	print_message("%s\n", errors.items[0].message);
	assert_non_null(strstr(errors.items[0].message, fragment));
	assert_int_equal(errors.items[0].line, line);
	assert_int_equal(errors.is_unreadable, is_unreadable);
}

static void test_files_refused(void **state)
{
	FILE *f;
	refused("absent", "No such file", 0, true);
	file_put("loop", "\n@include \"loop\"\n");
	refused("loop", "include each other", 2, false);
	file_put("gone", "\n\n@include \"nowhere\"\n");
	refused("gone", "No such file", 3, true);
	file_put("typo", "@include \"konf.d/*.conf\"\n");
	refused("typo", "cannot read the folder", 1, true);
	file_put("folder", "@include \".\"\n");
	refused("folder", "not a file", 1, false);
	file_put("bare", "@include conf.d\n");
	refused("bare", "line of its own", 1, false);
	file_put("behind", "@include \"x\"; a = 1;\n");
	refused("behind", "line of its own", 1, false);
	file_put("deep", "a = (((((((((((((((((\n");
	refused("deep", "deep", 1, false);
	f = fopen(path_of("nul"), "w");
	assert_non_null(f);
	fwrite("a = 1;\0b", 1, 8, f);
	fclose(f);
	refused("nul", "NUL", 0, false);
}

static void test_an_empty_folder_is_fine(void **state)
{
	CLEAN(conf_text_deinit) struct conf_text t = {};
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	assert_int_equal(mkdir(path_of("none.d"), 0700), 0);
	file_put("none", "@include \"none.d/*.conf\"\na = 1;\n");
	assert_int_equal(conf_text_read_file(&t, path_of("none"), &errors), 0);
	assert_string_equal(string_of(&t), "a = 1;\n");
}

static void test_items_know_their_file(void **state)
{
	CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	file_put("top", "hostname = \"mx.example.org\";\n@include \"certs\"\n"
	                "backend = { mta = { address = [\"127.0.0.1:10025\"]; }; };\n"
	                "edge = { mx = { protocol = \"smtp\"; listen = [\"*:25\"];\n"
	                "backend = \"mta\"; }; };\n");
	file_put("certs", "\ncertificate = {\n\tmx = { chain = \"/c\"; key = \"/k\"; }; };\n");
	assert_int_equal(conf_read_file(&s, path_of("top"), 0, &errors), 0);
	assert_string_equal(s->certificates[0].file, path_of("certs"));
	assert_int_equal(s->certificates[0].line, 3);
	assert_string_equal(s->backends[0].file, path_of("top"));
	assert_int_equal(s->backends[0].line, 3);
	assert_int_equal(s->file_count, 2);
	file_put("certs", "\n\n\ncertificat = { };\n");
	CLEAN(conf_settings_freep) struct conf_settings *none = NULL;
	assert_int_equal(conf_read_file(&none, path_of("top"), 0, &errors), CONF_BAD);
	assert_string_equal(errors.items[0].file, path_of("certs"));
	assert_int_equal(errors.items[0].line, 4);
}

static void test_comments_are_blanked(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "a = 1; # b\n", "a = 1;    \n" },
		{ "a = 1; // b", "a = 1;     \n" },
		{ "a = /* b\n@include \"x\"\n*/ 1;", "a =     \n            \n   1;\n" },
		{ "a = \"# // /* \\\" #\"; # b", "a = \"# // /* \\\" #\";    \n" },
		{ "# @include \"x\"\n", "              \n" },
		{ "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(conf_text_deinit) struct conf_text t = {};
		CLEAN(conf_errors_deinit) struct conf_errors errors = {};
		assert_int_equal(conf_text_read_string(&t, cases[i].text, &errors), 0);
		assert_string_equal(string_of(&t), cases[i].expected);
	}
}

static void test_include_refused_in_text(void **state)
{
	static const char *const cases[] = {
		"@include \"/etc/passwd\"\n",       "a = 1;\n \t@include\t\"/etc/passwd\"",
		"/* */ @include \"/etc/passwd\"",   "/*\n*/@include \"/etc/passwd\"",
		"a = \"\n@include \"/etc/passwd\"", "@include",
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(conf_text_deinit) struct conf_text t = {};
		CLEAN(conf_errors_deinit) struct conf_errors errors = {};
		assert_int_equal(conf_text_read_string(&t, cases[i], &errors), CONF_BAD);
		assert_int_equal(errors.error_count, 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_include_keeps_lines),
		cmocka_unit_test(test_files_refused),
		cmocka_unit_test(test_an_empty_folder_is_fine),
		cmocka_unit_test(test_items_know_their_file),
		cmocka_unit_test(test_comments_are_blanked),
		cmocka_unit_test(test_include_refused_in_text),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
