/* What is packed is what comes out; what is cut or too much is nothing. */
#include "proc/challenges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void list_fill(struct acme_challenges *list)
{
	struct acme_challenge http = { .type = ACME_HTTP_01,
		                       .name = "a.example",
		                       .token = "token",
		                       .authorization = "token.print" };
	struct acme_challenge alpn = { .type = ACME_TLS_ALPN_01, .name = "b.example", .key_id = 9 };
	assert_int_equal(buf_add_str(&alpn.chain_pem, "PEM"), 0);
	assert_int_equal(acme_challenges_add(list, &http), 0);
	assert_int_equal(acme_challenges_add(list, &alpn), 0);
}

static void test_challenges_round(void **state)
{
	struct acme_challenges list = {}, again = {};
	const struct acme_challenges none = {};
	struct buf payload = {};
	uint32_t generation = 0;
	struct proc_packer p = proc_packer_onto(&payload);
	(void)state;
	list_fill(&list);
	proc_challenges_pack(&p, 7, &list, &none);
	assert_true(proc_challenges_unpack(proc_packed(&p), &generation, &again));
	assert_int_equal(generation, 7);
	assert_int_equal(again.count, 2);
	assert_string_equal(acme_challenges_answer(&again, slice_str("token")), "token.print");
	const struct acme_challenge *c = acme_challenges_find(&again, "b.example");
	assert_int_equal(c->key_id, 9);
	assert_true(slice_equal(buf_slice(&c->chain_pem), slice_str("PEM")));
	/* Every cut but the whole and the empty list is refused, and leaves nothing. */
	for (size_t len = 0; len < payload.end - payload.start; len++) {
		bool is_well = proc_challenges_unpack(slice_head(proc_packed(&p), len), &generation,
		                                      &again);
		assert_true(is_well == (len == 4 || again.count == 1));
		assert_true(is_well || !again.count);
	}
	acme_challenges_clear(&list);
	acme_challenges_clear(&again);
	buf_deinit(&payload);
}

static void others_fill(struct acme_challenges *list)
{
	for (int i = 0; i < ACME_CHALLENGES_MAX; i++) {
		struct acme_challenge c = { .type = ACME_HTTP_01 };
		snprintf(c.token, sizeof(c.token), "other-%d", i);
		snprintf(c.authorization, sizeof(c.authorization), "answer-%d", i);
		assert_int_equal(acme_challenges_add(list, &c), 0);
	}
}

static void test_challenges_of_others(void **state)
{
	struct acme_challenges own = {}, others = {}, again = {};
	struct buf payload = {};
	uint32_t generation = 0;
	struct proc_packer p = proc_packer_onto(&payload);
	(void)state;
	list_fill(&own);
	others_fill(&others);
	proc_challenges_pack(&p, 7, &own, &others);
	assert_true(proc_challenges_unpack(proc_packed(&p), &generation, &again));
	assert_int_equal(again.count, ACME_CHALLENGES_MAX);
	assert_string_equal(acme_challenges_answer(&again, slice_str("token")), "token.print");
	assert_string_equal(acme_challenges_answer(&again, slice_str("other-0")), "answer-0");
	acme_challenges_clear(&own);
	acme_challenges_clear(&others);
	acme_challenges_clear(&again);
	buf_deinit(&payload);
}

static void test_challenges_type(void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 1, ACME_TYPE_COUNT, 0, 0, 0, 0, 0, 0, 0, 0,
		                         0, 0, 0, 0 };
	struct acme_challenges list = {};
	uint32_t generation;
	(void)state;
	assert_false(proc_challenges_unpack(slice_of(bytes, sizeof(bytes)), &generation, &list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges_round),
		cmocka_unit_test(test_challenges_of_others),
		cmocka_unit_test(test_challenges_type),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
