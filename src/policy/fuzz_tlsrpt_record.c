/* A record of any bytes. What is accepted can be said in a command and a header. */
#include "policy/tlsrpt_record.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_tlsrpt_record record;
	char mailbox[POLICY_TLSRPT_MAILBOX_CAP], domain[POLICY_TLSRPT_MAILBOX_CAP];
	int r = policy_tlsrpt_record_parse(slice_of(data, size), &record);
	assert(!r == (record.count > 0) && record.count <= POLICY_TLSRPT_URIS_MAX);
	for (size_t i = 0; i < record.count; i++) {
		const char *uri = record.uris[i];
		assert(strlen(uri) < POLICY_TLSRPT_URI_CAP && !strpbrk(uri, " \r\n<>\""));
		if (!policy_tlsrpt_mailbox(uri, mailbox))
			continue;
		assert(!strpbrk(mailbox, " \r\n<>\",;:"));
		policy_tlsrpt_mailbox_domain(mailbox, domain);
		assert(domain[0]);
	}
	return 0;
}
