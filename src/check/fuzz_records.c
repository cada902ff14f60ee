/* An answer of any bytes, read as each kind of record that makes facts. */
#include "check/records.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_check(const struct check_txt *t)
{
	assert(strnlen(t->text, sizeof(t->text)) < sizeof(t->text));
	assert(t->bad <= t->count);
	for (const char *c = t->text; *c; c++)
		assert(*c >= ' ' && *c <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice packet = slice_of(data, size);
	struct policy_tlsrpt_record record;
	struct check_srv srv[3] = { { .label = "_imaps" } };
	struct check_txt t;
	unsigned count;
	check_records_sts(&t, POLICY_DNS_SECURE, packet);
	text_check(&t);
	check_records_tlsrpt(&t, &record, POLICY_DNS_SECURE, packet);
	text_check(&t);
	check_records_caa(&t, POLICY_DNS_SECURE, packet);
	text_check(&t);
	check_records_srv(srv, 3, POLICY_DNS_SECURE, packet, &count);
	assert(count >= 1 && count <= 3);
	for (unsigned i = 0; i < count; i++)
		assert(!srv[i].target[0] || dns_name_is_host(srv[i].target));
	assert(check_records_nsec3(packet) <= UINT16_MAX);
	(void)check_records_null_mx_is_not_alone(packet);
	(void)check_records_ttl_s(packet, DNS_TLSA);
	return 0;
}
