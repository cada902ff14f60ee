/* What an interface is: the kernel's word for its kind, by netlink. */
#ifndef WATCH_INTERFACE_H
#define WATCH_INTERFACE_H

#include "watch/verdict.h"

/*
 * WATCH_LOCAL of loopback and veth, WATCH_INSIDE of what encrypts below it (wireguard, tun, macsec,
 * xfrm, vti); all else is WATCH_NETWORK: gre, vxlan and ipip encrypt nothing.
 * ret_kind: "" of hardware, and where the kernel does not say.
 */
enum watch_wire watch_interface_wire(const char *name, char *ret_kind, size_t cap);

/* The same from the kernel's word alone. */
enum watch_wire watch_interface_kind_wire(const char *kind);

#endif
