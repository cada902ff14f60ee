#include "base/clean.h"
#include "sasl/base64.h"
#include "sasl/credential.h"
#include "sasl/secret.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *name;
	const char *mechanism;
	struct slice response; /* decoded */
	const char *whose;     /* NULL: SASL_BAD */
} responses[] = {
#define R(text)                                                                                    \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
	{ "plain", "PLAIN", R("\0anna\0secret"), "anna" },
	{ "in any case", "plain", R("\0anna\0secret"), "anna" },
	{ "the mailbox, not the master", "PLAIN", R("anna\0master\0secret"), "anna" },
	{ "a domain has no case", "PLAIN", R("\0Anna@Example.ORG\0x"), "Anna@example.org" },
	{ "the last @ counts", "PLAIN", R("\0\"A@B\"@Example.ORG\0x"), "\"A@B\"@example.org" },
	{ "UTF-8", "PLAIN", R("\0j\xc3\xbcrgen\0x"), "j\xc3\xbcrgen" },
	{ "no password is the server's business", "PLAIN", R("\0anna\0"), "anna" },
	{ "no name", "PLAIN", R("\0\0secret"), NULL },
	{ "a mailbox, and nobody who logs in", "PLAIN", R("anna\0\0secret"), NULL },
	{ "one NUL", "PLAIN", R("anna\0secret"), NULL },
	{ "no NUL", "PLAIN", R("anna"), NULL },
	{ "a third NUL", "PLAIN", R("\0anna\0sec\0ret"), NULL },
	{ "nothing", "PLAIN", R(""), NULL },
	{ "a line end in a name", "PLAIN", R("\0anna\r\nx\0secret"), NULL },
	{ "login", "LOGIN", R("Anna@EXAMPLE.org"), "Anna@example.org" },
	{ "login with a NUL", "LOGIN", R("anna\0secret"), NULL },
	{ "xoauth2", "XOAUTH2", R("user=anna@a.example\1auth=Bearer x\1\1"), "anna@a.example" },
	{ "xoauth2 for two", "XOAUTH2", R("user=anna\1user=joe\1auth=Bearer x\1\1"), NULL },
	{ "xoauth2, a name in another case", "XOAUTH2", R("user=anna\1USER=joe\1auth=Bearer x\1\1"),
	  NULL },
	{ "oauthbearer for one, and a name behind", "OAUTHBEARER",
	  R("n,a=anna,\1user=joe\1auth=Bearer x\1\1"), "anna" },
	{ "oauthbearer for two", "OAUTHBEARER", R("n,a=anna,a=joe,\1auth=Bearer x\1\1"), NULL },
	{ "oauthbearer with a name behind alone", "OAUTHBEARER",
	  R("n,,\1user=joe\1auth=Bearer x\1\1"), NULL },
	{ "oauthbearer", "OAUTHBEARER", R("n,a=anna,\1auth=Bearer x\1\1"), "anna" },
	{ "oauthbearer for nobody", "OAUTHBEARER", R("n,,\1auth=Bearer x\1\1"), NULL },
#undef R
};

static void test_name_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(responses); i++) {
		char text[128], name[SASL_NAME_CAP];
		size_t len = sasl_base64_encode(responses[i].response, text);
		int r = sasl_name_decode(slice_str(responses[i].mechanism), slice_of(text, len),
		                         name);
		bool is_right = responses[i].whose ? !r && !strcmp(name, responses[i].whose)
		                                   : r == SASL_BAD && !name[0];
		if (!is_right)
			fail_msg("%s: %d '%s'", responses[i].name, r, name);
	}
}

static void test_name_limits(void **state)
{
	(void)state;
	char longest[SASL_NAME_CAP + 1], name[SASL_NAME_CAP];
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(sasl_name_take(slice_of(longest, SASL_NAME_CAP), name), SASL_BAD);
	assert_string_equal(name, "");
	assert_int_equal(sasl_name_take(slice_of(longest, SASL_NAME_CAP - 1), name), 0);
	assert_int_equal(strlen(name), SASL_NAME_CAP - 1);
}

static void test_replayable(void **state)
{
	(void)state;
	static const char *const yes[] = { "PLAIN", "plain", "LOGIN", "XOAUTH2", "OAuthBearer" };
	static const char *const no[] = {
		"",           "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
		"DIGEST-MD5", "GSSAPI",   "EXTERNAL",      "PLAINS"
	};
	for (size_t i = 0; i < COUNT_OF(yes); i++)
		assert_true(sasl_is_replayable(slice_str(yes[i])));
	for (size_t i = 0; i < COUNT_OF(no); i++)
		assert_false(sasl_is_replayable(slice_str(no[i])));
}

static void test_plain_of_login(void **state)
{
	(void)state;
	struct buf out = {};
	assert_int_equal(sasl_plain_of_login(&out, slice_str("am9l"), slice_str("c2VjcmV0")), 0);
	assert_true(slice_equal(buf_slice(&out), slice_str("AGpvZQBzZWNyZXQ=")));
	sasl_secret_clear(&out);
	assert_int_equal(sasl_plain_of_login(&out, slice_str("am9l"), slice_str("")), 0);
	assert_true(slice_equal(buf_slice(&out), slice_str("AGpvZQA=")));
	sasl_secret_clear(&out);
	/* "joe" NUL "x": it would say something else there than here. */
	assert_int_equal(sasl_plain_of_login(&out, slice_str("am9lAHg="), slice_str("eA==")),
	                 SASL_BAD);
	assert_int_equal(sasl_plain_of_login(&out, slice_str("am9l"), slice_str("eA")), SASL_BAD);
	assert_int_equal(buf_len(&out), 0);
}

static void test_plain_of_login_limits(void **state)
{
	(void)state;
	struct buf out = {};
	static char big[SASL_BASE64_MAX];
	memset(big, 'A', sizeof(big));
	memset(big, 'Y', 4);
	struct slice half = slice_of(big, 4);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i % 4 ? 'W' : 'Y';
	assert_int_equal(sasl_plain_of_login(&out, half, slice_of(big, sizeof(big))), SASL_BAD);
	assert_int_equal(sasl_plain_of_login(&out, slice_of(big, sizeof(big)), half), SASL_BAD);
	assert_int_equal(sasl_plain_of_login(&out, half, slice_of(big, sizeof(big) - 8)), 0);
	assert_true(buf_len(&out) <= SASL_BASE64_MAX);
	sasl_secret_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_decode),
		cmocka_unit_test(test_name_limits),
		cmocka_unit_test(test_replayable),
		cmocka_unit_test(test_plain_of_login),
		cmocka_unit_test(test_plain_of_login_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
