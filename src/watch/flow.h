/*
 * One connection, or one exchange of datagrams: put together, recognised, judged. When its verdict
 * can no longer change, what it holds is wiped and freed, and its bytes are only counted.
 */
#ifndef WATCH_FLOW_H
#define WATCH_FLOW_H

#include "watch/datagram.h"
#include "watch/rows.h"
#include "watch/stream.h"
#include "watch/talk.h"

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

struct watch_flow {
	/* Of the table (watch/flows.h). */
	struct watch_flow *next;             /* of the same place */
	struct watch_flow *newer, *older;    /* by the last packet */
	struct watch_address client, server; /* as far as is known: who began, or spoke first */
	uint16_t client_port, server_port;
	uint8_t transport;
	/* Of the connection. */
	enum watch_phase phase;
	bool is_whole;           /* its SYN was seen */
	bool is_starttls;        /* TLS was asked for in clear */
	bool is_behind_balancer; /* a PROXY header was there */
	bool has_spoken[WATCH_SIDE_COUNT];
	bool is_over[WATCH_SIDE_COUNT]; /* FIN, or as much was looked at as may be */
	enum watch_side first;          /* who spoke first */
	size_t looked[WATCH_SIDE_COUNT];
	struct watch_stream streams[WATCH_SIDE_COUNT];
	struct watch_talk talk;
	struct watch_tls tls;
	struct watch_tls_look *look; /* in the handshake */
	struct watch_udp *udp;
	enum watch_verdict verdict;
	const char *protocol;
	const char *mend;  /* of datagrams; NULL: there is none */
	bool is_link_good; /* of datagrams */
	/* Of its row. */
	struct watch_row *row; /* NULL: it said nothing yet */
	bool is_left_out;      /* there was no room for one */
	uint64_t bytes;
	int64_t first_s;
	/* Of who listens (watch/ear.h). */
	bool is_met;                      /* was asked whether he wants to hear it */
	bool is_closed[WATCH_SIDE_COUNT]; /* FIN */
	bool is_open_told, is_end_told;
	enum watch_secret secret_told;
	int64_t last_s;
};

struct watch_flow_packet {
	enum watch_side side;
	const struct watch_packet *packet;
};

/* A packet of this flow. 0 or -ENOMEM. */
[[nodiscard]] int watch_flow_tcp(struct watch_flow *f, const struct watch_flow_packet *in);
[[nodiscard]] int watch_flow_udp(struct watch_flow *f, const struct watch_flow_packet *in);

/* No more will come. 0 or -ENOMEM. */
[[nodiscard]] int watch_flow_end(struct watch_flow *f);

/* What it holds is wiped and freed; the verdict stays. */
void watch_flow_release(struct watch_flow *f);

/* It never left this host, whatever the interface is. */
bool watch_flow_is_local(const struct watch_flow *f);

/* Bytes that it holds of what was said. */
size_t watch_flow_held(const struct watch_flow *f);

#endif
