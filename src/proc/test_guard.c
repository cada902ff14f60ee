#include "base/clean.h"
#include "proc/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void question_fill(struct proc_guard_question *q)
{
	*q = (struct proc_guard_question){ .number = 7,
		                           .count = PROC_GUARD_PLACES_MAX,
		                           .chain_pem = slice_str("-----BEGIN") };
	for (size_t i = 0; i < q->count; i++) {
		q->places[i].port = (uint16_t)(25 + i);
		snprintf(q->places[i].host, sizeof(q->places[i].host), "mx%zu.example.org", i);
	}
}

static void test_guard_question_comes_back(void **state)
{
	static struct proc_guard_question q, back;
	CLEAN(buf_deinit) struct buf room = {};
	struct proc_packer p = proc_packer_onto(&room);
	question_fill(&q);
	proc_guard_question_pack(&p, &q);
	assert_false(p.has_failed);
	assert_true(proc_guard_question_unpack(proc_packed(&p), &back));
	assert_int_equal(back.number, 7);
	assert_int_equal(back.count, PROC_GUARD_PLACES_MAX);
	assert_int_equal(back.places[40].port, 65);
	assert_string_equal(back.places[40].host, "mx40.example.org");
	assert_true(slice_equal(back.chain_pem, q.chain_pem));
}

static void test_guard_question_too_many_refused(void **state)
{
	static struct proc_guard_question back;
	uint8_t room[6];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_pack_u32(&p, 1);
	proc_pack_u16(&p, PROC_GUARD_PLACES_MAX + 1);
	assert_false(proc_guard_question_unpack(proc_packed(&p), &back));
	for (size_t len = 0; len < 6; len++)
		assert_false(proc_guard_question_unpack(slice_of(room, len), &back));
}

static void test_guard_answer_comes_back(void **state)
{
	const struct proc_guard_answer a = { .number = 9,
		                             .tlsa = PROC_WITNESS_TLSA_MISSES,
		                             .place = { 25, "mx.example.org" } };
	struct proc_guard_answer back = {};
	uint8_t room[64];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_guard_answer_pack(&p, &a);
	struct slice packed = proc_packed(&p);
	assert_true(proc_guard_answer_unpack(packed, &back));
	assert_int_equal(back.number, 9);
	assert_int_equal(back.tlsa, PROC_WITNESS_TLSA_MISSES);
	assert_int_equal(back.place.port, 25);
	assert_string_equal(back.place.host, "mx.example.org");
	assert_false(proc_guard_answer_unpack(slice_head(packed, packed.len - 1), &back));
	room[4] = PROC_WITNESS_TLSA_COUNT;
	assert_false(proc_guard_answer_unpack(packed, &back));
}

static void test_guard_worst(void **state)
{
	static const enum proc_witness_tlsa order[] = { PROC_WITNESS_TLSA_NONE,
		                                        PROC_WITNESS_TLSA_COVERS,
		                                        PROC_WITNESS_TLSA_UNKNOWN,
		                                        PROC_WITNESS_TLSA_MISSES };
	for (size_t a = 0; a < COUNT_OF(order); a++)
		for (size_t b = 0; b < COUNT_OF(order); b++)
			assert_int_equal(proc_guard_is_worse(order[a], order[b]), a > b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard_question_comes_back),
		cmocka_unit_test(test_guard_question_too_many_refused),
		cmocka_unit_test(test_guard_answer_comes_back),
		cmocka_unit_test(test_guard_worst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
