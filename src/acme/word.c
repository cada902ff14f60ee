#include "acme/word.h"

#include "base/clean.h"

#include <string.h>

enum { THUMBPRINT_LEN = 43, TOKEN_MIN = 16 };

static const char *const methods[] = {
	[ACME_BEGIN] = "begin",
	[ACME_DONE] = "done",
	[ACME_FAILED] = "failed",
};
_Static_assert(COUNT_OF(methods) == ACME_METHOD_COUNT, "a method without a name");

static const char *const types[] = {
	[ACME_HTTP_01] = "http-01",
	[ACME_TLS_ALPN_01] = "tls-alpn-01",
};
_Static_assert(COUNT_OF(types) == ACME_TYPE_COUNT, "a type without a name");

/* Its number, or count. */
static size_t word_find(const char *const *words, size_t count, struct slice text)
{
	size_t i = 0;
	while (i < count && !slice_equal(text, slice_str(words[i])))
		i++;
	return i;
}

/* Of base64url (RFC 4648 5); -1: it is none. */
static int digit_of(uint8_t c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static bool is_base64url(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (digit_of(text.data[i]) < 0)
			return false;
	return text.len > 0;
}

/* 43 digits are 32 bytes and two bits that have to be 0. */
static bool digest_read(struct slice text, uint8_t ret_digest[ACME_DIGEST_LEN])
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t n = 0;
	if (text.len != THUMBPRINT_LEN || !is_base64url(text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bits = bits << 6 | (uint32_t)digit_of(text.data[i]);
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		ret_digest[n++] = (uint8_t)(bits >> count);
	}
	return n == ACME_DIGEST_LEN && (bits & ((1U << count) - 1)) == 0;
}

/* A host name as DNS has it: what is compared with SNI, and logged. */
static bool name_read(struct slice text, char ret_name[ACME_NAME_CAP])
{
	if (!text.len || text.len >= ACME_NAME_CAP || text.data[0] == '.' || text.data[0] == '-')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
		ret_name[i] = (char)c;
	}
	ret_name[text.len] = '\0';
	return true;
}

static bool is_token(struct slice text)
{
	return text.len >= TOKEN_MIN && text.len < ACME_TOKEN_CAP && is_base64url(text);
}

/* The token, and the thumbprint of the account's key. */
bool acme_token_is_answered(struct slice token, struct slice authorization)
{
	return is_token(token) && authorization.len == token.len + 1 + THUMBPRINT_LEN &&
	       slice_equal(slice_head(authorization, token.len), token) &&
	       authorization.data[token.len] == '.' &&
	       is_base64url(slice_skip(authorization, token.len + 1));
}

static bool words_split(struct slice input, struct slice ret_words[ACME_WORD_WORDS])
{
	if (input.len > ACME_WORD_MAX)
		return false;
	for (size_t i = 0; i < ACME_WORD_WORDS; i++) {
		size_t len = slice_find(input, 0);
		if (len == input.len)
			return false;
		ret_words[i] = slice_head(input, len);
		input = slice_skip(input, len + 1);
	}
	return input.len == 0;
}

int acme_word_read(struct acme_word *ret_word, struct slice input)
{
	struct slice words[ACME_WORD_WORDS];
	struct acme_word w = {};
	if (!words_split(input, words))
		return ACME_WORD_BAD;
	size_t method = word_find(methods, COUNT_OF(methods), words[0]);
	size_t type = word_find(types, COUNT_OF(types), words[1]);
	if (method == COUNT_OF(methods))
		return ACME_WORD_BAD;
	if (type == COUNT_OF(types))
		return ACME_WORD_OTHER;
	w.method = (enum acme_method)method;
	w.type = (enum acme_type)type;
	if (!name_read(words[2], w.name) || !is_token(words[3]) ||
	    !(w.type == ACME_HTTP_01 ? acme_token_is_answered(words[3], words[4])
	                             : digest_read(words[4], w.digest)))
		return ACME_WORD_BAD;
	slice_to_text(words[3], w.token, sizeof(w.token));
	if (w.type == ACME_HTTP_01)
		slice_to_text(words[4], w.authorization, sizeof(w.authorization));
	*ret_word = w;
	return 0;
}

bool acme_word_write(struct buf *ret_text, char *const words[ACME_WORD_WORDS])
{
	for (size_t i = 0; i < ACME_WORD_WORDS; i++)
		if (buf_add(ret_text, slice_of(words[i], strlen(words[i]) + 1)))
			return false;
	return buf_len(ret_text) <= ACME_WORD_MAX;
}

bool acme_word_is_call(int argc, char *const *argv)
{
	return argc == ACME_WORD_WORDS &&
	       word_find(methods, COUNT_OF(methods), slice_str(argv[0])) < COUNT_OF(methods);
}
