/* The head of an answer, of any bytes. */
#include "check/header.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct check_url page = { true, true, "/a/b" };
	struct check_head h;
	struct check_url u;
	check_head_scan(slice_of(data, size), &h);
	assert(h.hsts_s >= -1 && h.unsafe_cookies <= h.session_cookies);
	assert(strnlen(h.server, sizeof(h.server)) < sizeof(h.server));
	assert(strnlen(h.location, sizeof(h.location)) < sizeof(h.location));
	if (check_url_take(h.location, &page, "web.example", &u))
		assert(u.path[0] == '/' && !strpbrk(u.path, " \r\n#"));
	return 0;
}
