#include "base/room.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_room_leaves_nothing(void **state)
{
	(void)state;
	char folder[] = "/tmp/mailseal-test-room-XXXXXX", name[64];
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/room", folder);
	assert_true(room_is_there(folder, 100000));
	assert_int_equal(access(name, F_OK), -1);
	assert_true(room_seems_there(folder, 1));
	assert_false(room_seems_there(folder, SIZE_MAX));
	assert_int_equal(rmdir(folder), 0);
	assert_true(room_seems_there(folder, 1));
	assert_true(room_is_there(folder, 1)); /* it is no more: that is another fault */
}

/* Whoever may write there puts a link in its place. */
static void test_room_follows_no_link(void **state)
{
	(void)state;
	char folder[] = "/tmp/mailseal-test-room-XXXXXX", name[64];
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/room", folder);
	assert_int_equal(symlink("/dev/full", name), 0);
	assert_true(room_is_there(folder, 100000)); /* a link is not followed */
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_leaves_nothing),
		cmocka_unit_test(test_room_follows_no_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
