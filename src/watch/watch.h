/*
 * What crosses a network in clear. Frames in, rows out (watch/rows.h): who talks to whom, by what,
 * and whether it is encrypted. Reads no interface and no file: who captures feeds it (cmd/watch).
 * Bounded in flows, rows and bytes; the oldest idle flow gives way to a new one.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include "watch/ear.h"
#include "watch/flow.h"
#include "watch/fragment.h"
#include "watch/rows.h"

enum {
	WATCH_FLOWS_MAX = 100000,
	WATCH_FLOWS_LIMIT = 10000000,
	WATCH_HELD_ALL_MAX = 64 * 1024 * 1024, /* of what all flows said, bytes */
};

struct watch_settings {
	int link;                        /* enum watch_link */
	enum watch_wire wire;            /* of the interface; loopback addresses are LOCAL anyway */
	uint64_t seed;                   /* random */
	size_t flows_max;                /* 0: WATCH_FLOWS_MAX; at most WATCH_FLOWS_LIMIT */
	struct watch_listener *listener; /* NULL: rows are made; else there are none */
};

struct watch_counts {
	uint64_t packets, others, broken; /* others: no IP, or neither TCP, UDP nor ESP */
	uint64_t flows, flows_forgotten;  /* before they ended, to make room */
	uint64_t flows_cut;               /* of those, before they were judged for good */
};

struct watch;

/* 0 or -ENOMEM. */
[[nodiscard]] int watch_new(struct watch **ret_watch, const struct watch_settings *settings);
void watch_free(struct watch *w);

struct watch_frame {
	struct slice bytes;
	int64_t at_s;   /* Unix time */
	bool is_passed; /* neither from nor for the interface (watch/interface.h) */
};

/* 0 or -ENOMEM. */
[[nodiscard]] int watch_feed(struct watch *w, const struct watch_frame *frame);

enum {
	WATCH_OPEN_S = 300,  /* a connection is told of, though it goes on */
	WATCH_REST_S = 60,   /* of what ended, and of datagrams */
	WATCH_IDLE_S = 3600, /* of a connection; what comes behind it is another one */
};

/*
 * To be called every now and then where a listener is: who goes on for long is told, who rests for
 * so long has ended. 0 or -ENOMEM.
 */
[[nodiscard]] int watch_sweep(struct watch *w, int64_t now_s);

/* No more will come: what is open is judged as it stands. 0 or -ENOMEM. */
[[nodiscard]] int watch_end(struct watch *w);

/* The next row that was not told of before. NULL: there is none. */
const struct watch_row *watch_tell(struct watch *w);

const struct watch_rows *watch_rows_of(const struct watch *w);
const struct watch_counts *watch_counts_of(const struct watch *w);

#endif
