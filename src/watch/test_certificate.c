#include "watch/certificate.h"

#include "base/clean.h"
#include "tls/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <time.h>

enum { DAY_S = 86400 };

static struct watch_certificate *certificate_of(const struct test_pair_settings *set)
{
	struct test_pair pair = {};
	struct watch_certificate *c = NULL;
	test_pair_make(&pair, set);
	assert_int_equal(watch_certificate_read(&c, buf_slice(&pair.chain_pem)), 0);
	test_pair_deinit(&pair);
	assert_non_null(c);
	return c;
}

static void test_certificate_is_read(void **state)
{
	int64_t now_s = time(NULL);
	struct watch_certificate *c = certificate_of(&(struct test_pair_settings){
		.type = TEST_EC, .names = "a.test,b.test", .days = 30 });
	(void)state;
	assert_string_equal(c->names, "a.test,b.test");
	assert_string_equal(c->subject, c->issuer);
	assert_true(c->is_self_signed && c->subject[0]);
	assert_false(watch_certificate_has_expired(c, now_s));
	assert_true(watch_certificate_has_expired(c, now_s + 31 * DAY_S));
	free(c);
}

static void test_certificate_that_is_none(void **state)
{
	struct watch_certificate *c = NULL;
	(void)state;
	assert_int_equal(watch_certificate_read(&c, slice_str("\x30\x03 no")), 0);
	assert_null(c);
	assert_int_equal(watch_certificate_read(&c, (struct slice){}), 0);
	assert_null(c);
	assert_false(watch_certificate_has_expired(NULL, 1));
}

static void test_certificate_that_ends_first_is_kept(void **state)
{
	struct watch_certificate *kept = NULL, *none = NULL;
	struct watch_certificate *late = certificate_of(
		&(struct test_pair_settings){ .type = TEST_EC, .names = "late.test", .days = 30 });
	struct watch_certificate *soon = certificate_of(
		&(struct test_pair_settings){ .type = TEST_EC, .names = "soon.test", .days = 10 });
	struct watch_certificate *later = certificate_of(
		&(struct test_pair_settings){ .type = TEST_EC, .names = "later.test", .days = 40 });
	(void)state;
	watch_certificate_merge(&kept, &none);
	assert_null(kept);
	watch_certificate_merge(&kept, &late);
	assert_string_equal(kept->names, "late.test");
	watch_certificate_merge(&kept, &soon);
	watch_certificate_merge(&kept, &later);
	watch_certificate_merge(&kept, &none);
	assert_string_equal(kept->names, "soon.test");
	assert_true(!late && !soon && !later);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificate_is_read),
		cmocka_unit_test(test_certificate_that_is_none),
		cmocka_unit_test(test_certificate_that_ends_first_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
