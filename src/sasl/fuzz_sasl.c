/* Mechanism up to the first byte 0, then responses with 0 between. */
#include "sasl/exchange.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct slice mechanism = slice_head(rest, slice_find(rest, 0));
	struct sasl_exchange x = {};
	rest = slice_skip(rest, mechanism.len + 1);
	if (sasl_exchange_start(&x, mechanism))
		return 0;
	assert(sasl_mechanism_is_valid(slice_str(x.mechanism)));
	while (rest.len) {
		struct slice response = slice_head(rest, slice_find(rest, 0));
		rest = slice_skip(rest, response.len + 1);
		if (sasl_exchange_take(&x, response))
			continue;
		assert(strnlen(x.user, sizeof(x.user)) < sizeof(x.user));
		for (const char *at = x.user; *at; at++)
			assert(*at >= 0x20 && *at < 0x7f);
	}
	return 0;
}
