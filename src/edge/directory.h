/*
 * A service that says where users are at home (lookup with socketmap): a few connections of this
 * worker to it, which are kept, each with one question at a time; the others wait in a line that no
 * address fills (edge/line.h). An answer holds for a while. Nobody waits longer than the timeout.
 */
#ifndef EDGE_DIRECTORY_H
#define EDGE_DIRECTORY_H

#include "edge/line.h"
#include "io/loop.h"
#include "sasl/credential.h"

#include <sys/socket.h>

/* Questions under way. A service that takes fewer connections is asked over those it takes. */
enum { EDGE_DIRECTORY_CONNECTIONS = 4 };

enum edge_home {
	EDGE_HOME_FOUND,
	EDGE_HOME_UNKNOWN, /* there is no such user */
	EDGE_HOME_LATER,   /* nobody can say now */
};

struct edge_directory_settings {
	const char *name; /* of the log */
	const struct sockaddr *at;
	socklen_t at_len;
	const char *map;
	uint32_t timeout_ms, keep_ms;
};

struct edge_directory_lane;

struct edge_question {
	struct edge_line_item place;      /* who: whose question it is */
	struct edge_directory *directory; /* while it is asked */
	struct edge_directory_lane *lane; /* it has its turn there */
	char user[SASL_NAME_CAP];
	bool is_refused; /* it did not get into the line */
	/* answer: with FOUND. It may free the question, and ask another. */
	void (*fn)(struct edge_question *q, enum edge_home home, struct slice answer);
	struct io_deadline late;
};

struct edge_directory;

/* set: what it points to outlives it. */
[[nodiscard]] int edge_directory_new(struct edge_directory **ret_d,
                                     const struct edge_directory_settings *set);
void edge_directory_free(struct edge_directory *d); /* nobody asks any more */

/* fn is called from a later turn; place.who, user and fn are set, the rest is zero. */
void edge_directory_ask(struct edge_directory *d, struct io_loop *loop, struct edge_question *q);
/* It is not wanted any more; fn is not called. Nothing, where it is not asked. Who had a turn keeps
 * it until the service has answered, so nobody asks more by leaving. */
void edge_directory_cancel(struct edge_question *q);

#endif
