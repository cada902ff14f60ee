#include "base/clean.h"
#include "up/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define BEGIN(n) "# mailseal up " n ": begin; \"mailseal up --undo\" takes this block back\n"
#define END(n) "# mailseal up " n ": end\n"

static const char stock[] = "# services\n"
			    "smtp      inet  n       -       y       -       -       smtpd\n"
			    "  -o smtpd_sasl_auth_enable=yes\n"
			    "#submission inet n - y - - smtpd\n"
			    "pickup    unix  n       -       y       60      1       pickup\n";

static const struct up_block smtp = { .line = 2,
	                              .lines = 2,
	                              .text = "127.0.0.1:10025 inet n - y - - smtpd\n"
	                                      "  -o smtpd_upstream_proxy_protocol=haproxy\n" };
static const struct up_block last = { .text = "service imap-login {\n}\n" };

static const char sealed[] = "# services\n" BEGIN(
	"1") "#mailseal# smtp      inet  n       -       y       -       -       smtpd\n"
	     "#mailseal#   -o smtpd_sasl_auth_enable=yes\n"
	     "127.0.0.1:10025 inet n - y - - smtpd\n"
	     "  -o smtpd_upstream_proxy_protocol=haproxy\n" END(
		     "1") "#submission inet n - y - - smtpd\n"
			  "pickup    unix  n       -       y       60      1       pickup\n" BEGIN(
				  "2") "service imap-login {\n}\n" END("2");

static const char *text_of(struct buf *b)
{
	assert_int_equal(buf_add(b, slice_of("", 1)), 0);
	return (const char *)buf_slice(b).data;
}

static void applied(struct buf *out, const char *text)
{
	const struct up_block blocks[] = { smtp, last };
	assert_int_equal(up_edit_apply(out, slice_str(text), blocks, 2), 0);
}

static void test_apply(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	(void)state;
	applied(&out, stock);
	assert_string_equal(text_of(&out), sealed);
}

static void test_apply_to_a_last_line_without_end(void **state)
{
	static const struct up_block block = { .line = 2, .lines = 1, .text = "x\n" };
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(buf_deinit) struct buf appended = {};
	(void)state;
	assert_int_equal(up_edit_apply(&out, slice_str("a\nb"), &block, 1), 0);
	assert_string_equal(text_of(&out), "a\n" BEGIN("1") "#mailseal# b\nx\n" END("1"));
	assert_int_equal(up_edit_apply(&appended, slice_str("a\nb"), &last, 1), 0);
	assert_string_equal(text_of(&appended),
	                    "a\nb\n" BEGIN("1") "service imap-login {\n}\n" END("1"));
}

static void test_apply_to_nothing(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	(void)state;
	assert_int_equal(up_edit_apply(&out, slice_str(""), &last, 1), 0);
	assert_string_equal(text_of(&out), BEGIN("1") "service imap-login {\n}\n" END("1"));
}

static void test_apply_twice_is_refused(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	(void)state;
	assert_int_equal(up_edit_apply(&out, slice_str(sealed), &last, 1), UP_EDIT_MARKED);
}

/* What somebody makes of the file: of `find` becomes `put`. */
static void edited(struct buf *out, const char *find, const char *put)
{
	const char *at = strstr(sealed, find);
	assert_non_null(at);
	assert_int_equal(buf_add(out, slice_of(sealed, (size_t)(at - sealed))), 0);
	assert_int_equal(buf_add_str(out, put), 0);
	assert_int_equal(buf_add_str(out, at + strlen(find)), 0);
}

static int back(struct buf *out, struct slice now, struct up_changes *changes)
{
	return up_edit_take_back(out, now, slice_str(sealed), changes);
}

static void test_take_back_of_an_untouched_file(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(up_changes_deinit) struct up_changes changes = {};
	(void)state;
	assert_int_equal(back(&out, slice_str(sealed), &changes), 0);
	assert_string_equal(text_of(&out), stock);
	assert_int_equal(changes.count, 2);
	assert_int_equal(changes.items[0].line, 2);
	assert_int_equal(changes.items[0].lines, 6);
	assert_int_equal(changes.gone, 0);
}

