/*
 * One server of a store: a connection that is made again when it breaks, and answers in the order
 * of what was asked. Used by cluster/client.c.
 */
#ifndef CLUSTER_SERVER_H
#define CLUSTER_SERVER_H

#include "cluster/reply.h"
#include "io/loop.h"

#include <sys/socket.h>

struct cluster_server;

enum {
	CLUSTER_ANSWER_MS = 3000, /* without a byte for so long, though it owes an answer, it is
	                             given up */
	CLUSTER_RETRY_MS = 1000,  /* and called again after so long */
	CLUSTER_OWED_MAX = 8192,  /* answers */
};

struct cluster_server_settings {
	struct io_loop *loop;
	const char *name; /* for the log; these three are copied, and what they point to is not */
	const struct sockaddr *address;
	socklen_t address_len;
	struct slice password; /* empty: none */
	void *owner;
	void (*on_up)(void *owner, struct cluster_server *s);
	void (*on_down)(void *owner, struct cluster_server *s); /* behind the last answer */
};

/* NULL: the connection broke before it came. Not from inside a call of this header. */
typedef void cluster_answer_fn(void *owner, const struct cluster_value *answer);

/* 0 or -ENOMEM. */
[[nodiscard]] int cluster_server_new(struct cluster_server **ret_s,
                                     const struct cluster_server_settings *set);
/* Nobody hears of what it owes. NULL is fine; not from inside one of its callbacks. */
void cluster_server_free(struct cluster_server *s);
bool cluster_server_is_up(const struct cluster_server *s);

/* wire: one command, as RESP. 0: fn follows; CLUSTER_SERVER_DOWN: it does not; or -ENOMEM. */
enum { CLUSTER_SERVER_DOWN = 1 };
[[nodiscard]] int cluster_server_ask(struct cluster_server *s, struct slice wire,
                                     cluster_answer_fn *fn, void *owner);

/* A command as RESP, at the end of a buf. 0 or -ENOMEM. */
[[nodiscard]] int cluster_wire_add(struct buf *b, const struct slice *words, size_t count);

#endif
