/* What is said of a whole text is said of its parts, and a waiver never comes of a longer header.
 */
#include "smtp/waiver.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_waiver whole = {}, parts = {};
	enum smtp_waiver_says says = SMTP_WAIVER_MORE;
	for (size_t len = 0; says == SMTP_WAIVER_MORE && len < size; len += 1 + data[len] % 16)
		says = smtp_waiver_read(&parts, slice_of(data, len));
	if (says == SMTP_WAIVER_MORE)
		says = smtp_waiver_read(&parts, slice_of(data, size));
	if (smtp_waiver_read(&whole, slice_of(data, size)) != says)
		abort();
	return 0;
}
