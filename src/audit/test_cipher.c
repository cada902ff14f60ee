#include "audit/cipher.h"
#include "base/clean.h"
#include "tls/cipherlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What is advised has to please who advises it. */
static void test_advised_lists_are_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < advice_profile_count; i++)
		for (int side = 0; side < ADVICE_SIDE_COUNT; side++) {
			unsigned classes = 0;
			const struct advice_profile *profile = &advice_profiles[i];
			assert_int_equal(
				tls_cipherlist_classes(
					audit_ciphers_list(profile, (enum advice_side)side),
					&classes),
				0);
			assert_true(classes & TLS_CIPHERS_AEAD);
			assert_int_equal(
				audit_ciphers_beyond(profile, (enum advice_side)side, classes), 0);
		}
}

/* As Postfix makes its list of them. */
static void test_advised_exclusions_are_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < advice_profile_count; i++)
		for (int side = 0; side < ADVICE_SIDE_COUNT; side++) {
			char list[512] = "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH";
			const struct advice_profile *profile = &advice_profiles[i];
			const char *words = audit_ciphers_exclude(profile, (enum advice_side)side);
			const char *word = NULL;
			size_t len = 0;
			unsigned classes = 0;
			while (servers_word_next(&words, &word, &len))
				snprintf(list + strlen(list), sizeof(list) - strlen(list), ":!%.*s",
				         (int)len, word);
			assert_int_equal(tls_cipherlist_classes(list, &classes), 0);
			assert_true(classes & TLS_CIPHERS_AEAD);
			assert_int_equal(
				audit_ciphers_beyond(profile, (enum advice_side)side, classes), 0);
		}
}

static void test_verdicts(void **state)
{
	(void)state;
	assert_int_equal(audit_ciphers_verdict(ADVICE_USERS, 0), ADVICE_WELL);
	assert_int_equal(audit_ciphers_verdict(ADVICE_USERS, TLS_CIPHERS_DHE), ADVICE_WARN);
	assert_int_equal(audit_ciphers_verdict(ADVICE_USERS, TLS_CIPHERS_STATIC), ADVICE_FAIL);
	assert_int_equal(audit_ciphers_verdict(ADVICE_PROVIDERS, TLS_CIPHERS_STATIC), ADVICE_WARN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_advised_lists_are_well),
		cmocka_unit_test(test_advised_exclusions_are_well),
		cmocka_unit_test(test_verdicts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
