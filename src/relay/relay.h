/*
 * The way out: MTAs hand messages over by LMTP or SMTP, each recipient's destination is looked
 * up, connected to with the TLS that it must have, and the message is passed through while it
 * arrives. Nothing is stored, and a 2xx is only ever the far end's own: the MTA keeps the message
 * until then (DESIGN 7: every other end is 4yz or a hang-up).
 *
 * This folder joins the conversations (smtp/handoff.h, smtp/hop.h) to sockets and TLS, and asks
 * for policy (policy/ask.h). It knows nothing of processes.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "base/slice.h"
#include "conf/materials.h"

#include <sys/socket.h>

struct io_loop;
struct policy_asker;
struct relay;
struct relay_world;
struct store_recorder;

/* What a worker counts. */
struct relay_counters {
	uint64_t handoffs; /* connections of MTAs */
	uint64_t hops;     /* connections to far ends that came to their hello */
	uint64_t sealed, authenticated, plain;
	uint64_t tls_failed; /* handshake or proof */
	uint64_t messages;   /* that a far end took, one for each destination */
};

[[nodiscard]] int relay_new(struct relay **ret_r, struct io_loop *loop, struct policy_asker *asker);
/* Who keeps the records, beside the log. It outlives the relay. */
void relay_record_to(struct relay *r, struct store_recorder *recorder);
void relay_free(struct relay *r);

enum { RELAY_WORLD_BAD = 1 }; /* ret_error says what */

struct relay_world_settings {
	const struct conf_settings *settings;
	size_t number; /* which relay of them */
	const struct conf_materials *materials;
	struct tls_signer *signer;
};
/* Connections go on with the one they began with. 0, RELAY_WORLD_BAD or a negative. */
[[nodiscard]] int relay_world_new(struct relay_world **ret_w,
                                  const struct relay_world_settings *set, char *ret_error,
                                  size_t error_cap);
void relay_world_unref(struct relay_world *w);

/* Where an MTA came in. */
struct relay_door {
	bool is_lmtp;
	bool is_tls; /* from the first byte, and it has to prove itself */
};
/* to->pins: freed by the caller. 0 or -ENOMEM. */
struct relay_route;
[[nodiscard]] int relay_route_take(struct relay_route *to, const struct conf_route *from);

/* Takes fd, a connection of an MTA. */
void relay_accept(struct relay *r, struct relay_world *w, struct relay_door door, int fd,
                  const struct sockaddr *peer);

const struct relay_counters *relay_counters(const struct relay *r);
/* Connections of MTAs. */
size_t relay_open(const struct relay *r);

/* Those that owe no answer are told to come back, the others as soon as they do not; what is left
 * at the deadline is cut, and its MTA has no answer. on_empty: once, perhaps at once. */
void relay_drain(struct relay *r, uint32_t deadline_ms, void (*on_empty)(void *owner), void *owner);

#endif
