/*
 * A store that several nodes of ours share: Valkey or Redis, alone or as a Redis Cluster. It
 * connects to the servers of the settings and to nothing else: in a cluster all its nodes are
 * among them, and each is known by the name it calls itself, so that a redirection leads to one of
 * them whatever address it carries. It never waits: a question that cannot be asked or is not
 * answered is told so, and what was to be written is the caller's to write again.
 */
#ifndef CLUSTER_CLIENT_H
#define CLUSTER_CLIENT_H

#include "cluster/server.h"

struct cluster_client;

enum {
	CLUSTER_SERVERS_MAX = 32,
	CLUSTER_COMMANDS_MAX = 4096, /* under way */
	CLUSTER_BYTES_MAX = 32 * 1024 * 1024,
	CLUSTER_WORDS_MAX = 64,         /* of a command */
	CLUSTER_PATIENCE_MS = 5 * 1000, /* for redirections, and a shard that is being replaced */
};

struct cluster_place {
	const char *name; /* for the log */
	struct sockaddr_storage address;
	socklen_t address_len;
};

struct cluster_client_settings {
	struct io_loop *loop;
	const struct cluster_place *places; /* copied; their names are not */
	size_t place_count;                 /* 1 to CLUSTER_SERVERS_MAX */
	struct slice password;              /* borrowed; empty: none */
	void *owner;
	/* It can be asked (all slots of a cluster are served), or no longer. Not from inside a
	 * call of this header. */
	void (*on_reached)(void *owner, bool is_reached);
};

/* 0 or -ENOMEM. */
[[nodiscard]] int cluster_client_new(struct cluster_client **ret_c,
                                     const struct cluster_client_settings *set);
/* Nobody hears of what is under way. NULL is fine; not from inside one of its callbacks. */
void cluster_client_free(struct cluster_client *c);
bool cluster_client_is_reached(const struct cluster_client *c);

/*
 * words: the command, its key the second of them (copied)
 * fn:    gets the answer, or NULL: there was none in time, and whether it was done is not known;
 *        NULL where nobody wants to know
 *
 * Returns 0: fn follows; CLUSTER_AWAY: it does not, for the store is not reached or too much is
 * under way; or -ENOMEM.
 */
enum { CLUSTER_AWAY = 1 };
[[nodiscard]] int cluster_ask(struct cluster_client *c, const struct slice *words, size_t count,
                              cluster_answer_fn *fn, void *owner);

#endif
