/*
 * One direction of a TCP connection, put together (RFC 9293 3.4): what comes out of order is held,
 * what comes twice is dropped, what overlaps counts as it came first. A hole is given up when the
 * far end has acknowledged it (then the capture lost it, not the network) or too much is held
 * behind it. Bounded, and wiped when freed: it may hold a password. Pure.
 *
 * What comes in order is not copied but lent, until watch_stream_keep(): most of it is read at
 * once.
 */
#ifndef WATCH_STREAM_H
#define WATCH_STREAM_H

#include "base/buf.h"

enum {
	WATCH_HELD_MAX = 32 * 1024, /* bytes out of order */
	WATCH_PIECES_MAX = 64,
};

struct watch_piece {
	uint32_t seq;
	size_t len;
	uint8_t *bytes;
};

/* Starts as {}: the first segment is then the beginning, as of a flow that began before the
 * capture. */
struct watch_stream {
	bool has_begun;
	bool is_after_gap; /* what comes next does not follow what came last */
	uint32_t next;     /* the sequence number that is wanted */
	uint32_t acked;    /* by the far end; with has_ack */
	bool has_ack;
	struct watch_piece *pieces; /* in order */
	size_t piece_count, piece_cap, held;
	struct buf ready;  /* in order, not used yet */
	struct slice lent; /* the same, still in its packet; then ready is empty */
};

void watch_stream_deinit(struct watch_stream *s);

/* A SYN came: the byte behind it is the first. */
void watch_stream_begin(struct watch_stream *s, uint32_t syn_seq);

struct watch_segment {
	uint32_t seq;
	struct slice bytes;
	size_t missing; /* bytes behind these that the capture cut off */
};

/* What is in order and was not used yet. Borrowed. */
static inline struct slice watch_stream_ready(const struct watch_stream *s)
{
	return s->lent.len ? s->lent : buf_slice(&s->ready);
}

/* Bytes of memory. */
size_t watch_stream_held(const struct watch_stream *s);

/* Something is missing before what is ready now; what was there before it is gone. */
enum watch_stream_result { WATCH_STREAM_GAP = 1 };

/* The segment's bytes have to stay until watch_stream_keep(). Returns 0, WATCH_STREAM_GAP, or
 * -ENOMEM. */
[[nodiscard]] int watch_stream_add(struct watch_stream *s, const struct watch_segment *segment);

/* The far end has all before ack. As watch_stream_add(). */
[[nodiscard]] int watch_stream_ack(struct watch_stream *s, uint32_t ack);

/* Nothing more will come: the first hole is given up. False: none is left. As a gap else. */
[[nodiscard]] int watch_stream_flush(struct watch_stream *s, bool *ret_has_more);

/* Forgets the first len bytes of what is ready, and wipes them if they were kept. */
void watch_stream_use(struct watch_stream *s, size_t len);

/* Copies what was lent. 0 or -ENOMEM. */
[[nodiscard]] int watch_stream_keep(struct watch_stream *s);

#endif
