#include "base/clean.h"
#include "tls/chain.h"
#include "tls/label.h"
#include "tls/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static const struct {
	int type, days;
	const char *names, *key;
} cases[] = {
	{ TEST_RSA, 30, "mx.example.org,Other.example.org", "RSA 2048" },
	{ TEST_EC, -1, "mx.example.org", "EC P-256" },
};

static void test_label_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct test_pair pair;
		struct tls_label label;
		test_pair_make(&pair, &(struct test_pair_settings){ .type = cases[i].type,
		                                                    .names = cases[i].names,
		                                                    .days = cases[i].days });
		assert_int_equal(tls_label_read(&label, buf_slice(&pair.chain_pem)), 0);
		assert_string_equal(label.key, cases[i].key);
		assert_string_equal(label.names,
		                    i ? "mx.example.org" : "mx.example.org,other.example.org");
		int64_t left = label.not_after_s - time(NULL) - cases[i].days * 86400LL;
		assert_true(left > -3600 && left < 3600);
		assert_true(label.not_before_s && label.not_before_s < label.not_after_s);
		assert_true(label.issuer[0]);
		tls_label_deinit(&label);
		test_pair_deinit(&pair);
	}
}

static void test_label_bad(void **state)
{
	(void)state;
	struct tls_label label;
	assert_int_equal(tls_label_read(&label, slice_str("x")), TLS_CHAIN_EMPTY);
	assert_int_equal(tls_label_read(&label, slice_str("-----BEGIN CERTIFICATE-----\nAAAA\n"
	                                                  "-----END CERTIFICATE-----\n")),
	                 TLS_CHAIN_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label_read),
		cmocka_unit_test(test_label_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
