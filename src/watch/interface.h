/* What an interface is: the kernel's word for its kind, by netlink. */
#ifndef WATCH_INTERFACE_H
#define WATCH_INTERFACE_H

#include "watch/verdict.h"

enum { WATCH_KIND_CAP = 32, WATCH_MAC_LEN = 6 };

struct watch_interface {
	enum watch_wire wire;
	char kind[WATCH_KIND_CAP]; /* "" of hardware, and where the kernel does not say */
	bool has_mac;
	uint8_t mac[WATCH_MAC_LEN]; /* of Ethernet */
};

/*
 * WATCH_LOCAL of loopback, veth and dummy, WATCH_INSIDE of what encrypts below it (wireguard, tun,
 * macsec, xfrm, vti); all else is WATCH_NETWORK: bridges, and gre, vxlan and ipip, which encrypt
 * nothing.
 */
void watch_interface_look(struct watch_interface *ret_interface, const char *name);

/* An Ethernet frame that is neither from nor for this interface: a mirror shows it, or a bridge
 * passes it on. Where it came from and where it goes nobody here knows. */
bool watch_interface_is_passed(const struct watch_interface *interface, struct slice frame);

/* The same from the kernel's word alone. */
enum watch_wire watch_interface_kind_wire(const char *kind);

#endif
