#include "hops/notation.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *comment;
	enum hops_place place;
	bool is_told;
	enum hops_version version;
	const char *cipher, *group;
} comments[] = {
	{ "using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits) key-exchange X25519",
	  HOPS_BEFORE_BY, true, HOPS_TLS_1_3, "TLS_AES_128_GCM_SHA256", "X25519" },
	{ "using TLSv1.3 with cipher X key-exchange ECDHE (prime256v1)", HOPS_BEFORE_BY, true,
	  HOPS_TLS_1_3, "", "P-256" },
	{ "using TLSv1.2 with cipher DHE-RSA-AES128-SHA key-exchange DHE (2048 bits)",
	  HOPS_BEFORE_BY, true, HOPS_TLS_1_2, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "" },
	{ "using TLSv1.1 with cipher AES256-SHA", HOPS_BEHIND_BY, true, HOPS_TLS_1_1, "AES256-SHA",
	  "" },
	{ "TLS: TLSv1/SSLv3,256bits,AES256-SHA", HOPS_BEFORE_BY, true, HOPS_VERSION_UNKNOWN,
	  "AES256-SHA", "" },
	{ "AUTH: PLAIN a, TLS: TLSv1.0, TLS: TLSv1.2,128bits,X", HOPS_BEFORE_BY, true, HOPS_TLS_1_2,
	  "", "" },
	{ "AUTH: PLAIN a", HOPS_BEFORE_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256", HOPS_BEHIND_BY, true,
	  HOPS_TLS_1_3, "TLS_AES_256_GCM_SHA384", "" },
	{ "version=SSLv3 cipher=RC4-MD5 bits=128/128", HOPS_BEHIND_BY, true, HOPS_SSL_3, "RC4-MD5",
	  "" },
	{ "TLS", HOPS_BEHIND_BY, true, HOPS_VERSION_UNKNOWN, "", "" },
	{ "TLS", HOPS_BEFORE_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "TLS1.2", HOPS_BEHIND_BY, true, HOPS_TLS_1_2, "", "" },
	{ "TLS1.2", HOPS_BEFORE_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "Cipher TLSv1:DES-CBC3-SHA:168", HOPS_BEHIND_BY, true, HOPS_TLS_1_0, "DES-CBC3-SHA", "" },
	{ "Cipher suites are fine", HOPS_BEHIND_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "Exim 4.96", HOPS_BEHIND_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "Postfix, TLSv1.3", HOPS_BEHIND_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "TLSv9.9", HOPS_BEHIND_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "using TLSv1.9", HOPS_BEHIND_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "AES-fans.example", HOPS_BEHIND_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
	{ "", HOPS_BEHIND_BY, false, HOPS_VERSION_UNKNOWN, "", "" },
};

static void test_notation_comment(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(comments); i++) {
		struct hops_tls t = {};
		if (hops_notation_comment(&t, slice_str(comments[i].comment), comments[i].place) !=
		            comments[i].is_told ||
		    t.is_used != comments[i].is_told || t.version != comments[i].version ||
		    strcmp(t.cipher, comments[i].cipher) || strcmp(t.group, comments[i].group))
			fail_msg("%s: %d %d '%s' '%s'", comments[i].comment, t.is_used, t.version,
			         t.cipher, t.group);
	}
}

/* version: what is said beside the suite. */
static const struct {
	const char *version, *cipher;
	enum hops_grade grade, of_user;
	enum hops_version follows;
} grades[] = {
	{ "TLSv1.3", "TLS_AES_128_GCM_SHA256", HOPS_SEALED, HOPS_SEALED, HOPS_TLS_1_3 },
	{ "", "TLS_CHACHA20_POLY1305_SHA256", HOPS_SEALED, HOPS_SEALED, HOPS_TLS_1_3 },
	{ "", "TLS13_AES_256_GCM_SHA384", HOPS_SEALED, HOPS_SEALED, HOPS_TLS_1_3 },
	{ "TLSv1.3", "", HOPS_SEALED, HOPS_SEALED, HOPS_TLS_1_3 },
	{ "TLSv1.2", "", HOPS_UNGRADED, HOPS_UNGRADED, HOPS_TLS_1_2 },
	{ "", "ECDHE-RSA-AES128-GCM-SHA256", HOPS_SEALED, HOPS_SEALED, HOPS_TLS_1_2 },
	{ "", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", HOPS_SEALED, HOPS_SEALED, HOPS_TLS_1_2 },
	{ "TLSv1.2", "ECDHE-RSA-AES128-SHA256", HOPS_SEALED, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.2", "ECDHE-RSA-AES256-SHA", HOPS_SEALED, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "", "ECDHE-RSA-AES256-SHA", HOPS_UNGRADED, HOPS_LEGACY, HOPS_VERSION_UNKNOWN },
	{ "TLSv1.2", "ECDHE-RSA-CAMELLIA256-SHA384", HOPS_SEALED, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.1", "ECDHE-RSA-AES256-SHA", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_1 },
	{ "TLSv1.2", "ECDHE-RSA-RC4-SHA", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.2", "ECDHE-RSA-DES-CBC3-SHA", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.2", "DHE-RSA-AES256-GCM-SHA384", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.2", "AES128-GCM-SHA256", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.2", "ADH-AES256-GCM-SHA384", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "TLSv1.2", "RSA_AES_256_CBC_SHA1", HOPS_LEGACY, HOPS_LEGACY, HOPS_TLS_1_2 },
	{ "SSLv3", "", HOPS_LEGACY, HOPS_LEGACY, HOPS_SSL_3 },
	{ "", "", HOPS_UNGRADED, HOPS_UNGRADED, HOPS_VERSION_UNKNOWN },
};

static void test_notation_grade(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(grades); i++) {
		struct hops_tls t = { .is_used = true };
		assert_int_equal(hops_notation_version(&t, slice_str(grades[i].version)),
		                 grades[i].version[0] != '\0');
		assert_int_equal(hops_notation_cipher(&t, slice_str(grades[i].cipher)),
		                 grades[i].cipher[0] != '\0');
		hops_notation_finish(&t);
		if (hops_notation_grade(&t, false) != grades[i].grade ||
		    hops_notation_grade(&t, true) != grades[i].of_user ||
		    t.version != grades[i].follows)
			fail_msg("%s %s", grades[i].version, grades[i].cipher);
	}
}

static void test_notation_null_suites(void **state)
{
	(void)state;
	struct hops_tls t = {};
	assert_true(hops_notation_cipher(&t, slice_str("TLS_RSA_WITH_NULL_SHA256")));
	assert_true(hops_notation_is_null(&t));
	assert_true(hops_notation_cipher(&t, slice_str("0xC02F")));
	assert_string_equal(t.cipher, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_false(hops_notation_is_null(&t));
	assert_false(hops_notation_cipher(&t, slice_str("0x12")));
	assert_false(hops_notation_cipher(&t, slice_str("AES<script>-")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notation_comment),
		cmocka_unit_test(test_notation_grade),
		cmocka_unit_test(test_notation_null_suites),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
