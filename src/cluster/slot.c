#include "cluster/slot.h"

/* CRC-16/XMODEM: polynomial 0x1021, nothing reflected, from 0. */
static uint16_t crc16(struct slice s)
{
	uint16_t crc = 0;
	for (size_t i = 0; i < s.len; i++) {
		crc ^= (uint16_t)(s.data[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

unsigned cluster_slot(struct slice key)
{
	size_t open = slice_find(key, '{');
	struct slice tag = slice_skip(key, open + 1);
	size_t len = slice_find(tag, '}');
	if (open < key.len && len && len < tag.len)
		key = slice_head(tag, len);
	return crc16(key) % CLUSTER_SLOTS;
}
