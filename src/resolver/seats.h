/*
 * The places at far ends that workers hold or wait for (resolver/places.h), by their messages. A
 * worker that ends gives all of its places back; one that meets a new resolver says which it has.
 */
#ifndef RESOLVER_SEATS_H
#define RESOLVER_SEATS_H

#include "base/slice.h"

struct io_loop;
struct proc_msg;
struct proc_peer;
struct seats;
struct seats_worker;

[[nodiscard]] int seats_new(struct seats **ret_s, struct io_loop *loop);
/* Behind its workers. */
void seats_free(struct seats *s);

/* peer: borrowed, as long as the worker. */
[[nodiscard]] int seats_worker_new(struct seats_worker **ret_w, struct seats *s,
                                   struct proc_peer *peer);
void seats_worker_free(struct seats_worker *w);
/* PROC_MSG_PLACE, PROC_MSG_PLACE_GIVE. 0, or a negative: it is no such message. */
[[nodiscard]] int seats_on_place(struct seats_worker *w, struct slice payload);
[[nodiscard]] int seats_on_give(struct seats_worker *w, struct slice payload);

#endif
