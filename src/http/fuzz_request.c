/* Any bytes: what is taken for a request has nothing in it that could end a line of an answer. */
#include "http/request.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_plain(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert(data[i] > ' ' && data[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request r;
	size_t used = 0;
	if (http_request_parse(slice_of(data, size), 4096, &r, &used))
		return 0;
	assert(used && used <= size && used <= HTTP_REQUEST_MAX && r.host[0]);
	assert_plain((const uint8_t *)r.host, strlen(r.host));
	assert_plain(r.target.data, r.target.len);
	struct slice token = http_challenge_token(r.target);
	assert_plain(token.data, token.len);
	return 0;
}
