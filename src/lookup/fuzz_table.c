/* A table of users, up to the first byte 0; behind it names that are looked for. */
#include "base/clean.h"
#include "lookup/table.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(buf_deinit) struct buf block = {};
	struct slice rest = slice_of(data, size);
	struct slice text = slice_head(rest, slice_find(rest, 0));
	struct lookup_table_facts facts;
	struct slice backend;
	rest = slice_skip(rest, text.len + 1);
	if (lookup_table_build(text, &block, &facts)) {
		assert(facts.bad_line);
		return 0;
	}
	while (rest.len) {
		struct slice user = slice_head(rest, slice_find(rest, 0));
		rest = slice_skip(rest, user.len + 1);
		if (lookup_table_find(buf_slice(&block), user, &backend))
			assert(facts.users && backend.len && backend.len < text.len);
	}
	return 0;
}
