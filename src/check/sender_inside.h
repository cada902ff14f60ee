/* Inside check/sender_* only: a bench, and who visits it. */
#ifndef CHECK_SENDER_INSIDE_H
#define CHECK_SENDER_INSIDE_H

#include "check/sender_bench.h"
#include "check/sender_talk.h"
#include "io/stream.h"

enum { CHECK_SENDER_PEER_CAP = 64 };

struct check_sender_visit {
	struct check_sender_visit *next, *prev;
	struct check_sender_bench *bench;
	const struct check_sender_case *c; /* NULL: it wants a policy */
	struct io_stream stream;
	struct io_deadline late;
	struct io_later end;
	struct check_sender_talk talk;
	char peer[CHECK_SENDER_PEER_CAP]; /* its address, without a port */
	char host[CHECK_SENDER_NAME_CAP], domain[CHECK_SENDER_NAME_CAP];
	enum check_sender_arrival noted; /* the bench knows of this much */
	bool is_over;                    /* what is left is sent, and then it ends */
};

struct check_sender_listener {
	struct check_sender_bench *bench;
	const struct check_sender_place *place;
	struct io_watch *watch;
	int fd;
};

struct check_sender_bench {
	struct check_sender_bench_settings set;
	struct check_sender_listener listeners[CHECK_SENDER_PLACES_MAX];
	unsigned listener_count;
	struct check_sender_visit visits; /* a ring, this is its head */
	unsigned visit_count, strangers;
	struct check_sender_seen seen[CHECK_SENDER_CASE_COUNT];
	struct io_deadline tick;
	bool is_closing; /* who is still there did not end by himself: that says nothing */
};

/* Without a port. */
void check_sender_peer_text(const struct sockaddr_storage *peer,
                            char ret_text[CHECK_SENDER_PEER_CAP]);

/* Takes fd. What goes wrong ends this visit alone. */
void check_sender_visit_begin(struct check_sender_bench *b, const struct check_sender_case *c,
                              int fd, const struct sockaddr_storage *peer);
void check_sender_visit_free(struct check_sender_visit *v);

/* A visit came so far (or further than was noted before). */
void check_sender_note(struct check_sender_bench *b, struct check_sender_visit *v,
                       enum check_sender_arrival arrival);
void check_sender_note_fetch(struct check_sender_bench *b, const struct check_sender_case *c);
/* The handshake of who wanted a policy failed: host is what its ClientHello named. */
void check_sender_note_refusal(struct check_sender_bench *b, const char *host);

#endif
