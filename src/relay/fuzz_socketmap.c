/* Whatever a client of the policy service sends, whole and byte by byte: the same questions. */
#include "dns/message.h"
#include "lookup/socketmap.h"
#include "relay/postfix.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_by_byte(struct slice input, size_t *ret_used)
{
	struct socketmap_question q;
	int r = SOCKETMAP_MORE;
	for (size_t len = 0; len <= input.len && r == SOCKETMAP_MORE; len++)
		r = socketmap_take(slice_head(input, len), &q, ret_used);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	struct socketmap_question q;
	char domain[POLICY_WAY_NAME_CAP];
	size_t used = 0, again = 0;
	int r;
	while ((r = socketmap_take(input, &q, &used)) == 0) {
		assert(used && used <= input.len && q.name.len + q.key.len < used);
		assert(take_by_byte(input, &again) == 0 && again == used);
		if (postfix_key_domain(q.key, domain))
			assert(dns_name_is_host(domain));
		if (postfix_key_recipient(q.key, domain))
			assert(dns_name_is_host(domain));
		input = slice_skip(input, used);
	}
	assert(take_by_byte(input, &again) == r);
	return 0;
}
