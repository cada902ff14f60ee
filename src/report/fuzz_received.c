/* A message, a gzip or JSON of any bytes, as a mail pipe gets them. */
#include "report/received.h"

#include "base/clean.h"
#include "report/authres.h"
#include "report/mime.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct report_received *r)
{
	struct report_received_policy p;
	struct report_received_failure f;
	const struct report_received_head *h = report_received_head(r);
	assert(h->organization[0] && h->id[0] && h->begin_s > 0);
	for (size_t i = 0; report_received_policy(r, i, &p); i++)
		for (size_t n = 0; report_received_failure(r, i, n, &f); n++)
			for (const char *c = f.reason; *c; c++)
				assert(*c >= ' ' && *c <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(buf_deinit) struct buf json = {};
	CLEAN(report_received_freep) struct report_received *r = NULL;
	char domain[256];
	const char *why = NULL;
	struct slice input = slice_of(data, size);
	if (report_received_is_message(input) && report_mime_from(input, domain))
		(void)report_authres_is_signed(input, "mx.example.org", domain);
	if (report_received_open(input, &json, &why) ||
	    report_received_read(&r, buf_slice(&json), &why))
		assert(why);
	else
		walk(r);
	return 0;
}
