#include "tls/record_count.h"

enum { HEADER_LEN = 5, TYPE_CHANGE_CIPHER_SPEC = 20 };

static void record_end(struct tls_record_count *c)
{
	c->records = c->header[0] == TYPE_CHANGE_CIPHER_SPEC ? 0 : c->records + 1;
	c->explicit_nonce = 0;
	for (size_t i = HEADER_LEN; i < sizeof(c->header); i++)
		c->explicit_nonce = c->explicit_nonce << 8 | c->header[i];
	c->header_len = 0;
}

static void header_feed(struct tls_record_count *c, uint8_t byte)
{
	if (c->header_len == sizeof(c->header))
		return;
	c->header[c->header_len++] = byte;
	if (c->header_len == HEADER_LEN)
		c->left = (uint32_t)c->header[3] << 8 | c->header[4];
}

void tls_record_count_feed(struct tls_record_count *c, struct slice bytes)
{
	while (bytes.len) {
		size_t taken = 1;
		if (c->header_len == sizeof(c->header) && c->left)
			taken = c->left < bytes.len ? c->left : bytes.len;
		if (c->header_len >= HEADER_LEN)
			c->left -= (uint32_t)taken;
		header_feed(c, bytes.data[0]);
		bytes = slice_skip(bytes, taken);
		if (c->header_len >= HEADER_LEN && !c->left)
			record_end(c);
	}
}
