/* Answers of netlink as the kernel's headers have them, where no kernel was there to record them
 * from. The caller's buf is cleared first, and is what the slice points into. */
#ifndef TUNNEL_TEST_WRITTEN_H
#define TUNNEL_TEST_WRITTEN_H

#include "base/buf.h"
#include "tunnel/tunnel.h"

#include <arpa/inet.h>
#include <assert.h>
#include <linux/netlink.h>

static inline void written_attribute(struct buf *b, unsigned type, struct slice value)
{
	static const uint8_t padding[4];
	const struct nlattr a = { .nla_type = (uint16_t)type,
		                  .nla_len = (uint16_t)(NLA_HDRLEN + value.len) };
	int r = buf_add(b, slice_of(&a, sizeof(a)));
	if (!r)
		r = buf_add(b, value);
	if (!r)
		r = buf_add(b, slice_of(padding, NLA_ALIGN(value.len) - value.len));
	assert(!r);
}

static inline void written_text(struct buf *b, unsigned type, const char *text)
{
	written_attribute(b, type, slice_of(text, strlen(text) + 1));
}

static inline void written_byte(struct buf *b, unsigned type, uint8_t byte)
{
	written_attribute(b, type, slice_of(&byte, 1));
}

static inline void written_u32(struct buf *b, unsigned type, uint32_t number)
{
	written_attribute(b, type, slice_of(&number, sizeof(number)));
}

static inline struct tunnel_ip written_ip(const char *text)
{
	struct tunnel_ip ip = { .is_v6 = strchr(text, ':') };
	int r = inet_pton(ip.is_v6 ? AF_INET6 : AF_INET, text, ip.bytes);
	assert(r == 1);
	return ip;
}

/* A struct of the kernel's at the beginning. */
static inline void written_begin(struct buf *b, const void *head, size_t len)
{
	buf_clear(b);
	int r = buf_add(b, slice_of(head, len));
	assert(!r);
}

/* What is in one buf as an attribute of another; the first is cleared. */
static inline void written_nest(struct buf *b, unsigned type, struct buf *inside)
{
	written_attribute(b, type, buf_slice(inside));
	buf_clear(inside);
}

#endif
