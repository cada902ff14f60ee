/* Between offer.c (the hello) and offer_share.c (key shares and what looks random). */
#ifndef TLS_OFFER_PRIVATE_H
#define TLS_OFFER_PRIVATE_H

#include "tls/offer.h"

/* What the random bytes are for: each has its own, drawn from the seed. */
enum tls_offer_purpose {
	TLS_OFFER_FOR_RANDOM,
	TLS_OFFER_FOR_SESSION_ID,
	TLS_OFFER_FOR_GREASE,
	TLS_OFFER_FOR_CURVE,
	TLS_OFFER_FOR_MODULE
};

/* Appends; the first failure sticks. */
struct writer {
	struct buf bytes;
	const uint8_t *seed;
	int r;
};

static inline void put(struct writer *w, const void *data, size_t len)
{
	if (!w->r)
		w->r = buf_add(&w->bytes, slice_of(data, len));
}

static inline void put_u8(struct writer *w, unsigned value)
{
	put(w, &(uint8_t){ (uint8_t)value }, 1);
}

static inline void put_u16(struct writer *w, unsigned value)
{
	put_u8(w, value >> 8);
	put_u8(w, value & 0xff);
}

static inline void put_u24(struct writer *w, unsigned value)
{
	put_u8(w, value >> 16);
	put_u16(w, value & 0xffff);
}

static inline void put_list(struct writer *w, const uint16_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_u16(w, values[i]);
}

/* A length of so many bytes stands before what follows; vector_close() fills it in. */
static inline size_t vector_open(struct writer *w, size_t width)
{
	static const uint8_t zeros[3];
	put(w, zeros, width);
	return buf_len(&w->bytes);
}

static inline void vector_close(struct writer *w, size_t start, size_t width)
{
	if (w->r)
		return;
	size_t len = buf_len(&w->bytes) - start;
	for (size_t i = 1; i <= width; i++, len >>= 8)
		w->bytes.data[w->bytes.start + start - i] = (uint8_t)len;
}

/* Some of the seed's bytes, the same for a purpose each time. 0 or -ENOMEM. */
[[nodiscard]] int tls_offer_draw(const uint8_t *seed, enum tls_offer_purpose purpose,
                                 uint8_t *ret_bytes, size_t len);
/* len: at most 64 */
void tls_offer_put_drawn(struct writer *w, enum tls_offer_purpose purpose, size_t len);

/* A KeyShareEntry; nothing for a group without one. */
void tls_offer_put_share(struct writer *w, uint16_t group);

#endif
