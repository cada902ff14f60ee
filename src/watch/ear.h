/*
 * Who listens to single flows as they happen, in place of the rows that watch/rows.h adds up: a
 * daemon that tells the ledger of each. An ear is of one flow, and embedded in what its owner keeps
 * of it; what it hears may hold a password, and is not to be kept.
 */
#ifndef WATCH_EAR_H
#define WATCH_EAR_H

#include "base/slice.h"
#include "watch/talk.h"

struct tls_hello;
struct watch_flow;

struct watch_ear {
	/* A line without its end, or a literal (talk->is_literal), of a protocol that has lines,
	 * once its parser has read it. */
	void (*line)(struct watch_ear *ear, const struct watch_talk *talk, enum watch_side side,
	             struct slice line);
	/* The ClientHello of a handshake over TCP. */
	void (*hello)(struct watch_ear *ear, const struct tls_hello *hello);
	/* Bytes that its owner keeps of what he heard, none at first: they count as the flow's. */
	size_t held;
};

enum watch_news {
	WATCH_NEWS_SECRET, /* flow->talk.secret is a worse one than before */
	WATCH_NEWS_OPEN,   /* it goes on for long, and its verdict is known */
	WATCH_NEWS_END, /* the last; once for each flow that said anything. Its ear goes with it */
};

struct watch_listener {
	/* The first word of a connection that was seen from its beginning. NULL: nobody wants to
	 * hear it. */
	struct watch_ear *(*begin)(struct watch_listener *l, const struct watch_flow *f);
	void (*tell)(struct watch_listener *l, const struct watch_flow *f, enum watch_news news);
};

#endif
