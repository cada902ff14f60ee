/* Numbers on the wire. The caller knows that the bytes are there. */
#ifndef WATCH_WIRE_H
#define WATCH_WIRE_H

#include <stdint.h>

static inline uint16_t watch_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t watch_u24(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static inline uint32_t watch_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | watch_u24(at + 1);
}

/* Little-endian. */
static inline uint32_t watch_u24_le(const uint8_t *at)
{
	return (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline uint32_t watch_u32_le(const uint8_t *at)
{
	return (uint32_t)at[3] << 24 | watch_u24_le(at);
}

#endif
