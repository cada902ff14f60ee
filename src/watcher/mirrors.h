/* Which public ports are seen here, and what is spoken at them: the settings, ready to be asked for
 * each connection. Pure. */
#ifndef WATCHER_MIRRORS_H
#define WATCHER_MIRRORS_H

#include "conf/settings.h"
#include "watch/packet.h"

struct watcher_mirror_place {
	bool is_any; /* of any address */
	struct watch_address address;
	uint16_t port;
	const struct conf_mirror *mirror; /* of the settings, which have to stay */
};

struct watcher_mirrors {
	struct watcher_mirror_place *places;
	size_t count;
};

/* 0 or -ENOMEM. */
[[nodiscard]] int watcher_mirrors_make(struct watcher_mirrors *ret_mirrors,
                                       const struct conf_settings *settings);
void watcher_mirrors_deinit(struct watcher_mirrors *mirrors);

/* NULL: none. */
const struct conf_mirror *watcher_mirrors_find(const struct watcher_mirrors *mirrors,
                                               const struct watch_address *server, uint16_t port);

#endif
