/*
 * The protocols that are recognised, one row each. A row says whether first bytes are its, never a
 * port; its parser is fed what each side says, in order, and notes what is proven (watch/talk.h).
 *
 * A protocol of lines has line(): it gets whole lines without their end, and literals; after a gap
 * it goes on with the next line. Another has feed(): it gets what there is and returns how many
 * bytes it used, 0 if it needs more; a gap is its end. Parsers keep no pointer to what they get.
 */
#ifndef WATCH_PROTO_H
#define WATCH_PROTO_H

#include "watch/talk.h"

enum watch_fit {
	WATCH_FIT_NO,
	WATCH_FIT_MORE, /* so far it could be */
	WATCH_FIT_YES,
};

/* The first bytes of each side; either may be empty. */
struct watch_opening {
	struct slice client, server;
};

struct watch_proto {
	const char *name; /* in every output */
	enum watch_fit (*fit)(const struct watch_opening *o);
	/* Is this what is said in the middle of a connection? MORE: what the other side says
	 * decides it. NULL: nobody can know. */
	enum watch_fit (*fit_middle)(const struct watch_opening *o);
	/* The parser's state there; NULL: that of a beginning. */
	void (*on_middle)(struct watch_talk *t);
	bool is_fit_weak; /* fit() proves nothing but of the first bytes of a connection */
	void (*line)(struct watch_talk *t, enum watch_side side, struct slice line);
	size_t (*feed)(struct watch_talk *t, enum watch_side side, struct slice input);
	bool is_link_good; /* mailseal link carries it as it is */
	const char *mend;  /* the server's own setting; NULL: there is none */
};

/* In the order in which they are asked: the more special first. */
extern const struct watch_proto *const watch_protos[];
extern const size_t watch_proto_count;

enum {
	WATCH_LINE_MAX = 8192,    /* more of a line is passed over */
	WATCH_LITERAL_MAX = 1024, /* longer ones are passed over: no name and no password */
};

/* The protocol of an opening. NULL: none; *ret_more: it may yet be one. */
const struct watch_proto *watch_proto_find(const struct watch_opening *o, bool *ret_more);

/* The same of a connection that began before the capture; what may stand in either direction. */
struct watch_middle {
	const struct watch_proto *proto; /* NULL: none */
	bool is_certain;                 /* else it may yet be another */
	bool is_swapped;                 /* who was taken for the server is the client */
	bool is_begun;                   /* what there is stands behind its beginning */
};
struct watch_middle watch_proto_find_middle(const struct watch_opening *o);

/* Feeds what there is; returns how many bytes were used. is_asked, is_tls and is_lost stop it. */
size_t watch_talk_feed(struct watch_talk *t, enum watch_side side, struct slice input);

/* Something is missing before what comes next from this side. */
void watch_talk_gap(struct watch_talk *t, enum watch_side side);

#endif
