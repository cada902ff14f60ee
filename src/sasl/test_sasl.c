#include "base/clean.h"
#include "sasl/exchange.h"
#include "sasl/secret.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct user_case {
	const char *name;
	const char *mechanism;
	const char *base64;
	int result;
	const char *user;
	bool has_password;
} users[] = {
	{ "PLAIN authcid", "PLAIN", "AGpvZQBzZWNyZXQ=", 0, "joe", true },
	{ "PLAIN both names", "PLAIN", "Ym9zcwBqb2UAc2VjcmV0", 0, "joe", true },
	{ "PLAIN authzid only", "plain", "Ym9zcwAAc2VjcmV0", 0, "boss", true },
	{ "PLAIN without password", "PLAIN", "AGpvZQA=", 0, "joe", false },
	{ "PLAIN without NUL may be anything", "PLAIN", "c2VjcmV0", 0, "", true },
	{ "PLAIN cut in the middle", "PLAIN", "AGpvZQ==", 0, "joe", false },
	{ "PLAIN empty", "PLAIN", "", 0, "", false },
	{ "PLAIN empty initial response", "PLAIN", "=", 0, "", false },
	{ "PLAIN not base64", "PLAIN", "not base64!", SASL_BAD, "", false },
	{ "bytes that do not print", "PLAIN", "AGoN6QBzZWNyZXQ=", 0, "j??", true },
	{ "name longer than its place", "PLAIN",
	  "AGFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEAeA==", 0,
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true },
	{ "LOGIN name", "LOGIN", "am9lQGV4YW1wbGUub3Jn", 0, "joe@example.org", false },
	{ "LOGIN that got PLAIN's response", "LOGIN", "AGpvZQBzZWNyZXQ=", 0, "", true },
	{ "EXTERNAL", "EXTERNAL", "am9l", 0, "joe", false },
	{ "CRAM-MD5", "CRAM-MD5", "am9lIGRvZSBiOTEzYTYwMmM3ZWRhN2E0OTViNGU2ZTczMzRkMzg5MA==", 0,
	  "joe doe", false },
	{ "CRAM-MD5 without digest", "CRAM-MD5", "am9l", 0, "", false },
	{ "DIGEST-MD5", "DIGEST-MD5", "Y2hhcnNldD11dGYtOCx1c2VybmFtZT0iam9lIixyZWFsbT0ieCI=", 0,
	  "joe", false },
	{ "DIGEST-MD5 without quotes", "DIGEST-MD5", "dXNlcm5hbWU9am9lLHJlYWxtPSJ4Ig==", 0, "joe",
	  false },
	{ "DIGEST-MD5, a decoy in another value", "DIGEST-MD5",
	  "cmVhbG09InVzZXJuYW1lPVwiYW5uXCIiLCB1c2VybmFtZT0iam9lIg==", 0, "joe", false },
	{ "DIGEST-MD5 without a name", "DIGEST-MD5", "cmVhbG09Inhc", 0, "", false },
	{ "DIGEST-MD5 never closed", "DIGEST-MD5", "dXNlcm5hbWU9ImpvZQ==", 0, "joe", false },
	{ "SCRAM", "SCRAM-SHA-256", "biwsbj1qb2Uscj1hYmM=", 0, "joe", false },
	{ "SCRAM with authzid", "SCRAM-SHA-1", "bixhPWJvc3Msbj1qb2Uscj1hYmM=", 0, "joe", false },
	{ "SCRAM-PLUS", "SCRAM-SHA-256-PLUS", "cD10bHMtZXhwb3J0ZXIsLG49am9lLHI9YWJj", 0, "joe",
	  false },
	{ "SCRAM cut", "SCRAM-SHA-1", "bg==", 0, "", false },
	{ "XOAUTH2", "XOAUTH2", "dXNlcj1qb2UBYXV0aD1CZWFyZXIgdDBrAQE=", 0, "joe", true },
	{ "XOAUTH2 without token", "XOAUTH2", "dXNlcj1qb2UBYXV0aD0BAQ==", 0, "joe", false },
	{ "OAUTHBEARER", "OAUTHBEARER", "bixhPWpvZSwBaG9zdD1oAWF1dGg9QmVhcmVyIHQwawEB", 0, "joe",
	  true },
	{ "GSSAPI", "GSSAPI", "YAEC", 0, "", false },
};

