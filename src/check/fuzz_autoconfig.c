/* A document of any bytes. */
#include "check/autoconfig.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_document d;
	check_document_scan(slice_of(data, size), "example.org", &d);
	assert(d.count <= CHECK_SERVERS_MAX && d.names_clear == (d.clear[0] != '\0'));
	for (unsigned i = 0; i < d.count; i++)
		assert(dns_name_is_host(d.servers[i].host) && d.servers[i].port);
	for (const char *c = d.clear; *c; c++)
		assert(*c >= ' ' && *c <= '~');
	return 0;
}
