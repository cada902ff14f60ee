#include "base/clean.h"
#include "proc/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_there_and_back(void **state)
{
	static const struct tunnel_told list[] = {
		{ "wg0", "10.9.0.2:143", false, TUNNEL_SEALED },
		{ "", "[2001:db8::1]:993", false, TUNNEL_SEALED },
		{ "abcdefghijklmno", "10.9.0.3:143", true, TUNNEL_UNPROVEN },
	};
	CLEAN(buf_deinit) struct buf b = {};
	struct proc_packer p = proc_packer_onto(&b);
	for (size_t i = 0; i < COUNT_OF(list); i++)
		proc_tunnel_pack(&p, &list[i]);
	struct slice payload = proc_packed(&p);
	struct proc_unpacker u = proc_unpacker_over(payload);
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		struct tunnel_told t;
		assert_true(proc_tunnel_unpack(&u, &t));
		assert_int_equal(tunnel_told_state(&t, 1, &list[i]), list[i].state);
	}
	assert_true(proc_unpack_ends(&u));
	for (size_t len = 0; len < PROC_TUNNEL_MIN + 3; len++) {
		struct tunnel_told t;
		u = proc_unpacker_over(slice_head(payload, len));
		assert_false(proc_tunnel_unpack(&u, &t));
	}
}

/* One that may not be used is not in the list. */
static void test_refused(void **state)
{
	static const struct tunnel_told gone = { "wg0", "10.9.0.2:143", false, TUNNEL_GONE };
	uint8_t bytes[64];
	struct proc_packer p = proc_packer_over(bytes, sizeof(bytes));
	struct tunnel_told t;
	proc_tunnel_pack(&p, &gone);
	size_t len = proc_packed(&p).len;
	struct proc_unpacker u = proc_unpacker_over(proc_packed(&p));
	assert_false(proc_tunnel_unpack(&u, &t));
	bytes[len - 1] = TUNNEL_STATE_COUNT;
	u = proc_unpacker_over(slice_of(bytes, len));
	assert_false(proc_tunnel_unpack(&u, &t));
	bytes[len - 1] = TUNNEL_SEALED;
	bytes[len - 2] = 2;
	u = proc_unpacker_over(slice_of(bytes, len));
	assert_false(proc_tunnel_unpack(&u, &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
