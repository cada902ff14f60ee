#include "sasl/base64.h"

/* The six bits of a digit, or -1. */
static int digit_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* How many '=' end the text: 0, 1 or 2. */
static size_t padding(struct slice text)
{
	size_t n = 0;
	while (n < 2 && n < text.len && text.data[text.len - 1 - n] == '=')
		n++;
	return n;
}

int sasl_base64_decode(struct slice text, uint8_t *ret_data, size_t cap, size_t *ret_len)
{
	if (text.len % 4 || text.len > SASL_BASE64_MAX || text.len / 4 * 3 > cap)
		return SASL_BASE64_BAD;
	size_t digits = text.len - padding(text);
	uint32_t bits = 0;
	unsigned bit_count = 0;
	size_t len = 0;
	for (size_t i = 0; i < digits; i++) {
		int value = digit_value(text.data[i]);
		if (value < 0)
			return SASL_BASE64_BAD;
		bits = bits << 6 | (uint32_t)value;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			ret_data[len++] = (uint8_t)(bits >> bit_count);
			bits &= (1U << bit_count) - 1;
		}
	}
	/* Bits that no byte took must be zero: else one response has many spellings. */
	if (bits)
		return SASL_BASE64_BAD;
	*ret_len = len;
	return 0;
}

size_t sasl_base64_encode(struct slice data, char *ret_text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = 0;
	while (data.len) {
		struct slice three = slice_head(data, 3);
		uint32_t bits = 0;
		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (i < three.len ? three.data[i] : 0);
		for (size_t i = 0; i < 4; i++)
			ret_text[len++] = i > three.len ? '=' : digits[bits >> (18 - 6 * i) & 63];
		data = slice_skip(data, three.len);
	}
	return len;
}
