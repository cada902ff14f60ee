#include "sasl/exchange.h"

int sasl_exchange_start(struct sasl_exchange *x, struct slice mechanism)
{
	if (!sasl_mechanism_is_valid(mechanism))
		return SASL_BAD;
	*x = (struct sasl_exchange){};
	for (size_t i = 0; i < mechanism.len; i++) {
		uint8_t c = mechanism.data[i];
		x->mechanism[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
	}
	return 0;
}

int sasl_exchange_take(struct sasl_exchange *x, struct slice base64)
{
	char user[SASL_USER_MAX] = "";
	bool has_password = false;
	struct slice mechanism = slice_str(x->mechanism);
	int r = sasl_user_decode(mechanism, base64, user, sizeof(user), &has_password);
	bool is_first = x->responses == 0;
	bool is_empty = base64.len == 0 || slice_equal(base64, slice_str("="));
	if (!r && !is_empty) {
		x->responses++;
		if (is_first)
			memcpy(x->user, user, sizeof(user));
		if (is_first ? has_password : slice_equal(mechanism, slice_str("LOGIN")))
			x->has_password = true;
	}
	/* Read as a name, LOGIN's second response is the password. */
	explicit_bzero(user, sizeof(user));
	return r ? SASL_BAD : 0;
}
