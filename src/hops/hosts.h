/* Hosts that an operator named: "mx.example.org", ".example.org" (all below it), an address or a
 * network. Pure. */
#ifndef HOPS_HOSTS_H
#define HOPS_HOSTS_H

#include "conf/settings.h"
#include "hops/address.h"

enum { HOPS_HOSTS_BAD = 1 };

/* All zero: none. */
struct hops_hosts {
	const char **names; /* as they were given; borrowed */
	size_t name_count;
	struct conf_network *networks;
	size_t network_count;
};

/* text stays the caller's and has to live as long. 0, HOPS_HOSTS_BAD (neither), or -ENOMEM. */
[[nodiscard]] int hops_hosts_add(struct hops_hosts *h, const char *text);
void hops_hosts_deinit(struct hops_hosts *h);

bool hops_hosts_are_none(const struct hops_hosts *h);
bool hops_hosts_has_name(const struct hops_hosts *h, struct slice name);
bool hops_hosts_has_address(const struct hops_hosts *h, const struct hops_address *address);

#endif