static void test_take_back_keeps_edits(void **state)
{
	static const struct {
		const char *name, *find, *put;
		const char *expected;
	} cases[] = {
		{ "a line before", "# services\n", "# services\nnew\n",
		  "# services\nnew\nsmtp      inet  n       -       y       -       -       smtpd\n"
		  "  -o smtpd_sasl_auth_enable=yes\n#submission inet n - y - - smtpd\n"
		  "pickup    unix  n       -       y       60      1       pickup\n" },
		{ "a line gone", "#submission inet n - y - - smtpd\n", "",
		  "# services\nsmtp      inet  n       -       y       -       -       smtpd\n"
		  "  -o smtpd_sasl_auth_enable=yes\n"
		  "pickup    unix  n       -       y       60      1       pickup\n" },
		{ "a line at the end, without its end", "}\n" END("2"), "}\n" END("2") "tail",
		  "# services\nsmtp      inet  n       -       y       -       -       smtpd\n"
		  "  -o smtpd_sasl_auth_enable=yes\n#submission inet n - y - - smtpd\n"
		  "pickup    unix  n       -       y       60      1       pickup\ntail" },
		{ "the last mark without its end", "}\n" END("2"), "}\n# mailseal up 2: end",
		  "# services\nsmtp      inet  n       -       y       -       -       smtpd\n"
		  "  -o smtpd_sasl_auth_enable=yes\n#submission inet n - y - - smtpd\n"
		  "pickup    unix  n       -       y       60      1       pickup\n" },
		{ "between two blocks", "60      1       pickup\n", "60      1       pickup\nx\n\n",
		  "# services\nsmtp      inet  n       -       y       -       -       smtpd\n"
		  "  -o smtpd_sasl_auth_enable=yes\n#submission inet n - y - - smtpd\n"
		  "pickup    unix  n       -       y       60      1       pickup\nx\n\n" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf_deinit) struct buf now = {};
		CLEAN(buf_deinit) struct buf out = {};
		CLEAN(up_changes_deinit) struct up_changes changes = {};
		edited(&now, cases[i].find, cases[i].put);
		if (back(&out, buf_slice(&now), &changes))
			fail_msg("%s: conflict", cases[i].name);
		if (strcmp(text_of(&out), cases[i].expected))
			fail_msg("%s: %s", cases[i].name, (const char *)buf_slice(&out).data);
	}
}

static void test_take_back_of_a_block_that_was_moved(void **state)
{
	const char *block = strstr(sealed, "# mailseal up 1");
	size_t len = (size_t)(strstr(sealed, "#submission") - block);
	CLEAN(buf_deinit) struct buf now = {};
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(up_changes_deinit) struct up_changes changes = {};
	(void)state;
	edited(&now, "# services\n", "");
	buf_clear(&now);
	assert_int_equal(buf_add_str(&now, "# services\n"), 0);
	assert_int_equal(buf_add_str(&now, block + len), 0);
	assert_int_equal(buf_add(&now, slice_of(block, len)), 0);
	assert_int_equal(back(&out, buf_slice(&now), &changes), 0);
	assert_string_equal(text_of(&out),
	                    "# services\n#submission inet n - y - - smtpd\n"
	                    "pickup    unix  n       -       y       60      1       pickup\n"
	                    "smtp      inet  n       -       y       -       -       smtpd\n"
	                    "  -o smtpd_sasl_auth_enable=yes\n");
}

static void test_take_back_when_our_lines_were_edited(void **state)
{
	static const struct {
		const char *find, *put;
		unsigned conflict;
	} cases[] = {
		{ "127.0.0.1:10025 ", "127.0.0.1:10125 ", 1 },
		{ "haproxy\n", "haproxy\n  -o smtpd_client_restrictions=\n", 1 },
		{ "#mailseal#   -o smtpd_sasl_auth_enable=yes\n", "", 1 },
		{ BEGIN("1"), "", 1 },
		{ END("1"), "", 1 },
		{ END("1"), "# mailseal up 1: end\r\n", 1 },
		{ "service imap-login {\n}\n", "service imap-login {\n  x\n}\n", 2 },
		{ "pickup", END("1") "pickup", 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf_deinit) struct buf now = {};
		CLEAN(buf_deinit) struct buf out = {};
		CLEAN(up_changes_deinit) struct up_changes changes = {};
		edited(&now, cases[i].find, cases[i].put);
		int r = back(&out, buf_slice(&now), &changes);
		assert_int_equal(r, cases[i].conflict ? UP_EDIT_CONFLICT : 0);
		assert_int_equal(changes.conflict, cases[i].conflict);
		if (r)
			assert_int_not_equal(changes.conflict_line, 0);
	}
}

