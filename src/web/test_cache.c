#include "base/clean.h"
#include "web/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void keep(struct web_cache *c, const char *target, uint64_t now_ms, uint64_t took_ms)
{
	struct web_reply reply = {};
	web_reply_say(&reply, 200, target);
	web_cache_keep(c, target, &reply, now_ms, took_ms);
	buf_deinit(&reply.body);
}

static bool has(const struct web_cache *c, const char *target, uint64_t now_ms)
{
	struct web_reply reply = {};
	bool found = web_cache_find(c, target, now_ms, &reply);
	if (found) {
		assert_int_equal(reply.status, 200);
		assert_int_equal(buf_len(&reply.body), strlen(target) + 1);
		assert_memory_equal(buf_slice(&reply.body).data, target, strlen(target));
	}
	buf_deinit(&reply.body);
	return found;
}

/* A page that took 300 ms is given again for 3 s. */
static void test_cache_time(void **state)
{
	(void)state;
	struct web_cache c = {};
	keep(&c, "/slow", 1000, 300);
	keep(&c, "/quick", 1000, WEB_CACHE_QUICK_MS - 1);
	assert_true(has(&c, "/slow", 1000));
	assert_true(has(&c, "/slow", 3999));
	assert_false(has(&c, "/slow", 4000));
	assert_false(has(&c, "/slow?", 1000));
	assert_false(has(&c, "/quick", 1000));
	keep(&c, "/slow", 4000, 100000);
	assert_true(has(&c, "/slow", 4000 + WEB_CACHE_KEPT_MAX_MS - 1));
	assert_false(has(&c, "/slow", 4000 + WEB_CACHE_KEPT_MAX_MS));
	web_cache_deinit(&c);
}

static void test_cache_room(void **state)
{
	(void)state;
	struct web_cache c = {};
	char target[16];
	for (unsigned i = 0; i <= WEB_CACHE_ENTRIES; i++) {
		snprintf(target, sizeof(target), "/%u", i);
		keep(&c, target, 1000 + i, 100);
	}
	assert_false(has(&c, "/0", 1010));
	assert_true(has(&c, "/1", 1010));
	assert_true(has(&c, target, 1010));
	web_cache_deinit(&c);
}

/* Who asks for ever new slow pages waits; a tenth of the time is his. */
static void test_cache_spent(void **state)
{
	(void)state;
	struct web_cache c = {};
	uint64_t now_ms = 5000000, worked_ms = 0;
	assert_false(web_cache_is_spent(&c, now_ms));
	for (unsigned i = 0; i < 6000; i++) {
		char target[16];
		snprintf(target, sizeof(target), "/%u", i);
		if (!web_cache_is_spent(&c, now_ms)) {
			keep(&c, target, now_ms, 500);
			worked_ms += 500;
			now_ms += 500;
		}
		now_ms += 100;
	}
	uint64_t time_ms = now_ms - 5000000;
	assert_in_range(worked_ms, time_ms / WEB_CACHE_PART,
	                time_ms / WEB_CACHE_PART + WEB_CACHE_BURST_MS + 1000);
	web_cache_deinit(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache_time),
		cmocka_unit_test(test_cache_room),
		cmocka_unit_test(test_cache_spent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
