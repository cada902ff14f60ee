/* What nodes tell each other of tokens, and nothing else, comes through. */
#include "acme/tokens.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define THUMBPRINT "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define LINE(token) token " " token "." THUMBPRINT "\n"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"
#define OTHER "evaGxfADs6pSRb2LAv9IZf17Dt3juxGK"

static void test_tokens_there_and_back(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct acme_challenges list = {}, back = {};
	struct acme_challenge alpn = { .type = ACME_TLS_ALPN_01, .name = "a.example" };
	(void)state;
	assert_int_equal(acme_tokens_read(&list, slice_str(LINE(TOKEN) LINE(OTHER))), 0);
	assert_int_equal(acme_challenges_add(&list, &alpn), 0);
	assert_int_equal(acme_tokens_write(&text, &list), 0);
	assert_int_equal(acme_tokens_read(&back, buf_slice(&text)), 0);
	assert_int_equal(back.count, 2);
	assert_string_equal(acme_challenges_answer(&back, slice_str(TOKEN)), TOKEN "." THUMBPRINT);
	assert_string_equal(acme_challenges_answer(&back, slice_str(OTHER)), OTHER "." THUMBPRINT);
	acme_challenges_clear(&list);
	acme_challenges_clear(&back);
}

static void test_tokens_what_is_none_is_passed_over(void **state)
{
	static const char *const bad[] = {
		"",
		"\n\n",
		TOKEN,
		TOKEN "\n",
		TOKEN " " TOKEN "\n",
		TOKEN " " OTHER "." THUMBPRINT "\n",
		TOKEN " " TOKEN "." THUMBPRINT "A\n",
		TOKEN " " TOKEN "." THUMBPRINT "\r\n",
		" " LINE(TOKEN),
		TOKEN "  " TOKEN "." THUMBPRINT "\n",
		"short short." THUMBPRINT "\n",
		"evaGxfADs6pSRb2LAv9IZf17Dt3jux/. evaGxfADs6pSRb2LAv9IZf17Dt3jux/.." THUMBPRINT
		"\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEAN(buf_deinit) struct buf text = {};
		struct acme_challenges list = {};
		assert_int_equal(buf_printf(&text, "%s\n" LINE(OTHER), bad[i]), 0);
		assert_int_equal(acme_tokens_read(&list, buf_slice(&text)), 0);
		assert_int_equal(list.count, 1);
		assert_string_equal(list.items[0].token, OTHER);
		acme_challenges_clear(&list);
	}
}

static void test_tokens_are_bounded(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct acme_challenges list = {};
	(void)state;
	for (int i = 0; i < 2 * ACME_CHALLENGES_MAX; i++)
		assert_int_equal(buf_printf(&text,
		                            "evaGxfADs6pSRb2LAv9I%08d "
		                            "evaGxfADs6pSRb2LAv9I%08d." THUMBPRINT "\n",
		                            i, i),
		                 0);
	assert_int_equal(acme_tokens_read(&list, buf_slice(&text)), 0);
	assert_int_equal(list.count, ACME_CHALLENGES_MAX);
	acme_challenges_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_there_and_back),
		cmocka_unit_test(test_tokens_what_is_none_is_passed_over),
		cmocka_unit_test(test_tokens_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
