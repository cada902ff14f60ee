#include "dns/hosts.h"

#include <arpa/inet.h>
#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char found[4][DNS_ADDRESS_CAP];
	uint8_t bytes[16];
	size_t count =
		dns_hosts_find(slice_of(data, size), "db1", found, sizeof(found) / sizeof(*found));
	assert(count <= 4);
	for (size_t i = 0; i < count; i++)
		assert(inet_pton(strchr(found[i], ':') ? AF_INET6 : AF_INET, found[i], bytes) == 1);
	return 0;
}