static void test_sasl_user_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(users); i++) {
		const struct user_case *c = &users[i];
		char user[32] = "";
		bool has_password = false;
		int r = sasl_user_decode(slice_str(c->mechanism), slice_str(c->base64), user,
		                         sizeof(user), &has_password);
		if (r != c->result || strcmp(user, c->user) != 0 || has_password != c->has_password)
			fail_msg("%s: result %d, user '%s', password %d", c->name, r, user,
			         has_password);
	}
}

static const struct name_case {
	const char *name;
	bool is_valid;
	bool is_plus;
} names[] = {
	{ "PLAIN", true, false },
	{ "scram-sha-256-plus", true, true },
	{ "SCRAM-SHA-256-PLUS", true, true },
	{ "X_1", true, false },
	{ "-PLUS", true, true },
	{ "PLUS", true, false },
	{ "", false, false },
	{ "A2345678901234567890", true, false },
	{ "A23456789012345678901", false, false },
	{ "PL AIN", false, false },
	{ "PLAIN*", false, false },
	{ "PLA\xc3\x8fN", false, false },
};

static void test_sasl_mechanism_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct slice name = slice_str(names[i].name);
		if (sasl_mechanism_is_valid(name) != names[i].is_valid)
			fail_msg("validity of %s", names[i].name);
		if (sasl_mechanism_is_plus(name) != names[i].is_plus)
			fail_msg("-PLUS in %s", names[i].name);
	}
}

/* The second response of LOGIN is the password: it must not be taken for a name. */
static void test_sasl_exchange_login(void **state)
{
	(void)state;
	struct sasl_exchange x = {};
	assert_int_equal(sasl_exchange_start(&x, slice_str("login")), 0);
	assert_string_equal(x.mechanism, "LOGIN");
	assert_int_equal(sasl_exchange_take(&x, slice_str("=")), 0);
	assert_int_equal(x.responses, 0);
	assert_int_equal(sasl_exchange_take(&x, slice_str("am9l")), 0); /* joe */
	assert_false(x.has_password);
	assert_int_equal(sasl_exchange_take(&x, slice_str("c2VjcmV0")), 0); /* secret */
	assert_string_equal(x.user, "joe");
	assert_true(x.has_password);
}

static void test_sasl_exchange_broken(void **state)
{
	(void)state;
	struct sasl_exchange x = {};
	assert_int_equal(sasl_exchange_start(&x, slice_str("NO SUCH")), SASL_BAD);
	assert_int_equal(sasl_exchange_start(&x, slice_str("PLAIN")), 0);
	assert_int_equal(sasl_exchange_take(&x, slice_str("*")), SASL_BAD);
	assert_int_equal(x.responses, 0);
	assert_int_equal(sasl_exchange_take(&x, slice_str("AGpvZQBzZWNyZXQ=")), 0);
	assert_string_equal(x.user, "joe");
	assert_true(x.has_password);
}

static void test_sasl_secret_grows(void **state)
{
	(void)state;
	struct buf b = {};
	for (int i = 0; i < 2000; i++)
		assert_int_equal(sasl_secret_add(&b, slice_str("secret")), 0);
	assert_int_equal(buf_len(&b), 12000);
	assert_memory_equal(buf_slice(&b).data + 11994, "secret", 6);
	sasl_secret_clear(&b);
	assert_int_equal(buf_len(&b), 0);
	assert_null(b.data);
	sasl_secret_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sasl_user_decode),
		cmocka_unit_test(test_sasl_mechanism_names),
		cmocka_unit_test(test_sasl_exchange_login),
		cmocka_unit_test(test_sasl_exchange_broken),
		cmocka_unit_test(test_sasl_secret_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
