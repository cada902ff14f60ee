#include "base/clean.h"
#include "witness/tlsa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An answer of the root zone to a question for itself: records of one type. */
static void packet_begin(struct buf *b, uint8_t type, uint8_t count)
{
	const uint8_t head[] = { 0, 1, 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0, 0, 0, type, 0, 1 };
	buf_clear(b);
	assert_int_equal(buf_add(b, slice_of(head, sizeof(head))), 0);
}

static void record_add(struct buf *b, uint8_t type, const void *data, uint8_t len)
{
	const uint8_t head[] = { 0, 0, type, 0, 1, 0, 0, 0, 60, 0, len };
	assert_int_equal(buf_add(b, slice_of(head, sizeof(head))), 0);
	assert_int_equal(buf_add(b, slice_of(data, len)), 0);
}

/* Usage, selector, matching type, and a digest of this byte. */
static void tlsa_add(struct buf *b, uint8_t usage, uint8_t matching, uint8_t fill)
{
	uint8_t data[3 + 64] = { usage, 1, matching };
	uint8_t len = matching == 1 ? 32 : 64;
	memset(data + 3, fill, len);
	record_add(b, DNS_TLSA, data, (uint8_t)(3 + len));
}

static void test_tlsa_has_key(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	uint8_t key[32], other[32];
	char owner[DNS_NAME_CAP] = "x";
	uint32_t ttl_s = 0;
	memset(key, 7, sizeof(key));
	memset(other, 8, sizeof(other));
	packet_begin(&b, DNS_TLSA, 2);
	tlsa_add(&b, 3, 2, 7); /* by SHA-512: not that record */
	tlsa_add(&b, 2, 1, 8);
	assert_false(witness_tlsa_has_key(buf_slice(&b), key, &ttl_s, owner));
	assert_int_equal(ttl_s, 60);
	assert_string_equal(owner, "");
	packet_begin(&b, DNS_TLSA, 2);
	tlsa_add(&b, 3, 1, 9);
	tlsa_add(&b, 3, 1, 7);
	assert_true(witness_tlsa_has_key(buf_slice(&b), key, &ttl_s, owner));
	assert_false(witness_tlsa_has_key(buf_slice(&b), other, &ttl_s, owner));
	assert_false(witness_tlsa_has_key((struct slice){}, key, &ttl_s, owner));
}

static const struct {
	const char *name;
	enum policy_dns status;
	uint8_t usages[3], matching; /* 0xff: no more */
	enum proc_witness_tlsa state;
	size_t count;
} cases[] = {
	{ "one that counts", POLICY_DNS_SECURE, { 3, 0xff }, 1, PROC_WITNESS_TLSA_MISSES, 1 },
	{ "two", POLICY_DNS_SECURE, { 3, 2, 0xff }, 1, PROC_WITNESS_TLSA_MISSES, 2 },
	{ "nobody vouches for it", POLICY_DNS_INSECURE, { 3, 0xff }, 1, PROC_WITNESS_TLSA_NONE, 0 },
	{ "bogus", POLICY_DNS_BOGUS, { 3, 0xff }, 1, PROC_WITNESS_TLSA_UNKNOWN, 0 },
	{ "no answer", POLICY_DNS_FAILED, { 0xff }, 1, PROC_WITNESS_TLSA_UNKNOWN, 0 },
	{ "none", POLICY_DNS_SECURE, { 0xff }, 1, PROC_WITNESS_TLSA_NONE, 0 },
	{ "of usages that do not count",
	  POLICY_DNS_SECURE,
	  { 0, 1, 0xff },
	  1,
	  PROC_WITNESS_TLSA_NONE,
	  0 },
	{ "beside one that does",
	  POLICY_DNS_SECURE,
	  { 1, 3, 0xff },
	  1,
	  PROC_WITNESS_TLSA_MISSES,
	  1 },
};

static void test_tlsa(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct witness_tlsa tlsa;
		struct tls_record records[POLICY_TLSA_MAX];
		uint8_t count = 0;
		while (cases[i].usages[count] != 0xff)
			count++;
		packet_begin(&b, DNS_TLSA, count);
		for (uint8_t n = 0; n < count; n++)
			tlsa_add(&b, cases[i].usages[n], cases[i].matching, n);
		witness_tlsa_read(&tlsa, &(struct lookup_answer){ .status = cases[i].status,
		                                                  .packet = buf_slice(&b) });
		print_message("%s\n", cases[i].name);
		assert_int_equal(tlsa.state, cases[i].state);
		assert_int_equal(witness_tlsa_records(&tlsa, records), cases[i].count);
	}
}

/* The strongest digest of each usage and selector alone (RFC 7671 9). */
static void test_tlsa_agility(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	struct witness_tlsa tlsa;
	struct tls_record records[POLICY_TLSA_MAX];
	packet_begin(&b, DNS_TLSA, 2);
	tlsa_add(&b, 3, 1, 7);
	tlsa_add(&b, 3, 2, 8);
	witness_tlsa_read(&tlsa, &(struct lookup_answer){ .status = POLICY_DNS_SECURE,
	                                                  .packet = buf_slice(&b) });
	assert_int_equal(witness_tlsa_records(&tlsa, records), 1);
	assert_int_equal(records[0].matching, 2);
	assert_int_equal(records[0].data.data[0], 8);
}

static void test_addresses(void **state)
{
	CLEAN(buf_deinit) struct buf b = {};
	char list[3][DNS_ADDRESS_CAP] = { "192.0.2.1" };
	const struct lookup_answer lost = { .status = POLICY_DNS_FAILED };
	packet_begin(&b, DNS_A, 3);
	for (uint8_t i = 2; i < 5; i++)
		record_add(&b, DNS_A, (uint8_t[]){ 192, 0, 2, i }, 4);
	const struct lookup_answer answer = { .status = POLICY_DNS_INSECURE,
		                              .packet = buf_slice(&b) };
	assert_int_equal(witness_addresses_read(&lost, list, 1, 3), 1);
	assert_int_equal(witness_addresses_read(&answer, list, 1, 3), 3);
	assert_string_equal(list[0], "192.0.2.1");
	assert_string_equal(list[2], "192.0.2.3");
}

static void test_name(void **state)
{
	char name[DNS_NAME_CAP];
	witness_tlsa_name("imap.example.org", 993, name, sizeof(name));
	assert_string_equal(name, "_993._tcp.imap.example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlsa_has_key), cmocka_unit_test(test_tlsa),
		cmocka_unit_test(test_tlsa_agility), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
