#include "watch/packet.h"

#include "base/clean.h"
#include "watch/wire.h"

#include <arpa/inet.h>
#include <stdio.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_QINQ_OLD = 0x9100,
	TYPE_MPLS = 0x8847,
	TYPE_PPPOE = 0x8864,
	TYPE_QINQ = 0x88a8,
	NESTED_MAX = 3,  /* IP in IP in IP; deeper is nobody's network */
	TAGS_MAX = 8,    /* VLAN tags, MPLS labels */
	HEADERS_MAX = 8, /* IPv6 extension headers */
};

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static void address_v4(struct watch_address *a, const uint8_t *at)
{
	memcpy(a->bytes, mapped, sizeof(mapped));
	memcpy(a->bytes + sizeof(mapped), at, 4);
}

static int ip_parse(struct watch_packet *p, struct slice s, int depth);

/* The captured part of len bytes; p notes what is missing. */
static struct slice payload_cut(struct watch_packet *p, struct slice s, size_t len)
{
	p->payload_missing = len > s.len ? len - s.len : 0;
	return slice_head(s, len);
}

/* RFC 4302 2: it signs what follows and hides nothing. */
static bool authentication_skip(struct watch_packet *p)
{
	size_t len = p->payload.len < 12 ? 0 : ((size_t)p->payload.data[1] + 2) * 4;
	if (!len || len > p->payload.len)
		return false;
	p->protocol = p->payload.data[0];
	p->payload = slice_skip(p->payload, len);
	return true;
}

static int inner_parse(struct watch_packet *p, int depth)
{
	enum { IP_IN_IP = 4, IPV6_IN_IP = 41 };
	if (p->protocol == WATCH_IP_AH && !authentication_skip(p))
		return WATCH_PACKET_BROKEN;
	if (p->protocol == IP_IN_IP || p->protocol == IPV6_IN_IP)
		return depth < NESTED_MAX ? ip_parse(p, p->payload, depth + 1) : WATCH_PACKET_OTHER;
	return watch_packet_transport(p);
}

/* RFC 791 3.1. A total length of 0 comes from cards that cut segments themselves. */
static int ipv4_parse(struct watch_packet *p, struct slice s, int depth)
{
	enum { HEADER = 20, MORE = 0x2000, OFFSET = 0x1fff };
	if (s.len < HEADER)
		return WATCH_PACKET_BROKEN;
	size_t header = (size_t)(s.data[0] & 15) * 4;
	size_t total = watch_u16(s.data + 2) ? watch_u16(s.data + 2) : s.len;
	uint16_t fragment = watch_u16(s.data + 6);
	if (header < HEADER || header > total || header > s.len)
		return WATCH_PACKET_BROKEN;
	p->protocol = s.data[9];
	address_v4(&p->from, s.data + 12);
	address_v4(&p->to, s.data + 16);
	p->payload = payload_cut(p, slice_skip(s, header), total - header);
	p->fragment_id = watch_u16(s.data + 4);
	p->fragment_offset = (uint16_t)((fragment & OFFSET) * 8);
	p->has_more_fragments = fragment & MORE;
	p->is_fragment = p->fragment_offset || p->has_more_fragments;
	return p->is_fragment ? WATCH_PACKET_FRAGMENT : inner_parse(p, depth);
}

enum ipv6_header {
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_OPTIONS = 60,
	IPV6_MOBILITY = 135,
};

/* One extension header at the front of *s. false: it does not fit. */
static bool ipv6_header_take(struct watch_packet *p, struct slice *s)
{
	if (s->len < 8)
		return false;
	size_t len = 8 + (size_t)s->data[1] * 8;
	if (p->protocol == IPV6_FRAGMENT) {
		len = 8;
		p->fragment_offset = watch_u16(s->data + 2) & 0xfff8;
		p->has_more_fragments = s->data[3] & 1;
		p->fragment_id = watch_u32(s->data + 4);
		p->is_fragment = p->fragment_offset || p->has_more_fragments;
	}
	if (s->len < len)
		return false;
	p->protocol = s->data[0];
	*s = slice_skip(*s, len);
	return true;
}

static bool ipv6_is_extension(uint8_t header)
{
	return header == IPV6_HOP_BY_HOP || header == IPV6_ROUTING || header == IPV6_FRAGMENT ||
	       header == IPV6_OPTIONS || header == IPV6_MOBILITY;
}

/* RFC 8200 3 and 4. */
static int ipv6_parse(struct watch_packet *p, struct slice s, int depth)
{
	enum { HEADER = 40 };
	if (s.len < HEADER)
		return WATCH_PACKET_BROKEN;
	size_t len = watch_u16(s.data + 4) ? watch_u16(s.data + 4) : s.len - HEADER;
	p->protocol = s.data[6];
	memcpy(p->from.bytes, s.data + 8, 16);
	memcpy(p->to.bytes, s.data + 24, 16);
	struct slice rest = payload_cut(p, slice_skip(s, HEADER), len);
	p->is_fragment = false;
	for (int i = 0; !p->is_fragment && ipv6_is_extension(p->protocol); i++)
		if (i == HEADERS_MAX || !ipv6_header_take(p, &rest))
			return WATCH_PACKET_BROKEN;
	p->payload = rest;
	return p->is_fragment ? WATCH_PACKET_FRAGMENT : inner_parse(p, depth);
}

static int ip_parse(struct watch_packet *p, struct slice s, int depth)
{
	if (!s.len)
		return WATCH_PACKET_BROKEN;
	if (s.data[0] >> 4 == 4)
		return ipv4_parse(p, s, depth);
	return s.data[0] >> 4 == 6 ? ipv6_parse(p, s, depth) : WATCH_PACKET_OTHER;
}

