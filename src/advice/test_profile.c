#include "advice/profile.h"
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct profile_case {
	const char *name;
	enum advice_side side;
	const char *suite;
	bool takes;
} cases[] = {
	{ "m3aawg", ADVICE_PROVIDERS, "DHE-RSA-AES128-SHA", true },
	{ "m3aawg", ADVICE_USERS, "ECDHE-RSA-AES128-SHA256", false },
	{ "m3aawg", ADVICE_USERS, "TLS_AES_128_GCM_SHA256", true },
	{ "ncsc2025", ADVICE_PROVIDERS, "ECDHE-RSA-AES128-SHA256", false },
	{ "ncsc2025", ADVICE_PROVIDERS, "ECDHE-RSA-AES128-GCM-SHA256", true },
	{ "bsi2026", ADVICE_USERS, "ECDHE-RSA-AES128-SHA256", true },
	{ "bsi2026", ADVICE_USERS, "ECDHE-RSA-AES128-SHA", false },
	{ "bsi2026", ADVICE_PROVIDERS, "DHE-RSA-AES128-GCM-SHA256", false },
	{ "mozilla6", ADVICE_PROVIDERS, "ECDHE-ECDSA-CHACHA20-POLY1305", true },
	{ "rfc9325", ADVICE_PROVIDERS, "ECDHE-RSA-AES128-SHA", true },
	{ "rfc9325", ADVICE_USERS, "DHE-RSA-AES128-GCM-SHA256", false },
};

static void test_profile_suites(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct profile_case *c = &cases[i];
		const struct advice_profile *profile = advice_profile_find(c->name);
		const struct tls_suite *suite = tls_suite_find(slice_str(c->suite));
		assert_non_null(profile);
		assert_non_null(suite);
		if (advice_profile_takes(profile, c->side, suite) != c->takes)
			fail_msg("%s %d %s", c->name, c->side, c->suite);
	}
	assert_null(advice_profile_find("ncsc2019"));
}

/* A name with a slip would silently be a group less. */
static void test_profile_groups_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < advice_profile_count; i++)
		for (const char *at = advice_profiles[i].groups; *at;) {
			size_t len = strcspn(at, ":");
			if (!tls_group_find(slice_of(at, len)))
				fail_msg("%s: %.*s", advice_profiles[i].name, (int)len, at);
			at += len + (at[len] != '\0');
		}
}

static void test_profile_has_group(void **state)
{
	enum { X25519 = 29, SECP256K1 = 22, X25519MLKEM768 = 0x11ec };
	(void)state;
	assert_true(advice_profile_has_group(advice_profile_find("mozilla6"), X25519));
	assert_false(advice_profile_has_group(advice_profile_find("bsi2026"), X25519));
	for (size_t i = 0; i < advice_profile_count; i++) {
		assert_true(advice_profile_has_group(&advice_profiles[i], TLS_GROUP_P256));
		assert_true(advice_profile_has_group(&advice_profiles[i], X25519MLKEM768));
		assert_false(advice_profile_has_group(&advice_profiles[i], SECP256K1));
		assert_false(advice_profile_has_group(&advice_profiles[i], 0xfafa));
	}
}

/* Nobody is stricter with providers, who fall back to plaintext, than with users. */
static void test_profile_scales_are_consistent(void **state)
{
	(void)state;
	for (size_t i = 0; i < advice_profile_count; i++) {
		const struct advice_profile *p = &advice_profiles[i];
		const struct advice_scale *providers = &p->scales[ADVICE_PROVIDERS];
		const struct advice_scale *users = &p->scales[ADVICE_USERS];
		assert_int_equal(users->old_versions, ADVICE_BAD);
		assert_true(providers->old_versions <= users->old_versions);
		assert_true(providers->static_kex <= users->static_kex);
		assert_true(providers->cbc_sha1 <= users->cbc_sha1);
		assert_true(providers->cbc_sha2 <= providers->cbc_sha1);
		assert_true(p->dh_bits_least >= 2048 && p->dh_bits_least <= p->dh_bits);
		assert_true(p->rsa_bits_least >= 2048 && p->rsa_bits_least <= p->rsa_bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profile_suites),
		cmocka_unit_test(test_profile_groups_are_known),
		cmocka_unit_test(test_profile_has_group),
		cmocka_unit_test(test_profile_scales_are_consistent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
