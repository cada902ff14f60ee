/*
 * The policy service: a Postfix that delivers itself asks, over a unix socket, what TLS a
 * destination must have (smtp_tls_policy_maps = socketmap:unix:PATH:policy). Answers come from the
 * same decisions as the relay's own hops. An answer that cannot be had is TEMP, never a weaker
 * level.
 */
#ifndef RELAY_SERVICE_H
#define RELAY_SERVICE_H

#include "conf/settings.h"

struct io_loop;
struct policy_asker;
struct relay_service;

/*
 * Clients of a worker, each with one question under way. Of those that ask nothing the one that has
 * been silent for the longest gives way to who comes above that; Postfix connects again. One
 * process has half of that at most, so that it turns nobody else away.
 */
enum { RELAY_SERVICE_CLIENTS_MAX = 2000, RELAY_SERVICE_EACH_MAX = 1000 };

/* Where the map "transport" sends mail; nothing without a port. */
struct relay_service_transport {
	uint16_t port; /* of a relay on every address of loopback */
	bool is_lmtp;
	char **local_domains; /* left alone; NULL last; the caller's until the next one is set */
};

struct relay_service_settings {
	struct io_loop *loop;
	struct policy_asker *asker;
	enum conf_dialect dialect;
	size_t clients_max, each_max; /* RELAY_SERVICE_... */
};

struct relay_service_counters {
	uint64_t questions;
	uint64_t answers; /* with a level */
	uint64_t temps;
};

[[nodiscard]] int relay_service_new(struct relay_service **ret_s,
                                    const struct relay_service_settings *set);
void relay_service_free(struct relay_service *s);
/* A reload. */
void relay_service_set_dialect(struct relay_service *s, enum conf_dialect dialect);
void relay_service_set_transport(struct relay_service *s,
                                 const struct relay_service_transport *transport);
/* Takes fd, a connection. */
void relay_service_accept(struct relay_service *s, int fd);
const struct relay_service_counters *relay_service_counters(const struct relay_service *s);

#endif
