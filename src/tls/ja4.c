#include "tls/ja4.h"

#include "base/buf.h"
#include "base/clean.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>

enum { HASH_CHARS = 12, COUNT_MAX = 99 };
enum { SERVER_NAME = 0, ALPN = 16 }; /* extensions that differ from place to place */

static int order(const void *left, const void *right)
{
	return (int)*(const uint16_t *)left - (int)*(const uint16_t *)right;
}

/* "1301,1302"; in the order given. */
static int list_write(struct buf *out, const uint16_t *values, size_t count)
{
	int r = 0;
	for (size_t i = 0; !r && i < count; i++)
		r = buf_printf(out, "%s%04x", i ? "," : "", values[i]);
	return r;
}

/* The first half of six bytes of a text's SHA-256; of no text zeros. */
static void hash_write(struct slice text, char ret_hash[HASH_CHARS + 1])
{
	uint8_t digest[SHA256_DIGEST_LENGTH] = {};
	if (text.len)
		SHA256(text.data, text.len, digest);
	for (size_t i = 0; i < HASH_CHARS / 2; i++)
		snprintf(ret_hash + 2 * i, 3, "%02x", digest[i]);
}

static int suites_hash(const struct tls_hello *hello, char ret_hash[HASH_CHARS + 1])
{
	CLEAN(buf_deinit) struct buf text = {};
	uint16_t sorted[TLS_HELLO_SUITES_MAX];
	memcpy(sorted, hello->suites, sizeof(sorted));
	qsort(sorted, hello->suite_count, sizeof(*sorted), order);
	int r = list_write(&text, sorted, hello->suite_count);
	hash_write(buf_slice(&text), ret_hash);
	return r;
}

/* Extensions sorted, without names; behind them the signature algorithms as they came. */
static int extensions_hash(const struct tls_hello *hello, char ret_hash[HASH_CHARS + 1])
{
	CLEAN(buf_deinit) struct buf text = {};
	uint16_t sorted[TLS_HELLO_EXTENSIONS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < hello->extension_count; i++)
		if (hello->extensions[i] != SERVER_NAME && hello->extensions[i] != ALPN)
			sorted[count++] = hello->extensions[i];
	qsort(sorted, count, sizeof(*sorted), order);
	int r = list_write(&text, sorted, count);
	if (!r && hello->sigalg_count)
		r = buf_add_str(&text, "_");
	if (!r)
		r = list_write(&text, hello->sigalgs, hello->sigalg_count);
	hash_write(buf_slice(&text), ret_hash);
	return r;
}

static const char *version_code(uint16_t version)
{
	static const char *const codes[] = { "s3", "10", "11", "12", "13" };
	return version >= 0x0300 && version <= 0x0304 ? codes[version - 0x0300] : "00";
}

/* First and last character of the first protocol; of one that begins or ends otherwise, in
 * hexadecimal. */
static void alpn_write(const char *alpn, char ret_text[3])
{
	size_t len = strlen(alpn);
	if (!len) {
		memcpy(ret_text, "00", 3);
		return;
	}
	uint8_t first = (uint8_t)alpn[0], last = (uint8_t)alpn[len - 1];
	bool is_text = isalnum(first) && isalnum(last);
	ret_text[0] = is_text ? (char)first : "0123456789abcdef"[first >> 4];
	ret_text[1] = is_text ? (char)last : "0123456789abcdef"[last & 15];
	ret_text[2] = '\0';
}

static bool has_extension(const struct tls_hello *hello, uint16_t type)
{
	for (size_t i = 0; i < hello->extension_count; i++)
		if (hello->extensions[i] == type)
			return true;
	return false;
}

static unsigned shown(size_t count)
{
	return count < COUNT_MAX ? (unsigned)count : COUNT_MAX;
}

void tls_ja4_write(const struct tls_hello *hello, char ret_text[TLS_JA4_CAP])
{
	char alpn[3], suites[HASH_CHARS + 1], extensions[HASH_CHARS + 1];
	alpn_write(hello->alpn, alpn);
	ret_text[0] = '\0';
	if (suites_hash(hello, suites) || extensions_hash(hello, extensions))
		return;
	snprintf(ret_text, TLS_JA4_CAP, "t%s%c%02u%02u%s_%s_%s", version_code(hello->max_version),
	         has_extension(hello, SERVER_NAME) ? 'd' : 'i', shown(hello->suite_count),
	         shown(hello->extension_count), alpn, suites, extensions);
}