static void test_take_back_of_a_copied_block_is_a_conflict(void **state)
{
	CLEAN(buf_deinit) struct buf now = {};
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(up_changes_deinit) struct up_changes changes = {};
	(void)state;
	assert_int_equal(buf_add_str(&now, sealed), 0);
	assert_int_equal(buf_add_str(&now, BEGIN("2") "service imap-login {\n}\n" END("2")), 0);
	assert_int_equal(back(&out, buf_slice(&now), &changes), UP_EDIT_CONFLICT);
	assert_int_equal(changes.conflict, 2);
}

static void test_take_back_where_somebody_did_it_before(void **state)
{
	static const char other[] = "smtp inet n - y - - smtpd\nservice lmtp {\n}\n";
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(up_changes_deinit) struct up_changes changes = {};
	(void)state;
	assert_int_equal(back(&out, slice_str(other), &changes), 0);
	assert_string_equal(text_of(&out), other);
	assert_int_equal(changes.gone, 2);
	assert_int_equal(changes.count, 0);
}

static void test_patches(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(buf_deinit) struct buf back_text = {};
	CLEAN(buf_deinit) struct buf patch = {};
	CLEAN(up_changes_deinit) struct up_changes changes = {};
	(void)state;
	assert_int_equal(up_edit_patch(&patch, "/etc/postfix/master.cf", slice_str(stock),
	                               slice_str(sealed)),
	                 0);
	assert_string_equal(
		text_of(&patch),
		"--- a/etc/postfix/master.cf\n+++ b/etc/postfix/master.cf\n@@ -1,5 +1,13 @@\n"
		" # services\n"
		"-smtp      inet  n       -       y       -       -       smtpd\n"
		"-  -o smtpd_sasl_auth_enable=yes\n"
		"+" BEGIN(
			"1") "+#mailseal# smtp      inet  n       -       y       -       -       "
			     "smtpd\n"
			     "+#mailseal#   -o smtpd_sasl_auth_enable=yes\n"
			     "+127.0.0.1:10025 inet n - y - - smtpd\n"
			     "+  -o smtpd_upstream_proxy_protocol=haproxy\n"
			     "+" END("1") " #submission inet n - y - - smtpd\n"
					  " pickup    unix  n       -       y       60      1      "
					  " "
					  "pickup\n"
					  "+" BEGIN("2") "+service imap-login {\n+}\n+" END("2"));
	assert_int_equal(back(&back_text, slice_str(sealed), &changes), 0);
	assert_int_equal(up_changes_patch(&out, "x", slice_str(sealed), &changes), 0);
	assert_non_null(strstr(text_of(&out), "-127.0.0.1:10025 inet n - y - - smtpd\n"));
	assert_non_null(
		strstr((const char *)buf_slice(&out).data, "\n+  -o smtpd_sasl_auth_enable=yes\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_to_a_last_line_without_end),
		cmocka_unit_test(test_apply_to_nothing),
		cmocka_unit_test(test_apply_twice_is_refused),
		cmocka_unit_test(test_take_back_of_an_untouched_file),
		cmocka_unit_test(test_take_back_keeps_edits),
		cmocka_unit_test(test_take_back_of_a_block_that_was_moved),
		cmocka_unit_test(test_take_back_when_our_lines_were_edited),
		cmocka_unit_test(test_take_back_of_a_copied_block_is_a_conflict),
		cmocka_unit_test(test_take_back_where_somebody_did_it_before),
		cmocka_unit_test(test_patches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
