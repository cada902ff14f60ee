/*
 * Puts IP fragments together (RFC 791 3.2, RFC 8200 4.5): so many datagrams at a time, the oldest
 * gives way. Fragments that overlap with other bytes make their datagram worthless, as RFC 5722
 * wants; a fragment that comes twice does no harm. Pure.
 */
#ifndef WATCH_FRAGMENT_H
#define WATCH_FRAGMENT_H

#include "base/buf.h"
#include "watch/packet.h"

enum {
	WATCH_FRAGMENTS_MAX = 64,       /* datagrams that are not whole */
	WATCH_FRAGMENT_PARTS_MAX = 128, /* of one of them */
	WATCH_FRAGMENT_BYTES_MAX = 65535,
};

struct watch_fragment_part {
	uint16_t offset, len;
};

struct watch_datagram {
	struct watch_address from, to;
	uint32_t id;
	uint8_t protocol;
	bool is_used, is_spoilt;
	uint64_t turn; /* when it began; the lowest is the oldest */
	uint8_t *bytes;
	size_t cap;
	uint32_t total; /* 0: the last part has not come */
	size_t part_count;
	struct watch_fragment_part parts[WATCH_FRAGMENT_PARTS_MAX];
};

/* Starts as {}. */
struct watch_fragments {
	struct watch_datagram datagrams[WATCH_FRAGMENTS_MAX];
	uint64_t turns;
	uint8_t *whole; /* the last one that was put together */
};

void watch_fragments_deinit(struct watch_fragments *f);

enum watch_fragment_result { WATCH_FRAGMENT_MORE = 1, WATCH_FRAGMENT_SPOILT };

/*
 * p: as watch_packet_parse() returned it with WATCH_PACKET_FRAGMENT. On 0 it is whole: its payload
 * is all that IP carried, lives until the next call, and is for watch_packet_transport().
 *
 * Returns 0, an enum watch_fragment_result, or -ENOMEM.
 */
[[nodiscard]] int watch_fragments_add(struct watch_fragments *f, struct watch_packet *p);

#endif
