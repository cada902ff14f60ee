#define OPENSSL_SUPPRESS_DEPRECATED
/* What OpenSSL gets of random bytes: they differ, and a child has none of its parent's. */
#include "tls/random.h"

#include "base/clean.h"

#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LEN = 32, TIMES = 2000 };

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, LEN);
}

static void test_random_never_twice(void **state)
{
	static uint8_t all[TIMES][LEN];
	(void)state;
	for (size_t i = 0; i < TIMES; i++)
		assert_int_equal(RAND_bytes(all[i], LEN), 1);
	qsort(all, TIMES, LEN, compare);
	for (size_t i = 1; i < TIMES; i++)
		assert_memory_not_equal(all[i - 1], all[i], LEN);
}

static void test_random_any_length(void **state)
{
	static const int lens[] = { 0, 1, 2047, 2048, 2049, 10000 };
	static uint8_t bytes[10001], zeros[64];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		memset(bytes, 0, sizeof(bytes));
		assert_int_equal(RAND_priv_bytes(bytes, lens[i]), 1);
		assert_int_equal(bytes[lens[i]], 0);
		if (lens[i] >= 64)
			assert_memory_not_equal(bytes + lens[i] - 64, zeros, 64);
	}
}

static void test_random_child_has_its_own(void **state)
{
	uint8_t ours[LEN], childs[LEN];
	int ends[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(RAND_bytes(ours, LEN), 1);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		bool is_told = RAND_bytes(childs, LEN) == 1 && write(ends[1], childs, LEN) == LEN;
		_exit(is_told ? 0 : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], childs, LEN), LEN);
	assert_int_equal(RAND_bytes(ours, LEN), 1);
	assert_memory_not_equal(ours, childs, LEN);
	close(ends[0]);
	close(ends[1]);
}

static void test_random_is_ours(void **state)
{
	(void)state;
	assert_ptr_not_equal(RAND_get_rand_method(), RAND_OpenSSL());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_never_twice),
		cmocka_unit_test(test_random_any_length),
		cmocka_unit_test(test_random_child_has_its_own),
		cmocka_unit_test(test_random_is_ours),
	};
	tls_random_use();
	tls_random_use(); /* changes nothing */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
