/* Names as a stranger writes them: what comes out is a name of a host, and stays itself. */
#include "dns/idn.h"
#include "dns/message.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[DNS_IDN_CAP], again[DNS_IDN_CAP];
	if (!dns_idn_take(slice_of(data, size), name))
		return 0;
	assert(dns_name_is_host(name));
	assert(dns_idn_take(slice_str(name), again) && !strcmp(name, again));
	return 0;
}
