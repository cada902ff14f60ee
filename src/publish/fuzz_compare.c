/* Whatever DNS answers, a record is there, missing or unknown, and what is shown of it is text. */
#include "publish/records.h"

#include <string.h>

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_text(const char *text)
{
	size_t len = strnlen(text, PUBLISH_DATA_CAP);
	assert(len < PUBLISH_DATA_CAP);
	for (size_t i = 0; i < len; i++)
		assert(text[i] >= ' ' && text[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct publish_record wanted[] = {
		{ .type = DNS_A },
		{ .type = DNS_MX, .data = "10 mx.example.org." },
		{ .type = DNS_TXT, .data = "\"v=STSv1; id=1;\"" },
		{ .type = DNS_SRV, .data = "0 1 993 mx.example.org." },
		{ .type = DNS_TLSA, .data = "3 1 1 00" },
		{ .type = DNS_CAA, .data = "0 issue \"letsencrypt.org\"" },
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		struct publish_record r = wanted[i];
		publish_record_compare(&r, POLICY_DNS_SECURE, slice_of(data, size), NULL);
		assert(r.state != PUBLISH_UNSIGNED);
		assert((r.state == PUBLISH_UNKNOWN) == (r.lost[0] != '\0'));
		is_text(r.instead);
	}
	return 0;
}
