/* Base64 as SASL responses have it (RFC 4648 4): padded, no white space, one spelling only. */
#ifndef SASL_BASE64_H
#define SASL_BASE64_H

#include "base/slice.h"

enum {
	SASL_BASE64_BAD = 1,
	SASL_BASE64_MAX = 12288,                        /* a response: RFC 4954 4 */
	SASL_BASE64_DATA_MAX = SASL_BASE64_MAX / 4 * 3, /* decoded */
};

/* Decodes at most SASL_BASE64_MAX bytes into cap bytes. Returns 0 or SASL_BASE64_BAD. */
[[nodiscard]] int sasl_base64_decode(struct slice text, uint8_t *ret_data, size_t cap,
                                     size_t *ret_len);

/* Returns how many bytes it wrote: four for each three, or fewer, of data. ret_text: room for them.
 */
size_t sasl_base64_encode(struct slice data, char *ret_text);

#endif
