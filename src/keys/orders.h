/* What the parent wants for an order of a certificate: its messages, answered. */
#ifndef KEYS_ORDERS_H
#define KEYS_ORDERS_H

#include "base/buf.h"

struct keys_store;

/*
 * PROC_MSG_MAKE_REQUEST, and PROC_MSG_REQUEST_MADE for it: what cannot be done is logged and
 * answered so. fd stays the caller's. 0, -EPROTO or -ENOMEM.
 */
[[nodiscard]] int keys_order_request(struct buf *ret_answer, struct slice payload, int fd);

/*
 * PROC_MSG_MAKE_CHALLENGE, and PROC_MSG_CHALLENGE_MADE: the key is new, in the store by its number
 * until it is forgotten, and written into fd, which stays the caller's. 0, -EPROTO or -ENOMEM.
 */
[[nodiscard]] int keys_order_challenge(struct buf *ret_answer, struct keys_store *store,
                                       struct slice payload, int fd);

#endif
