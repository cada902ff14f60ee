#include "base/sealed.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* Of a mapping that begins at "at", as /proc says it: "r--p". */
static void rights_of(const void *at, char ret_rights[5])
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	assert_non_null(maps);
	ret_rights[0] = '\0';
	while (!ret_rights[0] && fgets(line, sizeof(line), maps)) {
		void *begin = NULL;
		char rights[5] = "";
		if (sscanf(line, "%p-%*x %4s", &begin, rights) == 2 && begin == at)
			memcpy(ret_rights, rights, sizeof(rights));
	}
	fclose(maps);
}

static void test_sealed_is_read_and_not_written(void **state)
{
	CLEAN(closep) int fd = -1;
	void *bytes = NULL;
	size_t len = 0;
	(void)state;
	assert_int_equal(sealed_new(&fd, "test", slice_str("what all read")), 0);
	assert_int_equal(pwrite(fd, "W", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(sealed_map(&bytes, &len, fd), 0);
	assert_int_equal(len, 13);
	assert_memory_equal(bytes, "what all read", len);
	munmap(bytes, len);
}

/* Linux 6.1 (Debian 12) maps what is sealed in no other way. */
static void test_sealed_is_mapped_private(void **state)
{
	CLEAN(closep) int fd = -1;
	void *bytes = NULL;
	size_t len = 0;
	char rights[5];
	(void)state;
	assert_int_equal(sealed_new(&fd, "test", slice_str("x")), 0);
	assert_int_equal(sealed_map(&bytes, &len, fd), 0);
	rights_of(bytes, rights);
	assert_string_equal(rights, "r--p");
	munmap(bytes, len);
}

static void test_sealed_empty_is_bad(void **state)
{
	CLEAN(closep) int fd = -1;
	void *bytes = NULL;
	size_t len = 0;
	(void)state;
	assert_int_equal(sealed_new(&fd, "test", (struct slice){}), 0);
	assert_int_equal(sealed_map(&bytes, &len, fd), SEALED_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_is_read_and_not_written),
		cmocka_unit_test(test_sealed_is_mapped_private),
		cmocka_unit_test(test_sealed_empty_is_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
