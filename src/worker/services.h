/*
 * What listens in a worker beside its edges: the policy service, the relays, the links, and the
 * collector of TLS reports. Sockets come from the parent and count from the next start on, as those
 * of edges do.
 */
#ifndef WORKER_SERVICES_H
#define WORKER_SERVICES_H

#include "base/buf.h"
#include "conf/materials.h"
#include "proc/msg.h"

struct io_loop;
struct policy_asker;
struct tls_signer;
struct relay;
struct relay_world_settings;
struct worker_services;

[[nodiscard]] int worker_services_new(struct worker_services **ret_s, struct io_loop *loop,
                                      struct policy_asker *asker);
void worker_services_free(struct worker_services *s);
struct relay *worker_services_relay(struct worker_services *s);
struct link_pool;
struct link_pool *worker_services_links(struct worker_services *s);
struct relay_service_counters;
const struct relay_service_counters *worker_services_policy(const struct worker_services *s);
struct relay_collector;
const struct relay_collector *worker_services_collector(const struct worker_services *s);
/* Takes fd: one that counts after the next start. 0, -EPROTO or -ENOMEM. */
[[nodiscard]] int worker_services_add(struct worker_services *s, struct slice payload, int fd);
/* What was added or prepared is forgotten. NULL is fine. */
void worker_services_clear(struct worker_services *s);

enum { WORKER_SERVICES_BAD = 1 }; /* ret_error says what */

/* What the settings say, for the next start; set->number is not looked at. 0, WORKER_SERVICES_BAD
 * or a negative. */
[[nodiscard]] int worker_services_prepare(struct worker_services *s,
                                          const struct relay_world_settings *set, char *ret_error,
                                          size_t error_cap);
/* What was added and prepared takes the place of what was there. */
[[nodiscard]] int worker_services_start(struct worker_services *s);
/* No new connections; those that are there go on. */
void worker_services_stop(struct worker_services *s);

#endif
