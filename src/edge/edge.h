/*
 * Edges: TLS in front of mail servers. This folder joins a conversation (smtp/, imap/, pop3/,
 * sieve/) to two sockets, TLS and a backend, and writes the record of every session. It knows
 * nothing of processes: the worker accepts and hands connections in, and signs through tls_signer.
 *
 * A world is what one configuration means to a worker. A reload makes a new one; sessions hold
 * the one they began with, and the last of them frees it.
 */
#ifndef EDGE_EDGE_H
#define EDGE_EDGE_H

#include "base/buf.h"
#include "base/log_calm.h"
#include "conf/materials.h"
#include "conv/conv.h"
#include "tls/server.h"

#include <sys/socket.h>

struct io_loop;
struct store_recorder;
struct tls_client;

enum edge_address_state {
	EDGE_ADDRESS_NEW,    /* not asked yet whether it expects a PROXY header (DECISIONS 2) */
	EDGE_ADDRESS_USABLE, /* it kept silent, or needs no such question */
	EDGE_ADDRESS_BLIND,  /* it greets unasked: a PROXY header would be taken for mail */
};

/* Sessions at one address, over reloads. */
struct edge_load {
	unsigned refs;
	unsigned open;
	uint64_t sessions, failures; /* connections that stood, and that did not come to it */
};

struct edge_address {
	struct sockaddr_storage sa;
	socklen_t sa_len;
	const char *text;
	enum edge_address_state state;
	uint64_t asked_at_ms;           /* a blind one is asked again after a minute */
	uint64_t down_until_ms;         /* it could not be reached; until then others come first */
	uint64_t expiry_quiet_until_ms; /* it was said that its certificate has expired */
	bool is_unwell;                 /* the looks at it say so: others come first */
	bool is_refusing;               /* the same, but it answers: what, its clients are told */
	struct edge_load *load;
	bool has_answered; /* caps is what it offered last */
	struct conv_caps caps;
	struct conv_offer *offer; /* of its sessions, or NULL */
};

struct edge_backend {
	const struct conf_backend *conf;
	struct edge_address *addresses;
	size_t address_count;
	struct tls_client *tls; /* NULL: plain */
	struct sockaddr_storage *sources;
	size_t source_turn; /* of conf->source_count */
};

/* Whether its addresses have to show that they expect a PROXY header. Behind implicit TLS nobody
 * greets unasked: there is nothing to see; nor do our own processes. */
static inline bool edge_backend_is_listened_to(const struct edge_backend *b)
{
	return b->conf->client_info == CONV_INFO_PROXY && b->conf->tls.mode != CONF_TLS_IMPLICIT &&
	       !b->conf->is_made;
}

struct edge {
	const struct edge_world *world; /* that it is of */
	const struct conf_edge *conf;
	const struct conv_ops *ops;
	struct edge_backend *backend;
	struct tls_server *tls; /* NULL: no certificate, no STARTTLS */
	/* For whom a dated exception covers, by the version it allows: edge_old_tls(). */
	struct tls_server *old_tls[2];
	struct log_calm strangers; /* clients that have to be ours and are not */
	struct conv_settings set;
	struct conv_caps learnt;    /* what all addresses of its backends offer: edge/learn.c */
	struct edge_lookup *lookup; /* NULL: its users have one home */
	uint32_t refusal_ms;        /* how long a wrong password takes; 0: not known */
};

struct edge_world {
	unsigned refs;
	struct conf_settings *settings;
	struct edge_backend *backends;
	struct edge *edges;
	struct edge_lookup *lookups;
};

/* NULL: no exception of this edge allows that version. version 0: none. */
struct tls_server *edge_old_tls(const struct edge *edge, enum tls_version version);

enum { EDGE_WORLD_BAD = 1 }; /* ret_error says what and where */

/* Takes settings in any case. 0, EDGE_WORLD_BAD or a negative. */
[[nodiscard]] int edge_world_new(struct edge_world **ret_world, struct conf_settings *settings,
                                 const struct conf_materials *materials, struct tls_signer *signer,
                                 char *ret_error, size_t error_cap);
struct edge_world *edge_world_ref(struct edge_world *w);
void edge_world_unref(struct edge_world *w);
void edge_world_set_ticket_keys(struct edge_world *w, const uint8_t *current,
                                const uint8_t *previous);

/* What a worker counts; ctl status shows the sum over the workers. */
struct edge_counters {
	uint64_t sessions;
	uint64_t tls;
	uint64_t tls_failed;
	uint64_t plain;
	uint64_t legacy;
	uint64_t resumed;
	uint64_t refused; /* at the door, over a limit */
	uint64_t exposures;
	uint64_t backend_failures;
	uint64_t messages;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t logins_slowed;  /* after failed ones: answered late */
	uint64_t logins_refused; /* the same: the backend was not asked */
	uint64_t lookups;        /* of users' backends */
	uint64_t lookups_unknown;
	uint64_t lookups_failed;
	uint64_t refused_busy; /* of refused: more handshakes than this worker can make */
};

/* All sessions of a worker. */
struct edge_pool;

[[nodiscard]] int edge_pool_new(struct edge_pool **ret_pool, struct io_loop *loop);
/* Who keeps the records, beside the log. It outlives the pool. */
void edge_pool_record_to(struct edge_pool *pool, struct store_recorder *recorder);
/* Who tells other workers and nodes of failed logins, and what they counted. It outlives the pool.
 */
struct edge_guesses;
struct edge_throttle_pair;
void edge_pool_guess_to(struct edge_pool *pool, struct edge_guesses *guesses);
/* Who is not let in from now on, all of them (edge/bans.h); sessions of theirs end. */
void edge_pool_ban(struct edge_pool *pool, struct slice text);
void edge_pool_guess_heard(struct edge_pool *pool, const struct edge_throttle_pair *pair,
                           unsigned failures);
/* Tunnels that may be used from now on, all of them; sessions by others end. Takes list. */
struct tunnel_told;
void edge_pool_tunnels(struct edge_pool *pool, struct tunnel_told *list, size_t count);
void edge_pool_free(struct edge_pool *pool);
const struct edge_counters *edge_pool_counters(const struct edge_pool *pool);
size_t edge_pool_open(const struct edge_pool *pool);
/* Sessions in line for a handshake. */
size_t edge_pool_in_line(const struct edge_pool *pool);
/* Ends the sessions, idle ones first, per_second at a time, all by the deadline. */
void edge_pool_drain(struct edge_pool *pool, unsigned per_second, uint32_t deadline_ms,
                     void (*on_empty)(void *owner), void *owner);

/*
 * A connection was accepted. Takes fd in any case; peer is its far end. What goes wrong ends
 * this session alone.
 */
void edge_session_start(struct edge_pool *pool, struct edge_world *world, struct edge *edge,
                        bool is_implicit, int fd, const struct sockaddr *peer);

#endif
