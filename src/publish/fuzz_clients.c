/* A request of a stranger for autodiscover: an address that can be shown, or none. */
#include "publish/clients.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char address[PUBLISH_ADDRESS_CAP];
	if (publish_autodiscover_read(slice_of(data, size), address))
		return 0;
	assert(strnlen(address, sizeof(address)) < sizeof(address) && strchr(address, '@'));
	for (const char *c = address; *c; c++)
		assert(*c > ' ' && *c <= '~');
	return 0;
}
