/*
 * What a UDP conversation is, from its datagrams alone: DTLS, QUIC, WireGuard, OpenVPN, IKE, DNS,
 * SNMP, syslog, NFS, and what carries nothing of interest (NTP, DHCP). Pure.
 */
#ifndef WATCH_DATAGRAM_H
#define WATCH_DATAGRAM_H

#include "watch/tls_look.h"
#include "watch/verdict.h"

/* Starts as {}. */
struct watch_udp {
	const char *protocol;       /* NULL: not known yet */
	bool is_settled;            /* no more datagrams are wanted */
	enum watch_verdict verdict; /* with protocol */
	struct watch_tls tls;
	bool is_private;    /* it says itself that it is encrypted */
	bool has_community; /* of SNMP: as good as a password */
	unsigned count;     /* datagrams that were looked at */
	const char *began;  /* what the client's first one looks like, until the server answers */
	const char *mend;
	bool is_link_good; /* a link with protocol = "syslog" carries it */
};

enum { WATCH_UDP_LOOKS_MAX = 16 };

void watch_udp_feed(struct watch_udp *u, enum watch_side side, struct slice datagram);

#endif
