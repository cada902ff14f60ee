#include "base/clean.h"
#include "proc/msg.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void pack_all(struct proc_packer *p)
{
	proc_pack_u8(p, 0x01);
	proc_pack_u16(p, 0x0203);
	proc_pack_u32(p, 0x04050607);
	proc_pack_u64(p, 0x08090a0b0c0d0e0f);
	proc_pack_bytes(p, slice_of("\0\1", 2));
	proc_pack_str(p, "name");
	proc_pack_raw(p, slice_str("the rest"));
}

static const char packed_all[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
				 "\x00\x02\x00\x01\x00\x04name"
				 "the rest";

static void test_pack_round_trip(void **state)
{
	(void)state;
	uint8_t room[64];
	CLEAN(buf_deinit) struct buf b = {};
	assert_int_equal(buf_add_str(&b, "old"), 0);
	struct proc_packer fixed = proc_packer_over(room, sizeof(room));
	struct proc_packer growing = proc_packer_onto(&b);
	pack_all(&fixed);
	pack_all(&growing);
	struct slice expected = slice_of(packed_all, sizeof(packed_all) - 1);
	assert_true(slice_equal(proc_packed(&fixed), expected));
	assert_true(slice_equal(proc_packed(&growing), expected));

	struct proc_unpacker u = proc_unpacker_over(expected);
	uint8_t n8;
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;
	struct slice bytes, rest;
	char name[5];
	assert_true(proc_unpack_u8(&u, &n8) && n8 == 0x01);
	assert_true(proc_unpack_u16(&u, &n16) && n16 == 0x0203);
	assert_true(proc_unpack_u32(&u, &n32) && n32 == 0x04050607);
	assert_true(proc_unpack_u64(&u, &n64) && n64 == 0x08090a0b0c0d0e0f);
	assert_true(proc_unpack_bytes(&u, &bytes) && slice_equal(bytes, slice_of("\0\1", 2)));
	assert_true(proc_unpack_str(&u, name, sizeof(name)));
	assert_string_equal(name, "name");
	assert_false(proc_unpack_ends(&u));
	assert_true(proc_unpack_text(&u, &rest) && slice_equal(rest, slice_str("the rest")));
	assert_true(proc_unpack_ends(&u));
}

static void test_pack_no_room(void **state)
{
	(void)state;
	uint8_t room[sizeof(packed_all) - 1];
	for (size_t cap = 0; cap < sizeof(room); cap++) {
		struct proc_packer p = proc_packer_over(room, cap);
		pack_all(&p);
		assert_true(p.has_failed);
		assert_int_equal(proc_packed(&p).len, 0);
	}
	static uint8_t long_bytes[UINT16_MAX + 1];
	CLEAN(buf_deinit) struct buf b = {};
	struct proc_packer p = proc_packer_onto(&b);
	proc_pack_bytes(&p, slice_of(long_bytes, sizeof(long_bytes)));
	assert_true(p.has_failed);
}

/* Cut anywhere, the reader notices, and goes on failing. */
static void test_unpack_cut(void **state)
{
	(void)state;
	size_t whole = sizeof(packed_all) - 1 - strlen("the rest");
	for (size_t len = 0; len < whole; len++) {
		struct proc_unpacker u = proc_unpacker_over(slice_of(packed_all, len));
		uint8_t raw[15];
		uint8_t n8;
		struct slice bytes;
		char name[8];
		bool is_fine = proc_unpack_raw(&u, raw, sizeof(raw)) &&
		               proc_unpack_bytes(&u, &bytes) &&
		               proc_unpack_str(&u, name, sizeof(name));
		assert_false(is_fine);
		assert_false(proc_unpack_u8(&u, &n8));
		assert_false(proc_unpack_text(&u, &bytes));
		assert_false(proc_unpack_ends(&u));
	}
}

static void test_unpack_str_refused(void **state)
{
	(void)state;
	char text[4];
	struct proc_unpacker nul = proc_unpacker_over(slice_of("\0\3a\0b", 5));
	assert_false(proc_unpack_str(&nul, text, sizeof(text)));
	struct proc_unpacker big = proc_unpacker_over(slice_of("\0\4abcd", 6));
	assert_false(proc_unpack_str(&big, text, sizeof(text)));
	struct proc_unpacker fits = proc_unpacker_over(slice_of("\0\3abc", 5));
	assert_true(proc_unpack_str(&fits, text, sizeof(text)));
	struct proc_unpacker empty = proc_unpacker_over(slice_of("\0\0", 2));
	assert_true(proc_unpack_str(&empty, text, sizeof(text)));
	assert_string_equal(text, "");
}

static const struct {
	const char *name;
	enum proc_role from, to;
	unsigned type;
	size_t len;
	bool has_fd;
	bool is_allowed;
} rules[] = {
	{ "config", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_CONFIG, 100, false, true },
	{ "config with fd", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_CONFIG, 100, true, false },
	{ "hook", PROC_ROLE_LEDGER, PROC_ROLE_RUNNER, PROC_MSG_HOOK_RUN, 100, false, true },
	{ "hook of a worker", PROC_ROLE_WORKER, PROC_ROLE_RUNNER, PROC_MSG_HOOK_RUN, 100, false,
	  false },
	{ "ledger says which hooks", PROC_ROLE_LEDGER, PROC_ROLE_RUNNER, PROC_MSG_HOOKS, 100, false,
	  false },
	{ "config to keys", PROC_ROLE_PARENT, PROC_ROLE_KEYS, PROC_MSG_CONFIG, 100, false, false },
	{ "worker configures", PROC_ROLE_WORKER, PROC_ROLE_PARENT, PROC_MSG_CONFIG, 1, false,
	  false },
	{ "config too long", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_CONFIG,
	  PROC_PAYLOAD_MAX + 1, false, false },
	{ "key", PROC_ROLE_PARENT, PROC_ROLE_KEYS, PROC_MSG_KEY, 4, true, true },
	{ "key without fd", PROC_ROLE_PARENT, PROC_ROLE_KEYS, PROC_MSG_KEY, 4, false, false },
	{ "key to worker", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_KEY, 4, true, false },
	{ "worker brings a key", PROC_ROLE_WORKER, PROC_ROLE_KEYS, PROC_MSG_KEY, 4, true, false },
	{ "worker forgets a key", PROC_ROLE_WORKER, PROC_ROLE_KEYS, PROC_MSG_KEY_FORGET, 4, false,
	  false },
	{ "sign", PROC_ROLE_WORKER, PROC_ROLE_KEYS, PROC_MSG_SIGN, 76, false, true },
	{ "sign too long", PROC_ROLE_WORKER, PROC_ROLE_KEYS, PROC_MSG_SIGN, 77, false, false },
	{ "parent signs", PROC_ROLE_PARENT, PROC_ROLE_KEYS, PROC_MSG_SIGN, 76, false, false },
	{ "signed", PROC_ROLE_KEYS, PROC_ROLE_WORKER, PROC_MSG_SIGNED, 512, false, true },
	{ "caps up", PROC_ROLE_WORKER, PROC_ROLE_PARENT, PROC_MSG_CAPS, 99, false, true },
	{ "caps down", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_CAPS, 99, false, true },
	{ "ready of keys", PROC_ROLE_KEYS, PROC_ROLE_PARENT, PROC_MSG_READY, 0, false, true },
	{ "ready to worker", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_READY, 0, false, false },
	{ "config to resolver", PROC_ROLE_PARENT, PROC_ROLE_RESOLVER, PROC_MSG_CONFIG, 100, false,
	  true },
	{ "ready of resolver", PROC_ROLE_RESOLVER, PROC_ROLE_PARENT, PROC_MSG_READY, 0, false,
	  true },
	{ "key to resolver", PROC_ROLE_PARENT, PROC_ROLE_RESOLVER, PROC_MSG_KEY, 4, true, false },
	{ "resolver signs", PROC_ROLE_RESOLVER, PROC_ROLE_KEYS, PROC_MSG_SIGN, 76, false, false },
	{ "resolve", PROC_ROLE_WORKER, PROC_ROLE_RESOLVER, PROC_MSG_RESOLVE, 262, false, true },
	{ "resolve too long", PROC_ROLE_WORKER, PROC_ROLE_RESOLVER, PROC_MSG_RESOLVE, 263, false,
	  false },
	{ "keys resolves", PROC_ROLE_KEYS, PROC_ROLE_WORKER, PROC_MSG_RESOLVED, 99, false, false },
	{ "resolved", PROC_ROLE_RESOLVER, PROC_ROLE_WORKER, PROC_MSG_RESOLVED, 99, false, true },
	{ "config to ledger", PROC_ROLE_PARENT, PROC_ROLE_LEDGER, PROC_MSG_CONFIG, 100, false,
	  true },
	{ "ledger channel", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_LEDGER_CHANNEL, 0, true,
	  true },
	{ "records", PROC_ROLE_WORKER, PROC_ROLE_LEDGER, PROC_MSG_RECORDS, 128 * 1024, false,
	  true },
	{ "records too long", PROC_ROLE_WORKER, PROC_ROLE_LEDGER, PROC_MSG_RECORDS, 128 * 1024 + 1,
	  false, false },
	{ "records kept", PROC_ROLE_LEDGER, PROC_ROLE_WORKER, PROC_MSG_RECORDS_KEPT, 8, false,
	  true },
	{ "records of a watch", PROC_ROLE_WATCH, PROC_ROLE_LEDGER, PROC_MSG_RECORDS, 128 * 1024,
	  false, true },
	{ "a watch guesses", PROC_ROLE_WATCH, PROC_ROLE_LEDGER, PROC_MSG_GUESS, 20, false, false },
	{ "a watch asks keys", PROC_ROLE_WATCH, PROC_ROLE_KEYS, PROC_MSG_SIGN, 76, false, false },
	{ "watch failed", PROC_ROLE_WATCH, PROC_ROLE_PARENT, PROC_MSG_WATCH_FAILED, 80, false,
	  true },
	{ "targets", PROC_ROLE_PARENT, PROC_ROLE_WITNESS, PROC_MSG_WITNESS_TARGETS, 40, false,
	  true },
	{ "a witness saw", PROC_ROLE_WITNESS, PROC_ROLE_PARENT, PROC_MSG_WITNESS_SAW, 120, false,
	  true },
	{ "a worker saw", PROC_ROLE_WORKER, PROC_ROLE_PARENT, PROC_MSG_WITNESS_SAW, 120, false,
	  false },
	{ "a witness alarms", PROC_ROLE_WITNESS, PROC_ROLE_LEDGER, PROC_MSG_ALARM, 40, false,
	  false },
	{ "a witness asks keys", PROC_ROLE_WITNESS, PROC_ROLE_KEYS, PROC_MSG_SIGN, 76, false,
	  false },
	{ "alarm", PROC_ROLE_PARENT, PROC_ROLE_LEDGER, PROC_MSG_ALARM, 40, false, true },
	{ "hook of the parent", PROC_ROLE_PARENT, PROC_ROLE_RUNNER, PROC_MSG_HOOK_RUN, 100, false,
	  true },
	{ "records to the parent", PROC_ROLE_WORKER, PROC_ROLE_PARENT, PROC_MSG_RECORDS, 20, false,
	  false },
	{ "worker forgets a user", PROC_ROLE_WORKER, PROC_ROLE_LEDGER, PROC_MSG_FORGET, 5, false,
	  false },
	{ "ledger status", PROC_ROLE_LEDGER, PROC_ROLE_PARENT, PROC_MSG_LEDGER_STATUS, 40, false,
	  true },
	{ "key to ledger", PROC_ROLE_PARENT, PROC_ROLE_LEDGER, PROC_MSG_KEY, 4, true, false },
	{ "service", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_SERVICE, 5, true, true },
	{ "service without fd", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_SERVICE, 5, false,
	  false },
	{ "dashboard", PROC_ROLE_PARENT, PROC_ROLE_LEDGER, PROC_MSG_SERVICE, 5, true, true },
	{ "passwords", PROC_ROLE_PARENT, PROC_ROLE_LEDGER, PROC_MSG_PASSWORDS, 100, false, true },
	{ "passwords to a worker", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_PASSWORDS, 100,
	  false, false },
	{ "state", PROC_ROLE_PARENT, PROC_ROLE_LEDGER, PROC_MSG_STATE, 100, false, true },
	{ "a worker's state", PROC_ROLE_WORKER, PROC_ROLE_LEDGER, PROC_MSG_STATE, 100, false,
	  false },
	{ "not a message", PROC_ROLE_PARENT, PROC_ROLE_WORKER, PROC_MSG_COUNT, 0, false, false },
	{ "far from one", PROC_ROLE_PARENT, PROC_ROLE_WORKER, 0xffff, 0, false, false },
	{ "no such role", PROC_ROLE_COUNT, PROC_ROLE_WORKER, PROC_MSG_START, 0, false, false },
};

static void test_msg_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (proc_msg_allowed(rules[i].from, rules[i].to, rules[i].type, rules[i].len,
		                     rules[i].has_fd) != rules[i].is_allowed)
			fail_msg("%s", rules[i].name);
}

