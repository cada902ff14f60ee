/*
 * The nodes of a Redis Cluster and the slots they serve, as one of them tells (CLUSTER NODES), and
 * where a redirection leads. A store names addresses that we never connect to: they only find the
 * node, and what we connect to is what the settings name. Pure; nothing of it is believed.
 */
#ifndef CLUSTER_NODES_H
#define CLUSTER_NODES_H

#include "base/slice.h"
#include "cluster/slot.h"

enum {
	CLUSTER_NODES_MAX = 128,
	CLUSTER_NODE_ID_LEN = 40,
	CLUSTER_ENDPOINT_MAX = 79,
	CLUSTER_NONE = 0xff, /* no node */
};

struct cluster_node {
	char id[CLUSTER_NODE_ID_LEN + 1];
	char endpoint[CLUSTER_ENDPOINT_MAX + 1]; /* "127.0.0.1:7000" */
	bool is_myself;                          /* of who was asked */
};

struct cluster_nodes {
	struct cluster_node nodes[CLUSTER_NODES_MAX];
	size_t count;
	uint8_t slots[CLUSTER_SLOTS]; /* a node's number, or CLUSTER_NONE */
};

/* Returns 0 or CLUSTER_NODES_BAD: it is no such list, or a larger one; *ret_nodes is not whole. */
enum { CLUSTER_NODES_BAD = 1 };
[[nodiscard]] int cluster_nodes_parse(struct cluster_nodes *ret_nodes, struct slice text);

/* The node's number, or CLUSTER_NONE. */
size_t cluster_nodes_by_endpoint(const struct cluster_nodes *n, struct slice endpoint);
size_t cluster_nodes_myself(const struct cluster_nodes *n);

/* What an answer means for who asked. */
enum cluster_turn {
	CLUSTER_TURN_NONE,  /* it is the answer */
	CLUSTER_TURN_MOVED, /* the slot is at another node from now on */
	CLUSTER_TURN_ASK,   /* this once at another node, behind ASKING */
	CLUSTER_TURN_LATER, /* the slot or the store is not ready: again in a while */
};

struct cluster_redirect {
	enum cluster_turn turn;
	unsigned slot;         /* of MOVED */
	struct slice endpoint; /* of MOVED and ASK; borrowed from the error */
};

/* error: of a CLUSTER_ERROR. */
struct cluster_redirect cluster_redirect_parse(struct slice error);

#endif
