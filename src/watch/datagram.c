#include "watch/datagram.h"

#include "base/clean.h"
#include "watch/dns.h"
#include "watch/wire.h"

#include <ctype.h>

enum sign { SIGN_NO, SIGN_HALF, SIGN_YES };

static bool starts(struct slice s, const void *bytes, size_t len)
{
	return s.len >= len && !memcmp(s.data, bytes, len);
}

/* --- encrypted ones: the client's beginning and the server's answer prove them together --- */

/* RFC 6347 4.1: type, version, epoch and sequence, length; then the kind of message. */
static enum sign dtls(struct watch_udp *u, enum watch_side side, struct slice s)
{
	enum { HEADER = 13, HANDSHAKE = 22, DATA = 23 };
	if (s.len <= HEADER || s.data[1] != 0xfe || (s.data[2] != 0xff && s.data[2] != 0xfd))
		return SIGN_NO;
	if (watch_u16(s.data + 11) + (size_t)HEADER > s.len)
		return SIGN_NO;
	bool is_data = s.data[0] == DATA && (s.data[3] || s.data[4]);
	bool is_hello = s.data[0] == HANDSHAKE && s.data[HEADER] == 2 && side == WATCH_SERVER;
	if (!is_data && !is_hello)
		return s.data[0] == HANDSHAKE ? SIGN_HALF : SIGN_NO;
	u->tls.has_answer = true;
	u->tls.version = watch_u16(s.data + 1);
	if (is_hello && s.len > HEADER + 14)
		u->tls.version = watch_u16(s.data + HEADER + 12);
	return SIGN_YES;
}

/* RFC 9000 17.2, RFC 9369: long header, a version, ids of at most 20 bytes. */
static enum sign quic(struct watch_udp *u, enum watch_side side, struct slice s)
{
	enum { LONG = 0xc0, INITIAL_MIN = 1200 };
	if (s.len < 8 || (s.data[0] & LONG) != LONG)
		return SIGN_NO;
	uint32_t version = watch_u32(s.data + 1);
	if ((version != 1 && version != 0x6b3343cf) || s.data[5] > 20)
		return SIGN_NO;
	if (side == WATCH_CLIENT)
		return s.len >= INITIAL_MIN ? SIGN_HALF : SIGN_NO;
	u->tls.has_answer = true;
	u->tls.is_quic = true;
	return SIGN_YES;
}

/* Handshake initiation and response have a length each; data is padded to 16. */
static enum sign wireguard(struct watch_udp *u, enum watch_side side, struct slice s)
{
	static const uint8_t initiation[] = { 1, 0, 0, 0 }, response[] = { 2, 0, 0, 0 };
	static const uint8_t data[] = { 4, 0, 0, 0 };
	if (starts(s, initiation, 4))
		return s.len == 148 ? SIGN_HALF : SIGN_NO;
	if (starts(s, response, 4))
		return s.len == 92 ? SIGN_YES : SIGN_NO;
	if (!starts(s, data, 4) || s.len < 32 || s.len % 16)
		return SIGN_NO;
	return side == WATCH_SERVER && u->began ? SIGN_YES : SIGN_HALF;
}

static enum sign openvpn(struct watch_udp *u, enum watch_side side, struct slice s)
{
	enum { RESET_CLIENT = 7, RESET_CLIENT3 = 10, RESET_SERVER = 8 };
	unsigned code = s.len >= 14 && s.len < 512 ? s.data[0] >> 3 : 0;
	if (side == WATCH_CLIENT)
		return code == RESET_CLIENT || code == RESET_CLIENT3 ? SIGN_HALF : SIGN_NO;
	return code == RESET_SERVER && u->began ? SIGN_YES : SIGN_NO;
}

/* RFC 7296 3.1, behind the marker of RFC 3948 2.2 too: two ids, version 2.0, a kind, the length. */
static enum sign ike(struct watch_udp *u, enum watch_side side, struct slice s)
{
	static const uint8_t marker[4];
	(void)u;
	(void)side;
	if (starts(s, marker, sizeof(marker)))
		s = slice_skip(s, sizeof(marker));
	return s.len >= 28 && s.data[17] == 0x20 && s.data[18] >= 34 && s.data[18] <= 37 &&
	                       watch_u32(s.data + 24) == s.len
	               ? SIGN_YES
	               : SIGN_NO;
}

/* --- plain ones --- */

static enum sign dns(struct watch_udp *u, enum watch_side side, struct slice s)
{
	(void)u;
	(void)side;
	return watch_dns_is_query(s) || watch_dns_is_answer(s) ? SIGN_YES : SIGN_NO;
}