static void test_msg_rows(void **state)
{
	(void)state;
	for (unsigned type = 0; type < PROC_MSG_COUNT; type++) {
		unsigned ways = 0;
		bool has_fd = proc_msg_has_fd(type);
		for (int from = 0; from < PROC_ROLE_COUNT; from++)
			for (int to = 0; to < PROC_ROLE_COUNT; to++) {
				enum proc_role f = (enum proc_role)from;
				enum proc_role t = (enum proc_role)to;
				ways += proc_msg_allowed(f, t, type, 0, has_fd);
				assert_false(
					proc_msg_allowed(f, t, type, PROC_PAYLOAD_MAX + 1, has_fd));
				/* Those that read what strangers send never send one. */
				bool is_exposed = f == PROC_ROLE_WORKER || f == PROC_ROLE_WATCH ||
				                  f == PROC_ROLE_WITNESS;
				assert_false(is_exposed && has_fd &&
				             proc_msg_allowed(f, t, type, 0, true));
			}
		assert_in_range(ways, 1, 8); /* READY comes from all eight */
		assert_string_not_equal(proc_msg_name(type), "unknown");
	}
	assert_string_equal(proc_msg_name(PROC_MSG_COUNT), "unknown");
	assert_string_equal(proc_role_name(PROC_ROLE_KEYS), "keys");
	assert_string_equal(proc_role_name(PROC_ROLE_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pack_round_trip), cmocka_unit_test(test_pack_no_room),
		cmocka_unit_test(test_unpack_cut),      cmocka_unit_test(test_unpack_str_refused),
		cmocka_unit_test(test_msg_allowed),     cmocka_unit_test(test_msg_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
