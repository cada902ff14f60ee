#include "base/clean.h"
#include "report/table.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1800000000 }; /* 2027-01-15 08:00:00 UTC */

static const struct report_column columns[] = {
	{ "who", "who", REPORT_TEXT },        { "sessions", "sessions", REPORT_COUNT },
	{ "bytes", "bytes", REPORT_BYTES },   { "sealed", "sealed", REPORT_SHARE },
	{ "last", "last seen", REPORT_TIME }, { "is_new", "new", REPORT_BOOL },
};

static struct report_table table_made(const char *who)
{
	struct report_table t = { .title = "Title",
		                  .columns = columns,
		                  .column_count = COUNT_OF(columns) };
	assert_int_equal(REPORT_ROW(&t, report_text(who), report_count(12), report_bytes(1536),
	                            report_share(1, 2), report_time(NOW), report_bool(true)),
	                 0);
	assert_int_equal(REPORT_ROW(&t, report_text(""), report_count(0), report_bytes(7),
	                            report_share(1, 0), report_time(0), report_unknown()),
	                 0);
	return t;
}

static void written_is(struct buf *b, const char *expected)
{
	assert_int_equal(buf_add(b, slice_of("", 1)), 0);
	assert_string_equal((const char *)buf_slice(b).data, expected);
	buf_deinit(b);
}

static void test_table_text(void **state)
{
	struct buf out = {};
	(void)state;
	struct report_table t = table_made("mx.example");
	assert_int_equal(report_table_note(&t, "%d of \x1b[31mthem", 3), 0);
	assert_int_equal(report_table_text(&out, &t, 0), 0);
	written_is(&out, "Title\n\n"
	                 "who         sessions    bytes  sealed  last seen         new\n"
	                 "mx.example        12  1.5 KiB  50.0 %  2027-01-15 08:00  yes\n"
	                 "-                  0      7 B       -  -                 -\n"
	                 "\n3 of \\x1b[31mthem\n");
	report_table_deinit(&t);
	report_table_deinit(&t);
}

