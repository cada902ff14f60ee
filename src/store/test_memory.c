#include "base/clean.h"
#include "store/memory.h"
#include "store/store.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

static struct store_memory *opened(void)
{
	struct store_memory *m = NULL;
	struct store_opened how;
	assert_int_equal(store_memory_open(&m, path, &how), 0);
	assert_false(how.was_bad);
	return m;
}

static bool note(struct store_memory *m, const char *domain, enum policy_seen seen, int64_t now_s)
{
	bool is_new = false;
	assert_int_equal(store_memory_note(m, domain, "mx.example", seen, now_s, &is_new), 0);
	return is_new;
}

static struct policy_memory got(struct store_memory *m, const char *domain)
{
	struct policy_memory memory;
	assert_int_equal(store_memory_get(m, domain, "mx.example", &memory), 0);
	return memory;
}

/* Sealed, lost, and sealed again; the turns are news, and it is there after a restart. */
static void test_memory_is_kept(void **state)
{
	(void)state;
	struct store_memory *m = opened();
	assert_int_equal(got(m, "a.example").sessions, 0);
	assert_false(note(m, "a.example", POLICY_SEEN_TRUSTED, NOW));
	assert_false(note(m, "a.example", POLICY_SEEN_SEALED, NOW + 1));
	store_memory_close(m);
	m = opened();
	struct policy_memory now = got(m, "a.example");
	assert_true(now.sessions == 2 && now.sealed_since_s == NOW && !now.was_trusted);
	assert_int_equal(now.lost_since_s, 0);
	assert_true(note(m, "a.example", POLICY_SEEN_LOST, NOW + 2));
	assert_false(note(m, "a.example", POLICY_SEEN_LOST, NOW + 3));
	now = got(m, "a.example");
	assert_true(now.lost_since_s == NOW + 2 && now.sealed_since_s == NOW);
	assert_true(note(m, "a.example", POLICY_SEEN_TRUSTED, NOW + 4));
	now = got(m, "a.example");
	assert_true(now.lost_since_s == 0 && now.was_trusted && now.sessions == 3);
	store_memory_close(m);
}

/* Who never had it cannot lose it. */
static void test_memory_of_who_had_none(void **state)
{
	(void)state;
	struct store_memory *m = opened();
	assert_false(note(m, "plain.example", POLICY_SEEN_LOST, NOW));
	assert_int_equal(got(m, "plain.example").sessions, 0);
	store_memory_close(m);
}

static void test_memory_counts_and_forgets(void **state)
{
	size_t sealed, lost, released;
	(void)state;
	struct store_memory *m = opened();
	note(m, "old.example", POLICY_SEEN_SEALED, NOW - 9 * DAY);
	note(m, "a.example", POLICY_SEEN_SEALED, NOW);
	note(m, "b.example", POLICY_SEEN_SEALED, NOW);
	note(m, "b.example", POLICY_SEEN_LOST, NOW + 1);
	assert_int_equal(store_memory_count(m, NOW, &sealed, &lost), 0);
	assert_true(sealed == 2 && lost == 1);
	assert_int_equal(store_memory_release(m, "b.example", &released), 0);
	assert_int_equal(released, 1);
	assert_int_equal(got(m, "b.example").sessions, 0);
	assert_int_equal(store_memory_release(m, "b.example", &released), 0);
	assert_int_equal(released, 0);
	assert_int_equal(store_memory_prune(m, NOW - DAY), 0);
	assert_int_equal(got(m, "old.example").sessions, 0);
	assert_int_equal(got(m, "a.example").sessions, 1);
	store_memory_close(m);
}

static int lost_note(void *owner, const char *domain, const char *mx,
                     const struct policy_memory *memory)
{
	char *said = owner;
	size_t len = strlen(said);
	snprintf(said + len, 160 - len, "%s %s %lld %u\n", domain, mx,
	         (long long)memory->lost_since_s, memory->sessions);
	return strcmp(domain, "stop.example") ? 0 : 7;
}

static void test_memory_lists_what_was_lost(void **state)
{
	char said[160] = "";
	(void)state;
	struct store_memory *m = opened();
	assert_int_equal(store_memory_read_lost(m, lost_note, said), 0);
	assert_string_equal(said, "");
	note(m, "b.example", POLICY_SEEN_SEALED, NOW);
	note(m, "b.example", POLICY_SEEN_LOST, NOW + 1);
	note(m, "a.example", POLICY_SEEN_SEALED, NOW);
	note(m, "a.example", POLICY_SEEN_LOST, NOW + 2);
	note(m, "fine.example", POLICY_SEEN_SEALED, NOW);
	assert_int_equal(store_memory_read_lost(m, lost_note, said), 0);
	assert_string_equal(said, "a.example mx.example 1800000002 1\n"
	                          "b.example mx.example 1800000001 1\n");
	note(m, "stop.example", POLICY_SEEN_SEALED, NOW);
	note(m, "stop.example", POLICY_SEEN_LOST, NOW);
	assert_int_equal(store_memory_read_lost(m, lost_note, said), 7);
	store_memory_close(m);
}

/* One that other nodes of a cluster have met. */
static void test_memory_of_others(void **state)
{
	struct store_memory *m = opened();
	struct policy_shared_memory own;
	(void)state;
	assert_int_equal(store_memory_seed(m, "a.example", "mx.example", NOW - 100, NOW), 0);
	assert_true(note(m, "a.example", POLICY_SEEN_LOST, NOW + 5));
	assert_int_equal(store_memory_seed(m, "a.example", "mx.example", NOW, NOW), 0);
	assert_int_equal(store_memory_tell(m, "a.example", "mx.example", &own), 0);
	assert_int_equal(own.sealed_since_s, NOW - 100);
	assert_int_equal(own.lost_since_s, NOW + 5);
	assert_int_equal(own.sessions, 0);
	assert_true(note(m, "a.example", POLICY_SEEN_TRUSTED, NOW + 9));
	assert_int_equal(got(m, "a.example").sessions, 1);
	assert_int_equal(got(m, "a.example").lost_since_s, 0);
	assert_int_equal(store_memory_tell(m, "b.example", "mx.example", &own), 0);
	assert_int_equal(own.sealed_since_s, 0);
	store_memory_close(m);
}

static void used_count(void *owner, const char *domain, const char *mx,
                       const struct policy_shared_memory *memory)
{
	assert_string_equal(mx, "mx.example");
	assert_true(memory->sealed_since_s);
	++*(size_t *)owner;
}

static void test_memory_lists_what_was_used(void **state)
{
	static const char *const domains[] = { "a.example", "b.example", "c.example", "d.example" };
	struct store_memory *m = opened();
	size_t count = 0;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(domains); i++)
		note(m, domains[i], POLICY_SEEN_SEALED, NOW + (int64_t)i);
	assert_int_equal(store_memory_read_used(m, NOW + 1, 2, used_count, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(store_memory_read_used(m, NOW + 1, 9, used_count, &count), 0);
	assert_int_equal(count, 5);
	store_memory_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_memory_is_kept, file_remove),
		cmocka_unit_test_teardown(test_memory_of_who_had_none, file_remove),
		cmocka_unit_test_teardown(test_memory_counts_and_forgets, file_remove),
		cmocka_unit_test_teardown(test_memory_lists_what_was_lost, file_remove),
		cmocka_unit_test_teardown(test_memory_of_others, file_remove),
		cmocka_unit_test_teardown(test_memory_lists_what_was_used, file_remove),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
