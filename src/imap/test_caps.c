#include "base/clean.h"
#include "imap/caps.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct caps_case {
	const char *name;
	const char *words;
	bool keeps_plus;
	const char *result;
} cases[] = {
	{ "the edge's own words go", "IMAP4rev1 starttls LOGINDISABLED LOGIN-REFERRALS IDLE", false,
	  "IMAP4rev1 IDLE" },
	{ "-PLUS goes", "AUTH=PLAIN auth=scram-sha-1-plus AUTH=X", false, "AUTH=PLAIN AUTH=X" },
	{ "-PLUS stays", "AUTH=SCRAM-SHA-1-PLUS", true, "AUTH=SCRAM-SHA-1-PLUS" },
	{ "no mechanism ends in -PLUS", "X-PLUS LITERAL+", false, "X-PLUS LITERAL+" },
	{ "many spaces", "  A   B ", false, "A B" },
	{ "bytes that do not print", "A B\x01 C\xe9 D] E", false, "A E" },
	{ "too long for its place", "AAAAAAAAAA BBBBBBBBBB CCCCCCCCCC DDDDDDDDDD", false,
	  "AAAAAAAAAA BBBBBBBBBB CCCCCCCCCC" },
	{ "a word too long", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false, "" },
	{ "nothing", "", false, "" },
};

static void test_caps_rewrite(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char caps[40] = "x";
		imap_caps_rewrite(slice_str(cases[i].words), cases[i].keeps_plus, caps,
		                  sizeof(caps));
		if (strcmp(caps, cases[i].result) != 0)
			fail_msg("%s: '%s'", cases[i].name, caps);
	}
}

static void test_caps_keep_and_has(void **state)
{
	(void)state;
	char caps[24];
	imap_caps_keep(slice_str("IMAP4rev1  STARTTLS ID AUTH=PLAIN"), caps, sizeof(caps));
	assert_string_equal(caps, "IMAP4rev1 STARTTLS ID");
	assert_true(imap_caps_has(caps, "starttls"));
	assert_true(imap_caps_has(caps, "ID"));
	assert_false(imap_caps_has(caps, "I"));
	assert_false(imap_caps_has(caps, "TLS"));
	assert_false(imap_caps_has("", "ID"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps_rewrite),
		cmocka_unit_test(test_caps_keep_and_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
