#include "proc/host.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct policy_host_answer hosts[] = {
	{ .is_known = true,
	  .is_file = true,
	  .ttl_s = 30,
	  .addresses = { "10.0.0.9", "2001:db8::9" },
	  .count = 2 },
	{ .ttl_s = 10, .why = "A: SERVFAIL" },
};

static void test_host_comes_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		CLEAN(buf_deinit) struct buf wire = {};
		struct policy_host_answer back;
		struct proc_packer p = proc_packer_onto(&wire);
		proc_host_pack(&p, &hosts[i]);
		struct proc_unpacker u = proc_unpacker_over(proc_packed(&p));
		assert_true(proc_host_unpack(&u, &back));
		assert_memory_equal(&back, &hosts[i], sizeof(back));
	}
}

static const struct bad_case {
	const char *name;
	struct slice payload;
} bad[] = {
#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
	{ "nothing", BYTES("") },
	{ "known, and no address", BYTES("\1\0\0\0\0\1\0\0\0") },
	{ "an address, and not known", BYTES("\0\0\0\0\0\1\0\0\1\0\7"
	                                     "1.2.3.4") },
	{ "an address that is none", BYTES("\1\0\0\0\0\1\0\0\1\0\7"
	                                   "1.2.3.x") },
	{ "more than there may be", BYTES("\1\0\0\0\0\1\0\0\21\0\7"
	                                  "1.2.3.4") },
	{ "something behind it", BYTES("\1\0\0\0\0\1\0\0\1\0\7"
	                               "1.2.3.4x") },
};

static void test_host_bad_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct proc_unpacker u = proc_unpacker_over(bad[i].payload);
		struct policy_host_answer host;
		if (proc_host_unpack(&u, &host))
			fail_msg("%s", bad[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_comes_back),
		cmocka_unit_test(test_host_bad_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
