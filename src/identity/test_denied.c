#include "base/clean.h"
#include "identity/denied.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_denied_there_and_back(void **state)
{
	(void)state;
	CLEAN(identity_denied_deinit) struct identity_denied denied = {};
	CLEAN(buf_deinit) struct buf text = {};
	unsigned line;
	assert_int_equal(identity_denied_read(
				 &denied, slice_str("# x\n\nbb02 200\naa01 300\nbb02 100"), &line),
	                 0);
	assert_int_equal(denied.count, 2);
	assert_true(identity_denied_has(&denied, "aa01"));
	assert_true(identity_denied_has(&denied, "bb02"));
	assert_false(identity_denied_has(&denied, "bb"));
	assert_false(identity_denied_has(&denied, "cc03"));
	assert_int_equal(denied.list[1].until_s, 200);
	assert_int_equal(identity_denied_write(&denied, 200, &text), 0);
	assert_true(
		slice_equal(slice_skip(buf_slice(&text), slice_find(buf_slice(&text), '\n') + 1),
	                    slice_str("aa01 300\n")));
}

static const char *const bad[] = {
	"aa01",
	"aa01 ",
	"aa0 1",
	"AA01 1",
	"a 1",
	"zz01 1",
	" aa01 1",
	"aa01 1 2",
	"aa01 -1",
	"aa01 1\r",
	"aa01 1234567890123",
	"000102030405060708090a0b0c0d0e0f1011121314 1",
};

static void test_denied_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct identity_denied denied;
		char text[128];
		unsigned line = 0;
		snprintf(text, sizeof(text), "aa01 1\n%s\n", bad[i]);
		assert_int_equal(identity_denied_read(&denied, slice_str(text), &line),
		                 IDENTITY_DENIED_BAD);
		assert_int_equal(line, 2);
	}
}

static void test_denied_many(void **state)
{
	(void)state;
	CLEAN(identity_denied_deinit) struct identity_denied denied = {};
	char serial[IDENTITY_SERIAL_CAP];
	for (unsigned i = 0; i < IDENTITY_DENIED_MAX; i++) {
		snprintf(serial, sizeof(serial), "%08x", i * 2654435761U);
		assert_int_equal(identity_denied_add(&denied, serial, i), 0);
	}
	assert_int_equal(identity_denied_add(&denied, "ffff", 1), IDENTITY_DENIED_MANY);
	assert_int_equal(identity_denied_add(&denied, serial, 9), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denied_there_and_back),
		cmocka_unit_test(test_denied_bad),
		cmocka_unit_test(test_denied_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