static void test_table_without_rows(void **state)
{
	struct buf out = {};
	struct report_table t = { .title = "Title", .columns = columns, .column_count = 6 };
	(void)state;
	assert_int_equal(report_table_text(&out, &t, 80), 0);
	written_is(&out, "Title\n\nnothing\n");
	t.empty = "no exposure";
	assert_int_equal(report_table_text(&out, &t, 80), 0);
	written_is(&out, "Title\n\nno exposure\n");
	assert_int_equal(report_table_csv(&out, &t), 0);
	written_is(&out, "who,sessions,bytes,sealed,last,is_new\r\n");
	json_t *list = report_table_json(&t);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

/* Texts give way, down to a limit; numbers never. */
static void test_table_cut(void **state)
{
	struct buf out = {};
	(void)state;
	struct report_table t = table_made("a-very-long-name-indeed.example");
	assert_int_equal(report_table_text(&out, &t, 66), 0);
	written_is(&out, "Title\n\n"
	                 "who               sessions    bytes  sealed  last seen         new\n"
	                 "a-very-long-na..        12  1.5 KiB  50.0 %  2027-01-15 08:00  yes\n"
	                 "-                        0      7 B       -  -                 -\n");
	assert_int_equal(report_table_text(&out, &t, 10), 0);
	written_is(&out, "Title\n\n"
	                 "who           sessions    bytes  sealed  last seen         new\n"
	                 "a-very-lon..        12  1.5 KiB  50.0 %  2027-01-15 08:00  yes\n"
	                 "-                    0      7 B       -  -                 -\n");
	report_table_deinit(&t);
}

/* Spare columns go before any text is cut. */
static void test_table_spare(void **state)
{
	struct buf out = {};
	(void)state;
	struct report_table t = table_made("mx.example");
	t.spare_from = 2;
	assert_int_equal(report_table_text(&out, &t, 40), 0);
	written_is(&out, "Title\n\n"
	                 "who         sessions    bytes  sealed\n"
	                 "mx.example        12  1.5 KiB  50.0 %\n"
	                 "-                  0      7 B       -\n"
	                 "(2 more columns on a wider terminal, or with --json)\n");
	assert_int_equal(report_table_text(&out, &t, 19), 0);
	written_is(&out, "Title\n\n"
	                 "who         sessions\n"
	                 "mx.example        12\n"
	                 "-                  0\n"
	                 "(4 more columns on a wider terminal, or with --json)\n");
	report_table_deinit(&t);
}

static void test_table_hostile(void **state)
{
	static const struct {
		const char *text, *shown, *csv;
	} cases[] = {
		{ "a", "a", "\"a\"" },
		{ "\x1b]0;x\x07", "\\x1b]0;x\\x07", "\"\\x1b]0;x\\x07\"" },
		{ "a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f", "\"a\\x0ab\\x0d\\x09c\\x7f\"" },
		{ "say \"hi\",", "say \"hi\",", "\"say \"\"hi\"\",\"" },
		{ "\"", "\"", "\"\"\"\"" },
		{ "=1+1", "=1+1", "\"'=1+1\"" },
		{ "+1", "+1", "\"'+1\"" },
		{ "-1", "-1", "\"'-1\"" },
		{ "@x", "@x", "\"'@x\"" },
		{ "  =1", "  =1", "\"'  =1\"" },
		{ "a=1", "a=1", "\"a=1\"" },
		{ "\t=1", "\\x09=1", "\"\\x09=1\"" },
		{ "\xc3\xbc\xe2\x80\xae", "\\xc3\\xbc\\xe2\\x80\\xae",
		  "\"\\xc3\\xbc\\xe2\\x80\\xae\"" },
		{ "   ", "   ", "\"   \"" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out = {};
		struct report_table t = { .columns = columns, .column_count = 1 };
		assert_int_equal(REPORT_ROW(&t, report_text(cases[i].text)), 0);
		assert_int_equal(report_cell_write(&out, report_table_cell(&t, 0, 0)), 0);
		written_is(&out, cases[i].shown);
		assert_int_equal(report_table_csv(&out, &t), 0);
		buf_consume(&out, strlen("who\r\n"));
		assert_true(slice_equal(slice_head(buf_slice(&out), buf_len(&out) - 2),
		                        slice_str(cases[i].csv)));
		buf_deinit(&out);
		report_table_deinit(&t);
	}
}

static void test_cells(void **state)
{
	static const struct {
		struct report_cell cell;
		const char *shown;
	} cases[] = {
		{ { .kind = REPORT_SHARE, .is_known = true, .share = 0.9999999 }, "99.9 %" },
		{ { .kind = REPORT_SHARE, .is_known = true, .share = 1 }, "100.0 %" },
		{ { .kind = REPORT_SHARE, .is_known = true, .share = 0.0000001 }, "<0.1 %" },
		{ { .kind = REPORT_SHARE, .is_known = true, .share = 0 }, "0.0 %" },
		{ { .kind = REPORT_BYTES, .is_known = true, .number = 1023 }, "1023 B" },
		{ { .kind = REPORT_BYTES, .is_known = true, .number = 1024 * 1024 - 1 },
		  "1023.9 KiB" },
		{ { .kind = REPORT_BYTES, .is_known = true, .number = INT64_MAX }, "8192.0 PiB" },
		{ { .kind = REPORT_TIME, .is_known = true, .number = INT64_MAX },
		  "9223372036854775807" },
		{ { .kind = REPORT_BOOL, .is_known = true }, "no" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out = {};
		assert_int_equal(report_cell_write(&out, &cases[i].cell), 0);
		written_is(&out, cases[i].shown);
	}
}

static void test_table_for_programs(void **state)
{
	struct buf out = {};
	(void)state;
	struct report_table t = table_made("mx.example");
	assert_int_equal(report_table_csv(&out, &t), 0);
	written_is(&out, "who,sessions,bytes,sealed,last,is_new\r\n"
	                 "\"mx.example\",12,1536,0.500000,2027-01-15T08:00:00Z,true\r\n"
	                 ",0,7,,,\r\n");
	json_t *list = report_table_json(&t);
	json_t *expected = json_pack("[{s:s, s:i, s:i, s:f, s:s, s:b}, {s:n, s:i, s:i, s:n, s:n, "
	                             "s:n}]",
	                             "who", "mx.example", "sessions", 12, "bytes", 1536, "sealed",
	                             0.5, "last", "2027-01-15T08:00:00Z", "is_new", 1, "who",
	                             "sessions", 0, "bytes", 7, "sealed", "last", "is_new");
	assert_true(json_equal(list, expected));
	json_decref(list);
	json_decref(expected);
	report_table_deinit(&t);
	t = table_made("\xff\xfe<b>");
	list = report_table_json(&t);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "who")),
	                    "\\xff\\xfe<b>");
	json_decref(list);
	report_table_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_text),
		cmocka_unit_test(test_table_without_rows),
		cmocka_unit_test(test_table_cut),
		cmocka_unit_test(test_table_spare),
		cmocka_unit_test(test_table_hostile),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_table_for_programs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
