/* What was found of a service, and in which words. */
#ifndef WATCH_VERDICT_H
#define WATCH_VERDICT_H

#include "watch/packet.h"
#include "watch/tls_look.h"

/* The most dangerous last. */
enum watch_verdict {
	WATCH_TUNNEL,       /* SSH, WireGuard, ESP, OpenVPN, QUIC's kin */
	WATCH_TLS,          /* a handshake was seen, or records */
	WATCH_STARTTLS,     /* asked for, and then a handshake */
	WATCH_NOTHING,      /* a greeting and no more; what has no content: NTP */
	WATCH_HIGH_ENTROPY, /* looks random: encrypted or compressed, nobody can know */
	WATCH_MIDSTREAM,    /* began before the capture, and shows nothing that is known */
	WATCH_UNKNOWN,
	WATCH_PLAIN,
	WATCH_NOT_USED, /* plain, and the server had offered TLS */
	WATCH_PASSWORD, /* a password or token was readable */
	WATCH_VERDICT_COUNT
};

/* "starttls-offered-not-used" */
const char *watch_verdict_name(enum watch_verdict verdict);

static inline bool watch_verdict_is_plain(enum watch_verdict verdict)
{
	return verdict >= WATCH_PLAIN;
}

static inline bool watch_verdict_is_unknown(enum watch_verdict verdict)
{
	return verdict >= WATCH_HIGH_ENTROPY && verdict <= WATCH_UNKNOWN;
}

/* Over what it was seen. */
enum watch_wire {
	WATCH_NETWORK, /* it crossed from host to host */
	WATCH_LOCAL,   /* loopback; veth and dummy, to or from it: it stayed in this host */
	WATCH_INSIDE,  /* of a tunnel (wg, tun, macsec): encrypted outside of it */
	WATCH_WIRE_COUNT
};
const char *watch_wire_name(enum watch_wire wire);

/* Of a flow, by that of its interface: what only passes there may come from anywhere. */
static inline enum watch_wire watch_wire_of(enum watch_wire wire, bool is_passed)
{
	return is_passed && wire == WATCH_LOCAL ? WATCH_NETWORK : wire;
}

/* Random bytes, by chi-square over at least 256 of them. */
bool watch_is_random(struct slice a, struct slice b);

/* "TLS 1.2", "DTLS 1.2", "QUIC"; "": unknown. */
const char *watch_tls_version_name(const struct watch_tls *tls);

/* A version or suite that nobody should have: below TLS 1.2, no encryption, no forward secrecy,
 * RC4. */
bool watch_tls_is_legacy(const struct watch_tls *tls);
/* The suite does not encrypt. */
bool watch_tls_is_null(const struct watch_tls *tls);

#endif
