/* Names of our hosts, from a file as /etc/hosts is one: for links, whose ends know each other by
 * the names of the internal CA. Pure. */
#ifndef WATCH_HOSTS_H
#define WATCH_HOSTS_H

#include "watch/packet.h"

enum { WATCH_HOST_NAME_CAP = 64 };

struct watch_named {
	struct watch_address address;
	char name[WATCH_HOST_NAME_CAP];
};

/* Starts as {}. */
struct watch_hosts {
	struct watch_named *list; /* owned: by address */
	size_t count;
};

void watch_hosts_deinit(struct watch_hosts *h);

/* Lines of an address and a name, which counts up to its first dot; further names, comments, and
 * what is no such line are passed over. Of two for one address the first counts. 0 or -ENOMEM. */
[[nodiscard]] int watch_hosts_read(struct watch_hosts *ret_hosts, struct slice text);

/* NULL: it has none, or h is NULL. */
const char *watch_hosts_name(const struct watch_hosts *h, const struct watch_address *address);

#endif
