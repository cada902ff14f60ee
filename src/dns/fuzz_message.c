/* An answer of any bytes: every record of it is read as every type. */
#include "dns/query.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void name_check(const char *name)
{
	size_t len = strnlen(name, DNS_NAME_CAP);
	assert(len < DNS_NAME_CAP);
	assert(!dns_name_is_host(name) || (len <= 253 && !strchr(name, '\\')));
}

/* Whatever is taken for the answer is one that can be read. */
static void query_check(struct slice packet)
{
	uint8_t query[DNS_QUERY_MAX];
	size_t len;
	struct dns_message m;
	assert(!dns_query_write(query, &len, 0, "example.org", DNS_MX));
	if (!dns_query_match(slice_of(query, len), packet))
		assert(!dns_message_open(&m, packet));
}

static void record_check(const struct dns_message *m, const struct dns_record *r, struct slice all)
{
	struct dns_mx mx;
	struct dns_tlsa tlsa;
	struct dns_srv srv;
	struct dns_caa caa;
	char name[DNS_NAME_CAP];
	uint8_t text[DNS_TXT_CAP];
	size_t len;
	uint16_t iterations;
	name_check(r->name);
	assert(r->data.data >= all.data && r->data.data + r->data.len <= all.data + all.len);
	if (!dns_mx_read(m, r, &mx))
		name_check(mx.host);
	if (!dns_cname_read(m, r, name))
		name_check(name);
	if (!dns_address_read(r, name))
		assert(strnlen(name, DNS_ADDRESS_CAP) < DNS_ADDRESS_CAP);
	if (!dns_tlsa_read(r, &tlsa))
		assert(tlsa.data.len == r->data.len - 3);
	if (!dns_txt_read(r, text, &len))
		assert(len <= DNS_TXT_CAP && len < r->data.len);
	if (!dns_srv_read(m, r, &srv))
		name_check(srv.target);
	if (!dns_caa_read(r, &caa))
		assert(caa.tag.len && caa.tag.len + caa.value.len + 2 == r->data.len);
	if (!dns_nsec3_read(r, &iterations))
		assert(r->data.len >= 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_message m;
	struct dns_record r;
	int result;
	query_check(slice_of(data, size));
	if (dns_message_open(&m, slice_of(data, size)))
		return 0;
	while (!(result = dns_message_next(&m, &r)))
		record_check(&m, &r, slice_of(data, size));
	assert(result == DNS_END || result == DNS_BAD);
	if (result == DNS_BAD)
		return 0;
	while (!(result = dns_message_next_authority(&m, &r)))
		record_check(&m, &r, slice_of(data, size));
	assert(result == DNS_END || result == DNS_BAD);
	return 0;
}
