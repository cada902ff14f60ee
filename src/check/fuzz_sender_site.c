/* What comes to the web server of the policies. */
#include "check/sender_site.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_sender_site site = { .zone = "test.example",
		                          .set = (1U << CHECK_SENDER_CASE_COUNT) - 1 };
	const struct check_sender_case *c = NULL;
	struct buf out = {};
	int r = check_sender_web_answer(&out, &site, slice_of(data, size), &c);
	assert(r >= 0 && (!r || !c) && (!!r == !buf_len(&out)));
	buf_deinit(&out);
	return 0;
}
