#include "base/clean.h"
#include "tls/context.h"
#include "tls/policy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct policy_case {
	const char *name;
	struct tls_policy policy;
	bool has_cbc, has_dhe, has_sha1;
} cases[] = {
	{ "user", { TLS_PROFILE_USER, TLS_1_2, "", false, true }, false, false, false },
	{ "user 1.3", { TLS_PROFILE_USER, TLS_1_3, "", false, true }, false, false, false },
	{ "user 1.1", { TLS_PROFILE_USER, TLS_1_1, "", false, true }, true, true, true },
	{ "25", { TLS_PROFILE_OPPORTUNISTIC, TLS_1_2, "", false, true }, true, true, false },
	{ "25, forward secrecy",
	  { TLS_PROFILE_OPPORTUNISTIC, TLS_1_2, "", true, true },
	  true,
	  false,
	  false },
	{ "25, 1.0", { TLS_PROFILE_OPPORTUNISTIC, TLS_1_0, "", false, true }, true, true, true },
};

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void test_policy_tiers(void **state)
{
	(void)state;
	char suites[TLS_POLICY_SUITES_CAP];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct policy_case *c = &cases[i];
		tls_policy_suites(&c->policy, suites);
		const char *level = c->has_sha1 ? ":@SECLEVEL=0" : ":@SECLEVEL=2";
		if (has(suites, "ECDHE-RSA-AES128-SHA256") != c->has_cbc ||
		    has(suites, ":DHE-RSA-AES128-GCM-SHA256") != c->has_dhe ||
		    has(tls_policy_sigalgs(&c->policy), "SHA1") != c->has_sha1 ||
		    !has(suites, level))
			fail_msg("%s: %s", c->name, suites);
		assert_true(strncmp(suites, "ECDHE-ECDSA-AES128-GCM-SHA256:", 30) == 0);
		assert_false(has(suites, ":AES"));
	}
}

/* The library knows every name of the table, and keeps its order. */
static void test_policy_names_are_known(void **state)
{
	(void)state;
	struct tls_policy widest = { TLS_PROFILE_OPPORTUNISTIC, TLS_1_0, "", false, true };
	char suites[TLS_POLICY_SUITES_CAP];
	struct tls_context_settings set = { &widest, suites, "P-256" };
	tls_policy_suites(&widest, suites);
	CLEAN(tls_context_freep) SSL_CTX *context = tls_context_new(TLS_server_method(), &set);
	assert_non_null(context);
	STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(context);
	char *rest = suites;
	int at = 3; /* those of TLS 1.3 come first */
	for (char *name = strsep(&rest, ":"); name && *name != '@'; name = strsep(&rest, ":"))
		assert_string_equal(name, SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, at++)));
	assert_int_equal(at, sk_SSL_CIPHER_num(ciphers));
}

static const struct groups_case {
	const char *wanted, *groups, *skipped;
} group_cases[] = {
	{ "X25519:P-256", "X25519:P-256", "" },
	{ "NOSUCH:X25519:P-999:P-256", "X25519:P-256", "NOSUCH,P-999" },
	{ "ffdhe2048:P-384", "P-384", "ffdhe2048" },
	{ "NOSUCH", "", "NOSUCH" },
	{ "", "", "" },
	{ "::X25519:", "X25519", "" },
	{ "?X25519:*P-256:P-384/P-256:P-521", "P-521", "?X25519,*P-256,P-384/P-256" },
};

static void test_policy_groups(void **state)
{
	(void)state;
	char groups[TLS_POLICY_GROUPS_CAP];
	char skipped[TLS_POLICY_GROUPS_CAP];
	for (size_t i = 0; i < COUNT_OF(group_cases); i++) {
		assert_int_equal(tls_context_groups(group_cases[i].wanted, groups, skipped), 0);
		assert_string_equal(groups, group_cases[i].groups);
		assert_string_equal(skipped, group_cases[i].skipped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_tiers),
		cmocka_unit_test(test_policy_names_are_known),
		cmocka_unit_test(test_policy_groups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
