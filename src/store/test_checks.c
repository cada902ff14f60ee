#include "base/clean.h"
#include "store/checks.h"
#include "store/store.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

static struct store_checks *opened(void)
{
	struct store_checks *s = NULL;
	struct store_opened how;
	assert_int_equal(store_checks_open(&s, path, &how), 0);
	assert_false(how.was_bad);
	return s;
}

static void add(struct store_checks *s, const char *domain, int64_t at_s, const char *overall)
{
	const struct store_check c = { .domain = domain,
		                       .profile = "m3aawg",
		                       .why = "",
		                       .overall = overall,
		                       .between = "A",
		                       .users = "-",
		                       .at_s = at_s,
		                       .is_partial = true,
		                       .fail = 2,
		                       .worse = 1,
		                       .findings = slice_str("[[]]") };
	assert_int_equal(store_checks_add(s, &c, at_s), 0);
}

struct read {
	unsigned count, with_findings;
	char letters[64];
	int64_t first_s;
};

static int on_check(void *owner, const struct store_check *c)
{
	struct read *r = owner;
	if (!r->count++)
		r->first_s = c->at_s;
	r->with_findings += c->findings.len > 0;
	if (r->count < 5)
		strcat(r->letters, c->overall);
	assert_true(c->is_partial && c->fail == 2 && !c->warn && c->worse == 1);
	assert_string_equal(c->users, "-");
	return 0;
}

static struct read read_all(struct store_checks *s, const char *domain, unsigned max)
{
	struct read r = {};
	assert_int_equal(store_checks_read(s, domain, max, on_check, &r), 0);
	return r;
}

static void test_checks_order(void **state)
{
	(void)state;
	struct store_checks *s = NULL;
	assert_int_equal(store_checks_open_read(&s, path), STORE_CHECKS_NONE);
	s = opened();
	add(s, "example.org", NOW, "A");
	add(s, "example.org", NOW + DAY, "B");
	add(s, "example.org", NOW + 2 * DAY, "C");
	add(s, "example.net", NOW, "F");
	struct read r = read_all(s, "example.org", 10);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.with_findings, 2); /* of the last two alone */
	assert_string_equal(r.letters, "CBA");
	assert_int_equal(r.first_s, NOW + 2 * DAY);
	assert_int_equal(read_all(s, "example.org", 1).count, 1);
	assert_int_equal(read_all(s, "example.com", 9).count, 0);
	store_checks_close(s);
	/* And by another process. */
	assert_int_equal(store_checks_open_read(&s, path), 0);
	assert_int_equal(read_all(s, "example.net", 9).count, 1);
	store_checks_close(s);
}

static void test_checks_bounds(void **state)
{
	(void)state;
	struct store_checks *s = opened();
	for (int i = 0; i < STORE_CHECKS_KEPT + 20; i++)
		add(s, "example.org", NOW + i * 3600, "A");
	assert_int_equal(read_all(s, "example.org", 10000).count, STORE_CHECKS_KEPT);
	/* One that is looked at no more goes in the end. */
	add(s, "example.net", NOW + (int64_t)(STORE_CHECKS_DAYS + 30) * DAY, "A");
	assert_int_equal(read_all(s, "example.org", 10000).count, 0);
	assert_int_equal(read_all(s, "example.net", 10000).count, 1);
	store_checks_close(s);
}

static int on_stop(void *owner, const struct store_check *c)
{
	(void)owner, (void)c;
	return 7;
}

static void test_checks_stop(void **state)
{
	(void)state;
	struct store_checks *s = opened();
	add(s, "example.org", NOW, "A");
	assert_int_equal(store_checks_read(s, "example.org", 5, on_stop, NULL), 7);
	assert_int_equal(read_all(s, "example.org", 5).count, 1);
	store_checks_close(s);
	store_checks_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_checks_order, file_remove),
		cmocka_unit_test_teardown(test_checks_bounds, file_remove),
		cmocka_unit_test_teardown(test_checks_stop, file_remove),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
