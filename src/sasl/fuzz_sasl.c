/* Mechanism up to the first byte 0, then responses with 0 between. */
#include "sasl/base64.h"
#include "sasl/credential.h"
#include "sasl/exchange.h"
#include "sasl/secret.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whose it is: a name, or nothing. And as LOGIN's password it is the end of a PLAIN message. */
static void take(struct slice mechanism, struct slice response)
{
	char name[SASL_NAME_CAP];
	struct buf plain = {};
	bool is_named = !sasl_name_decode(mechanism, response, name);
	assert(is_named == (name[0] != '\0') && strnlen(name, sizeof(name)) < sizeof(name));
	if (!sasl_plain_of_login(&plain, slice_str("am9l"), response)) {
		assert(buf_len(&plain) <= SASL_BASE64_MAX);
		assert(!sasl_name_decode(slice_str("PLAIN"), buf_slice(&plain), name));
		assert(!strcmp(name, "joe"));
	}
	sasl_secret_clear(&plain);
}

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
		take(slice_str(x.mechanism), response);
		if (sasl_exchange_take(&x, response))
			continue;
		assert(strnlen(x.user, sizeof(x.user)) < sizeof(x.user));
		for (const char *at = x.user; *at; at++)
			assert(*at >= 0x20 && *at < 0x7f);
	}
	return 0;
}
