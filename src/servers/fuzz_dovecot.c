/* Any bytes as dovecot.conf. */
#include "base/clean.h"
#include "servers/reader.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(servers_deinit) struct servers s = { .root = "/no/such/folder" };
	assert(!servers_file_put(&s, "/etc/dovecot/dovecot.conf", slice_of(data, size)));
	assert(!servers_dovecot_find(&s));
	assert(s.server_count == 1);
	return 0;
}
