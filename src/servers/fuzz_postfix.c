/* Any bytes as main.cf and, behind the first NUL, master.cf. */
#include "base/clean.h"
#include "servers/reader.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(servers_deinit) struct servers s = { .root = "/no/such/folder" };
	struct slice main_cf =
		slice_head(slice_of(data, size), slice_find(slice_of(data, size), 0));
	struct slice master_cf = slice_skip(slice_of(data, size), main_cf.len + 1);
	assert(!servers_file_put(&s, "/etc/postfix/main.cf", main_cf));
	assert(!servers_file_put(&s, "/etc/postfix/master.cf", master_cf));
	assert(!servers_postfix_find(&s));
	assert(s.server_count >= 1);
	return 0;
}
