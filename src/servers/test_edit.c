#include "base/clean.h"
#include "servers/edit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *name, *before;
	struct servers_edit edits[3];
	size_t count;
	const char *after, *patch; /* patch: its first hunk's head */
} cases[] = {
	{ "replaced", "a\nb\nc\n", { { "f", 2, 1, "B\n" } }, 1, "a\nB\nc\n", "@@ -1,3 +1,3 @@\n" },
	{ "several lines",
	  "a\nb\nc\nd\n",
	  { { "f", 2, 2, "B\n" } },
	  1,
	  "a\nB\nd\n",
	  "@@ -1,4 +1,3 @@\n" },
	{ "put before", "a\nb\n", { { "f", 2, 0, "x\n" } }, 1, "a\nx\nb\n", "@@ -1,2 +1,3 @@\n" },
	{ "taken out", "a\nb\n", { { "f", 1, 1, "" } }, 1, "b\n", "@@ -1,2 +1,1 @@\n" },
	{ "added at the end",
	  "a\n",
	  { { "f", 0, 0, "x\n" }, { "f", 0, 0, "y\n" } },
	  2,
	  "a\nx\ny\n",
	  "@@ -1,1 +1,3 @@\n" },
	{ "to an empty file", "", { { "f", 0, 0, "x\n" } }, 1, "x\n", "@@ -0,0 +1,1 @@\n" },
	{ "behind a line without end",
	  "a\nb",
	  { { "f", 0, 0, "x\n" } },
	  1,
	  "a\nb\nx\n",
	  "@@ -1,2 +1,3 @@\n" },
	{ "behind the end", "a\n", { { "f", 9, 3, "x\n" } }, 1, "a\nx\n", "@@ -1,1 +1,2 @@\n" },
	{ "the first of two holds",
	  "a\nb\n",
	  { { "f", 1, 1, "x\n" }, { "f", 1, 1, "y\n" } },
	  2,
	  "x\nb\n",
	  "@@ -1,2 +1,2 @@\n" },
	{ "before and in place of a line",
	  "a\nb\n",
	  { { "f", 2, 1, "B\n" }, { "f", 2, 0, "x\n" } },
	  2,
	  "a\nx\nB\n",
	  "@@ -1,2 +1,3 @@\n" },
};

/* One side of a patch whose one hunk has the whole file: mark is '-' or '+'. */
static void side_of(const char *patch, char mark, struct buf *ret_text)
{
	for (int heads = 0; heads < 3; heads++)
		patch = strchr(patch, '\n') + 1;
	for (bool is_mine = false; *patch; patch = strchr(patch, '\n') + 1) {
		size_t len = strcspn(patch, "\n");
		if (*patch == '\\' && is_mine) /* no newline at the end of the line before */
			ret_text->end--;
		is_mine = *patch == ' ' || *patch == mark;
		if (is_mine)
			assert_int_equal(buf_add(ret_text, slice_of(patch + 1, len)), 0);
	}
}

static void test_edit_patch(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf_deinit) struct buf out = {}, before = {}, after = {};
		assert_int_equal(servers_edit_patch(&out, "/etc/f", slice_str(cases[i].before),
		                                    cases[i].edits, cases[i].count),
		                 0);
		assert_int_equal(buf_add(&out, slice_of("", 1)), 0);
		const char *text = (const char *)buf_slice(&out).data;
		assert_memory_equal(text, "--- a/etc/f\n+++ b/etc/f\n", 24);
		assert_memory_equal(text + 24, cases[i].patch, strlen(cases[i].patch));
		side_of(text, '-', &before);
		side_of(text, '+', &after);
		assert_true(slice_equal(buf_slice(&before), slice_str(cases[i].before)));
		assert_true(slice_equal(buf_slice(&after), slice_str(cases[i].after)));
	}
}

static void test_edit_patch_far_apart(void **state)
{
	(void)state;
	static const char before[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
	static const struct servers_edit edits[] = { { "f", 1, 1, "one\nmore\n" },
		                                     { "f", 12, 1, "twelve\n" } };
	static const char expected[] = "--- a/f\n+++ b/f\n"
				       "@@ -1,4 +1,5 @@\n-1\n+one\n+more\n 2\n 3\n 4\n"
				       "@@ -9,4 +10,4 @@\n 9\n 10\n 11\n-12\n+twelve\n";
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(servers_edit_patch(&out, "f", slice_str(before), edits, 2), 0);
	assert_true(slice_equal(buf_slice(&out), slice_str(expected)));
}

static void test_edit_patch_of_nothing(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(servers_edit_patch(&out, "f", slice_str("a\n"), NULL, 0), 0);
	assert_int_equal(buf_len(&out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edit_patch),
		cmocka_unit_test(test_edit_patch_far_apart),
		cmocka_unit_test(test_edit_patch_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
