#include "base/clean.h"
#include "proc/everywhere.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_everywhere_question_comes_back(void **state)
{
	static struct proc_everywhere_question q = { .number = 7,
		                                     .spki = { [31] = 9 },
		                                     .count = 2,
		                                     .places = { { 25, "mx.example" },
		                                                 { 993, "imap.example" } } };
	static struct proc_everywhere_question back;
	CLEAN(buf_deinit) struct buf room = {};
	struct proc_packer p = proc_packer_onto(&room);
	proc_everywhere_question_pack(&p, &q);
	assert_false(p.has_failed);
	struct slice packed = proc_packed(&p);
	assert_true(proc_everywhere_question_unpack(packed, &back));
	assert_int_equal(back.number, 7);
	assert_int_equal(back.spki[31], 9);
	assert_int_equal(back.count, 2);
	assert_int_equal(back.places[1].port, 993);
	assert_string_equal(back.places[1].host, "imap.example");
	for (size_t len = 0; len < packed.len; len++)
		assert_false(proc_everywhere_question_unpack(slice_head(packed, len), &back));
}

static void test_everywhere_question_too_many_refused(void **state)
{
	static struct proc_everywhere_question back;
	uint8_t room[4 + PROC_SPKI_LEN + 2] = {};
	room[sizeof(room) - 1] = PROC_GUARD_PLACES_MAX + 1;
	assert_false(proc_everywhere_question_unpack(slice_of(room, sizeof(room)), &back));
}

static void test_everywhere_answer_comes_back(void **state)
{
	const struct proc_everywhere_answer a = { .number = 3, .ttl_s = 60, .why = "not there" };
	struct proc_everywhere_answer back = {};
	uint8_t room[64];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_everywhere_answer_pack(&p, &a);
	struct slice packed = proc_packed(&p);
	assert_true(proc_everywhere_answer_unpack(packed, &back));
	assert_int_equal(back.number, 3);
	assert_false(back.is_everywhere);
	assert_int_equal(back.ttl_s, 60);
	assert_string_equal(back.why, "not there");
	for (size_t len = 0; len < packed.len; len++)
		assert_false(proc_everywhere_answer_unpack(slice_head(packed, len), &back));
	room[4] = 2;
	assert_false(proc_everywhere_answer_unpack(packed, &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everywhere_question_comes_back),
		cmocka_unit_test(test_everywhere_question_too_many_refused),
		cmocka_unit_test(test_everywhere_answer_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
