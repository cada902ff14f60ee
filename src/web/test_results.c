#include "base/clean.h"
#include "web/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct web_results made(size_t count_max, size_t bytes_max)
{
	return (struct web_results){ .count_max = count_max,
		                     .bytes_max = bytes_max,
		                     .kept_ms = 1000 };
}

static int put(struct web_results *r, const char *domain, size_t len, uint64_t now_ms)
{
	struct buf html = {}, json = {};
	for (size_t i = 0; i < len; i++)
		assert_int_equal(buf_add_str(&html, "x"), 0);
	assert_int_equal(buf_add_str(&json, "{}"), 0);
	int result = web_results_put(r, domain, &html, &json, now_ms);
	assert_null(html.data); /* taken */
	assert_null(json.data);
	return result;
}

static void test_results_time(void **state)
{
	(void)state;
	struct web_results r = made(10, 1 << 20);
	web_results_init(&r);
	assert_int_equal(put(&r, "a.example", 10, 100), 0);
	assert_int_equal(put(&r, "b.example", 20, 600), 0);
	assert_int_equal(buf_len(&web_results_find(&r, "a.example", 1099)->html->body), 10);
	assert_null(web_results_find(&r, "a.example", 1100));
	assert_non_null(web_results_find(&r, "b.example", 1100));
	assert_null(web_results_find(&r, "c.example", 1100));
	/* The newest one of a domain counts, and it is the newest of all. */
	assert_int_equal(put(&r, "c.example", 5, 1200), 0);
	assert_int_equal(put(&r, "b.example", 30, 1300), 0);
	assert_int_equal(r.count, 2);
	assert_int_equal(buf_len(&web_results_find(&r, "b.example", 2250)->html->body), 30);
	assert_null(web_results_find(&r, "c.example", 2250));
	web_results_deinit(&r);
	assert_int_equal(r.bytes, 0);
	web_results_deinit(&r);
}

static void test_results_room(void **state)
{
	(void)state;
	char domain[32];
	struct web_results r = made(3, 1 << 20);
	web_results_init(&r);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(domain, sizeof(domain), "d%u.example", i);
		assert_int_equal(put(&r, domain, 10, i), 0);
		assert_true(r.count <= 3);
	}
	assert_null(web_results_find(&r, "d46.example", 50));
	assert_non_null(web_results_find(&r, "d47.example", 50));
	web_results_deinit(&r);
}

static void test_results_bytes(void **state)
{
	(void)state;
	char domain[32];
	struct web_results r = made(1000, 64 * 1024);
	web_results_init(&r);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(domain, sizeof(domain), "d%u.example", i);
		assert_int_equal(put(&r, domain, 10000, i), 0);
		assert_true(r.bytes <= r.bytes_max);
	}
	assert_non_null(web_results_find(&r, "d49.example", 50));
	assert_true(r.count > 3);
	/* One that would be a quarter of all is not kept, and its older one is no result any more.
	 */
	assert_int_equal(put(&r, "d49.example", 20000, 51), WEB_RESULTS_TOO_LARGE);
	assert_null(web_results_find(&r, "d49.example", 51));
	assert_non_null(web_results_find(&r, "d48.example", 51));
	web_results_deinit(&r);
}

/* Who reads slowly keeps what he reads. */
static void test_results_shared(void **state)
{
	(void)state;
	struct web_results r = made(1, 1 << 20);
	web_results_init(&r);
	assert_int_equal(put(&r, "a.example", 10, 0), 0);
	struct web_kept *kept = web_kept_ref(web_results_find(&r, "a.example", 0)->html);
	assert_int_equal(put(&r, "b.example", 10, 1), 0);
	assert_null(web_results_find(&r, "a.example", 1));
	assert_int_equal(buf_len(&kept->body), 10);
	web_kept_unref(kept);
	web_results_deinit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results_time),
		cmocka_unit_test(test_results_room),
		cmocka_unit_test(test_results_bytes),
		cmocka_unit_test(test_results_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
