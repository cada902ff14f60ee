/* What the kernel is asked by netlink. Pure: one message each, into an empty buf. 0 or -ENOMEM. */
#ifndef TUNNEL_QUESTION_H
#define TUNNEL_QUESTION_H

#include "base/buf.h"
#include "tunnel/tunnel.h"

/* A link, by its name. */
[[nodiscard]] int tunnel_ask_link(struct buf *question, const char *name);
/* By which route a connection of that user would go. */
[[nodiscard]] int tunnel_ask_route(struct buf *question, const struct tunnel_way *way,
                                   uint32_t uid);
/* The number of WireGuard in generic netlink, then all of one of its interfaces. */
[[nodiscard]] int tunnel_ask_family(struct buf *question);
[[nodiscard]] int tunnel_ask_peers(struct buf *question, uint16_t family, const char *name);
/* All of IPsec's policies; all its SAs. */
[[nodiscard]] int tunnel_ask_policies(struct buf *question);
[[nodiscard]] int tunnel_ask_sas(struct buf *question);

#endif
