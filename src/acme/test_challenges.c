/* What is answered is what was added, and nothing else. */
#include "acme/challenges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static int http_add(struct acme_challenges *list, const char *token, const char *answer)
{
	struct acme_challenge c = { .type = ACME_HTTP_01, .name = "mx.example.org" };
	snprintf(c.token, sizeof(c.token), "%s", token);
	snprintf(c.authorization, sizeof(c.authorization), "%s", answer);
	return acme_challenges_add(list, &c);
}

static void test_challenges_answer(void **state)
{
	struct acme_challenges list = {};
	(void)state;
	assert_null(acme_challenges_answer(&list, slice_str("")));
	assert_int_equal(http_add(&list, "token", "one"), 0);
	assert_int_equal(http_add(&list, "tokens", "two"), 0);
	assert_string_equal(acme_challenges_answer(&list, slice_str("token")), "one");
	assert_string_equal(acme_challenges_answer(&list, slice_str("tokens")), "two");
	assert_null(acme_challenges_answer(&list, slice_str("toke")));
	assert_null(acme_challenges_answer(&list, slice_str("TOKEN")));
	assert_null(acme_challenges_answer(&list, slice_str("")));
	assert_null(acme_challenges_find(&list, "mx.example.org")); /* that is of TLS */
	assert_int_equal(http_add(&list, "token", "anew"), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(acme_challenges_answer(&list, slice_str("token")), "anew");
	assert_true(acme_challenges_remove(&list, ACME_HTTP_01, "mx.example.org", "token"));
	assert_false(acme_challenges_remove(&list, ACME_HTTP_01, "mx.example.org", "token"));
	assert_null(acme_challenges_answer(&list, slice_str("token")));
	acme_challenges_clear(&list);
}

static void test_challenges_find(void **state)
{
	struct acme_challenges list = {};
	struct acme_challenge c = {
		.type = ACME_TLS_ALPN_01, .name = "mx.example.org", .token = "t", .key_id = 7
	};
	(void)state;
	assert_int_equal(buf_add_str(&c.chain_pem, "PEM"), 0);
	assert_int_equal(acme_challenges_add(&list, &c), 0);
	assert_int_equal(acme_challenges_find(&list, "MX.example.ORG")->key_id, 7);
	assert_null(acme_challenges_find(&list, "example.org"));
	assert_null(acme_challenges_answer(&list, slice_str("t"))); /* that is of http */
	acme_challenges_clear(&list);
	assert_null(acme_challenges_find(&list, "mx.example.org"));
}

static void test_challenges_are_bounded(void **state)
{
	struct acme_challenges list = {};
	char token[32];
	(void)state;
	for (int i = 0; i < ACME_CHALLENGES_MAX; i++) {
		snprintf(token, sizeof(token), "token-%d", i);
		assert_int_equal(http_add(&list, token, "x"), 0);
	}
	assert_int_equal(http_add(&list, "one more", "x"), ACME_CHALLENGES_FULL);
	assert_int_equal(http_add(&list, "token-5", "y"), 0);
	acme_challenges_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges_answer),
		cmocka_unit_test(test_challenges_find),
		cmocka_unit_test(test_challenges_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
