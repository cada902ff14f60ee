/* A chain and the OCSP response beside it, as a server sends them: a length, the chain, the rest.
 */
#include "tls/staple.h"

#undef NDEBUG
#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct slice rest = slice_of(data + 2, size - 2);
	size_t len = (size_t)data[0] << 8 | data[1];
	len = len < rest.len ? len : rest.len;
	enum tls_staple result = tls_staple_read(slice_head(rest, len), slice_skip(rest, len));
	assert(result < TLS_STAPLE_COUNT);
	return 0;
}
