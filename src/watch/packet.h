/*
 * One captured frame, taken apart down to the bytes that TCP or UDP carries. Lengths that do not
 * fit make it no packet; what a capture cut off (snaplen) is just not there. Checksums are not
 * looked at: a host's own packets are captured before its network card fills them in. Pure.
 */
#ifndef WATCH_PACKET_H
#define WATCH_PACKET_H

#include "base/slice.h"

/* Link types as in a capture file (tcpdump.org/linktypes.html). */
enum watch_link {
	WATCH_LINK_NULL = 0, /* BSD loopback */
	WATCH_LINK_ETHERNET = 1,
	WATCH_LINK_RAW_OLD = 12, /* what libpcap calls raw IP on most systems */
	WATCH_LINK_RAW_BSD = 14,
	WATCH_LINK_RAW = 101,
	WATCH_LINK_LOOP = 108, /* OpenBSD loopback */
	WATCH_LINK_COOKED = 113,
	WATCH_LINK_IPV4 = 228,
	WATCH_LINK_IPV6 = 229,
	WATCH_LINK_COOKED2 = 276,
};

bool watch_link_is_known(int link);

enum {
	WATCH_IP_TCP = 6,
	WATCH_IP_UDP = 17,
	WATCH_IP_ESP = 50,
	WATCH_IP_AH = 51,
};

enum {
	WATCH_TCP_FIN = 0x01,
	WATCH_TCP_SYN = 0x02,
	WATCH_TCP_RST = 0x04,
	WATCH_TCP_ACK = 0x10,
};

/* IPv4 as ::ffff:a.b.c.d. */
struct watch_address {
	uint8_t bytes[16];
};

/* Of a fragment only addresses, protocol and what begins with fragment_ mean anything yet. */
struct watch_packet {
	struct watch_address from, to;
	uint8_t protocol;
	bool is_fragment, has_more_fragments;
	uint32_t fragment_id;
	uint16_t fragment_offset; /* bytes */
	uint16_t from_port, to_port;
	uint8_t tcp_flags;
	uint32_t seq, ack;
	struct slice payload;   /* borrowed from the frame: of TCP and UDP, else of IP */
	size_t payload_missing; /* bytes that the capture cut off behind it */
};

enum watch_packet_result {
	WATCH_PACKET_OTHER = 1, /* no IP: ARP, MACsec, spanning tree */
	WATCH_PACKET_BROKEN,
	WATCH_PACKET_FRAGMENT, /* for watch_fragments_add() */
};

/* Returns 0 or an enum watch_packet_result. */
[[nodiscard]] int watch_packet_parse(struct watch_packet *ret_packet, int link, struct slice frame);

/* Takes TCP or UDP apart: p->payload is all that IP carried. 0 or WATCH_PACKET_BROKEN. */
[[nodiscard]] int watch_packet_transport(struct watch_packet *p);

bool watch_address_is_v4(const struct watch_address *a);
bool watch_address_equal(const struct watch_address *a, const struct watch_address *b);
/* What goes from one to the other never leaves the host. */
bool watch_address_are_local(const struct watch_address *client,
                             const struct watch_address *server);

enum { WATCH_ADDRESS_CAP = 46 };
void watch_address_print(const struct watch_address *a, char ret_text[WATCH_ADDRESS_CAP]);

#endif
