/*
 * Links: each is one end of a sealed way between two hosts of our own. The near end takes
 * connections in clear on its host and carries them in TLS 1.3 to the far end, which takes them to
 * a service on its own. Both show a certificate of the internal CA, and both look at the other's
 * name (`peer`). Where that cannot be, who connected is refused at once: nothing goes in clear.
 *
 * Bytes are carried as TCP would: an end of one way is passed on by itself (close_notify is FIN),
 * a connection that breaks breaks at both sides, and nobody is read faster than the other side
 * takes. With protocol "syslog" datagrams are carried, as RFC 5425 frames.
 *
 * This folder knows nothing of processes: a worker accepts, and signs through tls_signer.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "conf/materials.h"

#include <sys/socket.h>

struct io_loop;
struct link_pool;
struct link_world;
struct policy_asker;
struct store_recorder;

/* What a worker counts. */
struct link_counters {
	uint64_t connections; /* that were carried */
	uint64_t refused;     /* that could not be, or over a limit */
	uint64_t tls_failed;  /* other ends that did not prove who they are, or refused us */
	uint64_t bytes_in;    /* from who connected */
	uint64_t bytes_out;
	uint64_t datagrams;
	uint64_t datagrams_lost; /* for which there was no way, or no room */
};

/* All connections of a worker. asker: for names of hosts; it outlives the pool. */
[[nodiscard]] int link_pool_new(struct link_pool **ret_pool, struct io_loop *loop,
                                struct policy_asker *asker);
/* Who keeps the records, beside the log. It outlives the pool. */
void link_pool_record_to(struct link_pool *pool, struct store_recorder *recorder);
/* All connections end now. */
void link_pool_end(struct link_pool *pool);
/* Behind the last world. */
void link_pool_free(struct link_pool *pool);
const struct link_counters *link_pool_counters(const struct link_pool *pool);
size_t link_pool_open(const struct link_pool *pool);
/* No new ones; those that are there may end by themselves until the deadline. */
void link_pool_drain(struct link_pool *pool, uint32_t deadline_ms, void (*on_empty)(void *owner),
                     void *owner);

struct link_world_settings {
	struct link_pool *pool; /* keeps the names of the world, and outlives it */
	const struct conf_settings *settings;
	const struct conf_materials *materials;
	struct tls_signer *signer;
};

enum { LINK_WORLD_BAD = 1 }; /* ret_error says what and where */

/* What all links of one configuration mean; connections hold the one they began with. 0,
 * LINK_WORLD_BAD or -ENOMEM. */
[[nodiscard]] int link_world_new(struct link_world **ret_w, const struct link_world_settings *set,
                                 char *ret_error, size_t error_cap);
void link_world_unref(struct link_world *w);

/* This world is in force from now on: what is kept open for others ends when it is through, and
 * what goes to a host that its list denies ends at once. */
void link_pool_switch(struct link_pool *pool, const struct link_world *now);

/* A connection came to a link, by its number in the settings. Takes fd. */
void link_accept(struct link_pool *pool, struct link_world *w, uint32_t number, int fd,
                 const struct sockaddr *peer);

/* There are datagrams at fd, which stays the caller's. */
void link_datagrams_read(struct link_pool *pool, struct link_world *w, uint32_t number, int fd);

#endif
