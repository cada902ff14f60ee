/* A record and a policy file of any bytes. What is accepted keeps the RFC's limits. */
#include "dns/message.h"
#include "policy/sts.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_sts policy;
	const char *why = NULL;
	char id[POLICY_STS_ID_MAX + 1];
	struct slice text = slice_of(data, size);
	if (!policy_sts_record_parse(text, id))
		assert(strnlen(id, sizeof(id)) >= 1 && strnlen(id, sizeof(id)) < sizeof(id));
	int r = policy_sts_parse(text, &policy, &why);
	assert(!r == !why && policy.mx_count <= POLICY_STS_MX_MAX);
	if (r)
		return 0;
	assert(policy.max_age_s <= POLICY_STS_MAX_AGE_S);
	assert(policy.mx_count || policy.mode == POLICY_STS_NONE);
	for (size_t i = 0; i < policy.mx_count; i++) {
		const char *mx = policy.mx[i];
		bool is_wild = !strncmp(mx, "*.", 2);
		assert(dns_name_is_host(is_wild ? mx + 2 : mx));
		assert(policy_sts_has_mx(&policy, mx) || is_wild);
	}
	return 0;
}