/* s begins behind the type. The last label of a stack has its mark. */
static int mpls_parse(struct watch_packet *p, struct slice s)
{
	enum { BOTTOM = 1 };
	for (int i = 0; i < TAGS_MAX && s.len >= 4; i++) {
		bool is_last = s.data[2] & BOTTOM;
		s = slice_skip(s, 4);
		if (is_last)
			return ip_parse(p, s, 0);
	}
	return WATCH_PACKET_OTHER;
}

/* RFC 2516: six bytes and the protocol of PPP. */
static int pppoe_parse(struct watch_packet *p, struct slice s)
{
	enum { PPP_IPV4 = 0x21, PPP_IPV6 = 0x57 };
	if (s.len < 8)
		return WATCH_PACKET_BROKEN;
	uint16_t protocol = watch_u16(s.data + 6);
	if (protocol != PPP_IPV4 && protocol != PPP_IPV6)
		return WATCH_PACKET_OTHER;
	return ip_parse(p, slice_skip(s, 8), 0);
}

static bool type_is_tag(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD;
}

/* s begins behind the type. */
static int type_parse(struct watch_packet *p, uint16_t type, struct slice s)
{
	for (int i = 0; type_is_tag(type); i++) {
		if (s.len < 4 || i == TAGS_MAX)
			return WATCH_PACKET_BROKEN;
		type = watch_u16(s.data + 2);
		s = slice_skip(s, 4);
	}
	if (type == TYPE_IPV4 || type == TYPE_IPV6)
		return ip_parse(p, s, 0);
	if (type == TYPE_MPLS)
		return mpls_parse(p, s);
	return type == TYPE_PPPOE ? pppoe_parse(p, s) : WATCH_PACKET_OTHER;
}

/* Where the type of what follows stands, and how long the header is. */
static const struct {
	int link;
	int type_at; /* -1: IP follows at once */
	size_t header;
} links[] = {
	{ WATCH_LINK_NULL, -1, 4 },    { WATCH_LINK_ETHERNET, 12, 14 },
	{ WATCH_LINK_RAW_OLD, -1, 0 }, { WATCH_LINK_RAW_BSD, -1, 0 },
	{ WATCH_LINK_RAW, -1, 0 },     { WATCH_LINK_LOOP, -1, 4 },
	{ WATCH_LINK_COOKED, 14, 16 }, { WATCH_LINK_IPV4, -1, 0 },
	{ WATCH_LINK_IPV6, -1, 0 },    { WATCH_LINK_COOKED2, 0, 20 },
};

bool watch_link_is_known(int link)
{
	for (size_t i = 0; i < COUNT_OF(links); i++)
		if (links[i].link == link)
			return true;
	return false;
}

int watch_packet_parse(struct watch_packet *ret_packet, int link, struct slice frame)
{
	*ret_packet = (struct watch_packet){};
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		if (links[i].link != link)
			continue;
		struct slice rest = slice_skip(frame, links[i].header);
		if (frame.len < links[i].header)
			return WATCH_PACKET_BROKEN;
		if (links[i].type_at < 0)
			return ip_parse(ret_packet, rest, 0);
		return type_parse(ret_packet, watch_u16(frame.data + links[i].type_at), rest);
	}
	return WATCH_PACKET_OTHER;
}

/* RFC 9293 3.1. */
static int tcp_parse(struct watch_packet *p)
{
	enum { HEADER = 20 };
	struct slice s = p->payload;
	size_t header = s.len < HEADER ? 0 : (size_t)(s.data[12] >> 4) * 4;
	if (header < HEADER || header > s.len)
		return WATCH_PACKET_BROKEN;
	p->from_port = watch_u16(s.data);
	p->to_port = watch_u16(s.data + 2);
	p->seq = watch_u32(s.data + 4);
	p->ack = watch_u32(s.data + 8);
	p->tcp_flags = s.data[13];
	p->payload = slice_skip(s, header);
	return 0;
}

static int udp_parse(struct watch_packet *p)
{
	enum { HEADER = 8 };
	struct slice s = p->payload;
	if (s.len < HEADER)
		return WATCH_PACKET_BROKEN;
	size_t len = watch_u16(s.data + 4) ? watch_u16(s.data + 4) : s.len + p->payload_missing;
	if (len < HEADER || len > s.len + p->payload_missing)
		return WATCH_PACKET_BROKEN;
	p->from_port = watch_u16(s.data);
	p->to_port = watch_u16(s.data + 2);
	p->payload = payload_cut(p, slice_skip(s, HEADER), len - HEADER);
	return 0;
}

int watch_packet_transport(struct watch_packet *p)
{
	if (p->protocol == WATCH_IP_TCP)
		return tcp_parse(p);
	return p->protocol == WATCH_IP_UDP ? udp_parse(p) : 0;
}

bool watch_address_is_v4(const struct watch_address *a)
{
	return !memcmp(a->bytes, mapped, sizeof(mapped));
}

bool watch_address_equal(const struct watch_address *a, const struct watch_address *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static bool address_is_loopback(const struct watch_address *a)
{
	static const struct watch_address one = { { [15] = 1 } };
	return watch_address_is_v4(a) ? a->bytes[12] == 127 : watch_address_equal(a, &one);
}

bool watch_address_are_local(const struct watch_address *client, const struct watch_address *server)
{
	return address_is_loopback(server) || watch_address_equal(client, server);
}

void watch_address_print(const struct watch_address *a, char ret_text[WATCH_ADDRESS_CAP])
{
	bool is_v4 = watch_address_is_v4(a);
	inet_ntop(is_v4 ? AF_INET : AF_INET6, a->bytes + (is_v4 ? sizeof(mapped) : 0), ret_text,
	          WATCH_ADDRESS_CAP);
}
