/*
 * One connection, or one exchange of datagrams: put together, recognised, judged. When its verdict
 * can no longer change, what it holds is wiped and freed; nobody needs it then (watch/pairs.h).
 * Who its ends are it does not know, only which of them speaks.
 */
#ifndef WATCH_FLOW_H
#define WATCH_FLOW_H

#include "watch/datagram.h"
#include "watch/stream.h"
#include "watch/talk.h"
#include "watch/verdict.h"

enum {
	WATCH_LOOK_MAX =
		16 * 1024, /* bytes of a direction that are looked at, and again after STARTTLS */
	WATCH_OPENING_MAX = 4096, /* within which a protocol must have been recognised */
};

enum watch_phase {
	WATCH_OPENING, /* no protocol yet */
	WATCH_TALKING,
	WATCH_HANDSHAKE, /* TLS */
	WATCH_DONE,
};

/* Starts as {}. */
struct watch_flow {
	enum watch_phase phase;
	bool is_tcp;
	bool is_whole;           /* its SYN was seen */
	bool is_swapped;         /* who was taken for the client is the server */
	bool is_starttls;        /* TLS was asked for in clear */
	bool is_behind_balancer; /* a PROXY header was there */
	bool has_spoken[WATCH_SIDE_COUNT];
	bool is_over[WATCH_SIDE_COUNT]; /* FIN, or as much was looked at as may be */
	enum watch_side first;          /* who spoke first */
	size_t looked[WATCH_SIDE_COUNT];
	struct watch_stream streams[WATCH_SIDE_COUNT];
	struct watch_talk talk;
	struct watch_tls tls;
	struct watch_tls_look *look;           /* in the handshake */
	struct watch_certificate *certificate; /* until a row takes it; owned */
	struct watch_udp *udp;
	enum watch_verdict verdict;
	const char *protocol;
	/* Of who listens (watch/ear.h). */
	bool is_met; /* was asked whether he wants to hear it */
	bool is_open_told, is_end_told;
	enum watch_secret secret_told;
	/* The same: what its pair (watch/pairs.h) has, as of the last news. */
	struct watch_address client, server;
	uint16_t client_port, server_port;
	uint8_t transport;
	bool is_passed;
	uint64_t bytes;
	int64_t first_s, last_s;
};

struct watch_flow_packet {
	enum watch_side side;
	const struct watch_packet *packet;
};

/* A packet of this flow that is not done. 0 or -ENOMEM. */
[[nodiscard]] int watch_flow_tcp(struct watch_flow *f, const struct watch_flow_packet *in);
[[nodiscard]] int watch_flow_udp(struct watch_flow *f, const struct watch_flow_packet *in);

/* No more will come. 0 or -ENOMEM. */
[[nodiscard]] int watch_flow_end(struct watch_flow *f);

/* What it holds is wiped and freed; the verdict stays, and the certificate. */
void watch_flow_release(struct watch_flow *f);

/* It never left this host, whatever the interface is; for who listens. */
bool watch_flow_is_local(const struct watch_flow *f);

/* Bytes of memory that it holds beside itself. */
size_t watch_flow_held(const struct watch_flow *f);

#endif
