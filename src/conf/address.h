/* Addresses of sockets, as they are written in the configuration file (conf/settings.h). Pure. */
#ifndef CONF_ADDRESS_H
#define CONF_ADDRESS_H

#include "conf/settings.h"

/* 0 or CONF_VALUE_BAD. ret_why: what is wrong then, in words. */
[[nodiscard]] int conf_address_parse(const char *text, struct conf_address *ret_address,
                                     const char **ret_why);
/* "lmtp:" or "smtp:" and an address, or "127.0.0.0/8:PORT". */
[[nodiscard]] int conf_handoff_parse(const char *text, struct conf_handoff *ret_handoff,
                                     const char **ret_why);

/* On this host for certain: 127.0.0.0/8, ::1, a unix socket. */
bool conf_address_is_local(const struct conf_address *address);
bool conf_host_is_local(const char *host); /* an address without brackets or port */
/* A socket on one would take clients of the other: the same, or "*" and the same port. */
bool conf_address_overlaps(const struct conf_address *a, const struct conf_address *b);

#endif
