#include "watch/pairs.h"

#include "base/clean.h"
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* From 10.0.0.n:1025 to 10.0.0.0:25. */
static struct watch_packet packet_of(uint8_t number)
{
	return (struct watch_packet){ .from = { { [10] = 0xff, 0xff, 10, 0, 0, number } },
		                      .to = { { [10] = 0xff, 0xff, 10, 0, 0, 0 } },
		                      .from_port = 1025,
		                      .to_port = 25,
		                      .protocol = WATCH_IP_TCP };
}

static struct watch_pair *add(struct watch_pairs *p, uint8_t number, int64_t at_s)
{
	const struct watch_packet packet = packet_of(number);
	enum watch_side side;
	struct watch_pair *pair = watch_pairs_add(p, &packet, at_s, &side);
	assert_int_equal(side, WATCH_CLIENT);
	return pair;
}

static struct watch_pair *find(struct watch_pairs *p, uint8_t number)
{
	const struct watch_packet packet = packet_of(number);
	enum watch_side side;
	return watch_pairs_find(p, &packet, &side);
}

static void test_pairs_both_directions_are_one(void **state)
{
	CLEAN(watch_pairs_deinit) struct watch_pairs p = {};
	enum watch_side side;
	(void)state;
	assert_int_equal(watch_pairs_init(&p, 4, 7), 0);
	struct watch_pair *pair = add(&p, 1, 100);
	const struct watch_packet there = packet_of(1);
	const struct watch_packet back = { .from = there.to,
		                           .to = there.from,
		                           .from_port = there.to_port,
		                           .to_port = there.from_port,
		                           .protocol = there.protocol };
	assert_ptr_equal(watch_pairs_find(&p, &back, &side), pair);
	assert_int_equal(side, WATCH_SERVER);
	watch_pair_swap(pair);
	assert_ptr_equal(watch_pairs_find(&p, &back, &side), pair);
	assert_int_equal(side, WATCH_CLIENT);
	struct watch_packet other = there;
	other.protocol = WATCH_IP_UDP;
	assert_null(watch_pairs_find(&p, &other, &side));
}

/* Whatever is removed, in a table as full as it may be, the others are found. */
static void test_pairs_come_and_go(void **state)
{
	enum { ROOM = 64, NUMBERS = 200, TURNS = 20000 };
	CLEAN(watch_pairs_deinit) struct watch_pairs p = {};
	struct watch_pair *known[NUMBERS] = {};
	uint32_t dice = 1;
	(void)state;
	assert_int_equal(watch_pairs_init(&p, ROOM, 7), 0);
	for (int turn = 0; turn < TURNS; turn++) {
		dice = dice * 1103515245 + 12345;
		uint8_t number = (uint8_t)((dice >> 16) % NUMBERS);
		assert_ptr_equal(find(&p, number), known[number]);
		if (known[number]) {
			watch_pairs_remove(&p, known[number]);
			known[number] = NULL;
		} else if (p.count < ROOM) {
			known[number] = add(&p, number, turn);
		}
	}
	for (int i = 0; i < NUMBERS; i++)
		assert_ptr_equal(find(&p, (uint8_t)i), known[i]);
}

static void test_pairs_who_gives_way(void **state)
{
	CLEAN(watch_pairs_deinit) struct watch_pairs p = {};
	(void)state;
	assert_int_equal(watch_pairs_init(&p, 4, 7), 0);
	assert_null(watch_pairs_oldest(&p));
	struct watch_pair *first = add(&p, 1, 100), *second = add(&p, 2, 101);
	struct watch_pair *third = add(&p, 3, 102), *last = add(&p, 4, 103);
	assert_ptr_equal(watch_pairs_oldest(&p), first);
	watch_pairs_touch(&p, first, 104);
	assert_ptr_equal(watch_pairs_oldest(&p), second);
	watch_pairs_age(&p, second, WATCH_JUDGED);
	assert_ptr_equal(watch_pairs_oldest(&p), second);
	watch_pairs_age(&p, last, WATCH_ENDED);
	assert_ptr_equal(watch_pairs_oldest(&p), last);
	watch_pairs_remove(&p, last);
	watch_pairs_remove(&p, second);
	assert_ptr_equal(watch_pairs_oldest(&p), third);
}

/* SipHash-1-3 of the eight bytes 0 to 7 with the key of 0 to 15. */
static void test_pairs_hash(void **state)
{
	static const uint64_t key[] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	static const uint64_t word = 0x0706050403020100u;
	(void)state;
	assert_true(hash_keyed(key, &word, 1) == 0x369095118d299a8eu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs_both_directions_are_one),
		cmocka_unit_test(test_pairs_come_and_go),
		cmocka_unit_test(test_pairs_who_gives_way),
		cmocka_unit_test(test_pairs_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
