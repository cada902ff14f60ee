#include "base/clean.h"
#include "proc/alarm.h"
#include "proc/witness.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_target_round_trip(void **state)
{
	const struct proc_witness_target here = { .id = 7,
		                                  .port = 993,
		                                  .protocol = "imaps",
		                                  .is_own = true,
		                                  .says_lhlo = true,
		                                  .host = "2001:db8::7",
		                                  .name = "imap.example.org" };
	struct proc_witness_target there;
	uint8_t room[PROC_WITNESS_PACKED_MAX];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_witness_target_pack(&p, &here);
	struct slice whole = proc_packed(&p);
	struct proc_unpacker u = proc_unpacker_over(whole);
	assert_true(proc_witness_target_unpack(&u, &there));
	assert_true(proc_unpack_ends(&u));
	assert_int_equal(there.id, 7);
	assert_int_equal(there.port, 993);
	assert_string_equal(there.protocol, "imaps");
	assert_true(there.is_own && there.says_lhlo && !there.has_header);
	assert_string_equal(there.host, here.host);
	assert_string_equal(there.name, here.name);
	for (size_t len = 0; len < whole.len; len++) {
		u = proc_unpacker_over(slice_head(whole, len));
		assert_false(proc_witness_target_unpack(&u, &there));
	}
}

/* The longest fits the room that the table of messages has for it. */
static void test_target_longest(void **state)
{
	struct proc_witness_target t = { .id = UINT32_MAX };
	uint8_t room[PROC_WITNESS_PACKED_MAX];
	memset(t.host, 'h', sizeof(t.host) - 1);
	memset(t.name, 'n', sizeof(t.name) - 1);
	memset(t.protocol, 'p', sizeof(t.protocol) - 1);
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_witness_target_pack(&p, &t);
	assert_false(p.has_failed);
}

static struct slice sight_pack(const struct proc_witness_sight *sight, uint8_t *room, size_t cap)
{
	struct proc_packer p = proc_packer_over(room, cap);
	proc_witness_sight_pack(&p, sight);
	return proc_packed(&p);
}

static void test_sight_round_trip(void **state)
{
	const struct proc_witness_sight here = { .id = 9,
		                                 .is_last = true,
		                                 .tlsa = PROC_WITNESS_TLSA_MISSES,
		                                 .is_self_signed = true,
		                                 .not_before_s = 5,
		                                 .not_after_s = -6,
		                                 .sha256 = { 1, 2 },
		                                 .spki = { 3, 4 },
		                                 .address = "192.0.2.1",
		                                 .why = "no matching DANE TLSA records" };
	struct proc_witness_sight there;
	uint8_t room[1024];
	struct slice whole = sight_pack(&here, room, sizeof(room));
	assert_true(proc_witness_sight_unpack(whole, &there));
	assert_int_equal(there.id, 9);
	assert_int_equal(there.tlsa, PROC_WITNESS_TLSA_MISSES);
	assert_true(there.is_last && there.is_self_signed);
	assert_false(there.has_name || there.is_incomplete);
	assert_int_equal(there.not_before_s, 5);
	assert_int_equal(there.not_after_s, -6);
	assert_memory_equal(there.sha256, here.sha256, 32);
	assert_memory_equal(there.spki, here.spki, 32);
	assert_string_equal(there.address, here.address);
	assert_string_equal(there.why, here.why);
	for (size_t len = 0; len < whole.len; len++)
		assert_false(proc_witness_sight_unpack(slice_head(whole, len), &there));
	room[4] = PROC_WITNESS_END_COUNT;
	assert_false(proc_witness_sight_unpack(whole, &there));
	room[4] = PROC_WITNESS_SEEN;
	room[5] = PROC_WITNESS_TLSA_COUNT;
	assert_false(proc_witness_sight_unpack(whole, &there));
}

static void test_alarm_round_trip(void **state)
{
	struct proc_alarm here = { .kind = PROC_ALARM_STALE, .is_cleared = true, .since_s = 77 };
	struct proc_alarm there;
	uint8_t room[PROC_ALARM_PACKED_MAX];
	memset(here.subject, 's', sizeof(here.subject) - 1);
	memset(here.text, 't', sizeof(here.text) - 1);
	memset(here.mend, 'm', sizeof(here.mend) - 1);
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_alarm_pack(&p, &here);
	struct slice whole = proc_packed(&p);
	assert_true(proc_alarm_unpack(whole, &there));
	assert_int_equal(there.kind, PROC_ALARM_STALE);
	assert_true(there.is_cleared);
	assert_int_equal(there.since_s, 77);
	assert_string_equal(there.subject, here.subject);
	assert_string_equal(there.mend, here.mend);
	for (size_t len = 0; len < whole.len; len++)
		assert_false(proc_alarm_unpack(slice_head(whole, len), &there));
	room[0] = PROC_ALARM_KIND_COUNT;
	assert_false(proc_alarm_unpack(whole, &there));
}

static void test_alarm_names(void **state)
{
	for (int i = 0; i < PROC_ALARM_KIND_COUNT; i++) {
		enum proc_alarm_kind kind = (enum proc_alarm_kind)i, found;
		assert_true(proc_alarm_find(proc_alarm_name(kind), &found));
		assert_int_equal(found, kind);
		assert_true(proc_alarm_mend(kind)[0]);
	}
	enum proc_alarm_kind found;
	assert_false(proc_alarm_find("fine", &found));
}

static void test_alarm_facts(void **state)
{
	CLEAN(buf_deinit) struct buf json = {};
	const struct proc_alarm alarm = { .kind = PROC_ALARM_EXPIRED,
		                          .since_s = 1800000000,
		                          .subject = "imap *:993 \"x\"",
		                          .text = "it expired",
		                          .mend = "renew it" };
	assert_int_equal(proc_alarm_facts(&json, &alarm), 0);
	struct slice text = buf_slice(&json);
	json_t *read = json_loadb((const char *)text.data, text.len, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(read, "alarm")), "expired");
	assert_string_equal(json_string_value(json_object_get(read, "subject")), alarm.subject);
	assert_int_equal(json_integer_value(json_object_get(read, "since")), 1800000000);
	assert_string_equal(json_string_value(json_object_get(read, "text")), "it expired");
	json_decref(read);
	assert_int_equal(slice_find(text, '\n'), text.len - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target_round_trip), cmocka_unit_test(test_target_longest),
		cmocka_unit_test(test_sight_round_trip),  cmocka_unit_test(test_alarm_round_trip),
		cmocka_unit_test(test_alarm_names),       cmocka_unit_test(test_alarm_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