/* 30 len 02 01 version: a community (v1, v2c), or flags that say "encrypted" (v3). */
static enum sign snmp(struct watch_udp *u, enum watch_side side, struct slice s)
{
	enum { PRIVATE = 2 };
	(void)side;
	size_t at = s.len > 2 && s.data[1] & 0x80 ? 2 + (size_t)(s.data[1] & 3) : 2;
	static const uint8_t version[] = { 2, 1 };
	struct slice rest = slice_skip(s, at);
	if (s.len < 12 || s.data[0] != 0x30 || rest.len < 8 || !starts(rest, version, 2) ||
	    rest.data[2] > 3)
		return SIGN_NO;
	if (rest.data[2] < 2) {
		size_t pdu = 5 + (size_t)rest.data[4];
		u->has_community = rest.data[3] == 4 && pdu < rest.len && rest.data[pdu] >= 0xa0 &&
		                   rest.data[pdu] <= 0xa8;
		return u->has_community ? SIGN_YES : SIGN_NO;
	}
	if (rest.data[2] != 3 || rest.data[3] != 0x30)
		return SIGN_NO;
	rest = slice_skip(rest, 5); /* id, size, flags */
	for (int i = 0; i < 2 && rest.len > 2; i++)
		rest = slice_skip(rest, (size_t)rest.data[1] + 2);
	if (rest.len < 3 || rest.data[0] != 4 || rest.data[1] != 1)
		return SIGN_NO;
	if (rest.data[2] & PRIVATE)
		u->is_private = true;
	return SIGN_YES;
}

/* RFC 5424 6.2.1. */
static enum sign syslog_message(struct watch_udp *u, enum watch_side side, struct slice s)
{
	size_t at = 1;
	(void)u;
	if (side != WATCH_CLIENT || s.len < 6 || s.data[0] != '<')
		return SIGN_NO;
	while (at < 5 && isdigit(s.data[at]))
		at++;
	return at > 1 && s.data[at] == '>' && (isalnum(s.data[at + 1]) || s.data[at + 1] == ' ')
	               ? SIGN_YES
	               : SIGN_NO;
}

/* Call, version 2, a program of NFS. */
static enum sign rpc(struct watch_udp *u, enum watch_side side, struct slice s)
{
	(void)u;
	return side == WATCH_CLIENT && s.len >= 24 && !watch_u32(s.data + 4) &&
	                       watch_u32(s.data + 8) == 2 && watch_u32(s.data + 12) >= 100000 &&
	                       watch_u32(s.data + 12) <= 100300
	               ? SIGN_YES
	               : SIGN_NO;
}

/* --- nothing that is anybody's secret --- */

static enum sign ntp(struct watch_udp *u, enum watch_side side, struct slice s)
{
	(void)u;
	(void)side;
	unsigned version = s.len ? s.data[0] >> 3 & 7 : 0, mode = s.len ? s.data[0] & 7 : 0;
	return (s.len == 48 || s.len == 68) && version >= 2 && version <= 4 && mode && mode < 6
	               ? SIGN_YES
	               : SIGN_NO;
}

static enum sign dhcp(struct watch_udp *u, enum watch_side side, struct slice s)
{
	static const uint8_t cookie[] = { 99, 130, 83, 99 };
	(void)u;
	(void)side;
	return starts(slice_skip(s, 236), cookie, sizeof(cookie)) ? SIGN_YES : SIGN_NO;
}

static const struct {
	const char *name;
	enum sign (*look)(struct watch_udp *u, enum watch_side side, struct slice datagram);
	enum watch_verdict verdict;
	const char *mend;
	bool is_link_good;
} kinds[] = {
	{ "dtls", dtls, WATCH_TLS, NULL, false },
	{ "quic", quic, WATCH_TLS, NULL, false },
	{ "wireguard", wireguard, WATCH_TUNNEL, NULL, false },
	{ "ike", ike, WATCH_TUNNEL, NULL, false },
	{ "openvpn", openvpn, WATCH_TUNNEL, NULL, false },
	{ "ntp", ntp, WATCH_NOTHING, NULL, false },
	{ "dhcp", dhcp, WATCH_NOTHING, NULL, false },
	{ "snmp", snmp, WATCH_PLAIN, "SNMPv3 with authPriv", false },
	{ "syslog", syslog_message, WATCH_PLAIN, "RFC 5425 (TLS) in rsyslog", true },
	{ "nfs", rpc, WATCH_PLAIN, "NFS 4 over TCP with xprtsec=mtls (RFC 9289) or sec=krb5p",
	  false },
	{ "dns", dns, WATCH_PLAIN,
	  "a validating resolver on each host (127.0.0.1), or DNS over TLS between them", false },
};

static void settle(struct watch_udp *u, size_t kind)
{
	u->protocol = kinds[kind].name;
	u->mend = kinds[kind].mend;
	u->is_link_good = kinds[kind].is_link_good;
	u->verdict = u->is_private      ? WATCH_TUNNEL
	             : u->has_community ? WATCH_PASSWORD
	                                : kinds[kind].verdict;
	u->is_settled = true;
}

void watch_udp_feed(struct watch_udp *u, enum watch_side side, struct slice datagram)
{
	if (u->is_settled || u->count++ >= WATCH_UDP_LOOKS_MAX)
		return;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		enum sign sign = kinds[i].look(u, side, datagram);
		if (sign == SIGN_HALF)
			u->began = kinds[i].name;
		if (sign == SIGN_YES) {
			settle(u, i);
			return;
		}
	}
}
