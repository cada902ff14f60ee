/* Networks, as they are written in the configuration file, and who is in one. Pure. */
#ifndef CONF_NETWORK_H
#define CONF_NETWORK_H

#include "conf/settings.h"

/* 0 or CONF_VALUE_BAD. ret_why: what is wrong then, in words. */
[[nodiscard]] int conf_network_parse(const char *text, struct conf_network *ret_network,
                                     const char **ret_why);
void conf_network_print(const struct conf_network *network, char ret_text[64]);

/* addr: 4 or 16 bytes in network order. A mapped ::ffff:a.b.c.d is met by an IPv4 network. */
bool conf_network_contains(const struct conf_network *network, const uint8_t *addr, bool is_v6);

/* Is it in one of them? Of none: is it a private address, or of this host alone? */
bool conf_networks_are_ours(const struct conf_network *networks, size_t count, const uint8_t *addr,
                            bool is_v6);

#endif
