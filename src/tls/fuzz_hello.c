/* First byte: where the input is cut; a hello is judged the same however it arrives. */
#include "tls/hello.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_hello whole;
	struct tls_hello part;
	if (!size)
		return 0;
	struct slice all = slice_of(data + 1, size - 1);
	int r = tls_hello_parse(all, &whole);
	int cut = tls_hello_parse(slice_head(all, all.len * data[0] / 256), &part);
	assert(cut == r || cut == TLS_HELLO_MORE || r == TLS_HELLO_BAD);
	if (r)
		return 0;
	assert(whole.suite_count <= TLS_HELLO_SUITES_MAX);
	assert(whole.group_count <= TLS_HELLO_GROUPS_MAX);
	assert(whole.sigalg_count <= TLS_HELLO_SIGALGS_MAX);
	assert(whole.version_count <= TLS_HELLO_VERSIONS_MAX);
	assert(strnlen(whole.sni, sizeof(whole.sni)) < sizeof(whole.sni));
	assert(strnlen(whole.alpn, sizeof(whole.alpn)) < sizeof(whole.alpn));
	return 0;
}
