#include "watcher/mirrors.h"

#include "base/clean.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>

void watcher_mirrors_deinit(struct watcher_mirrors *mirrors)
{
	free(mirrors->places);
	*mirrors = (struct watcher_mirrors){};
}

/* A zone ("fe80::1%eth0") is no part of what is on the wire. */
static bool address_read(const struct conf_address *from, struct watch_address *ret_address)
{
	char host[sizeof(from->host)];
	*ret_address = (struct watch_address){};
	if (from->kind == CONF_ADDRESS_INET) {
		memset(ret_address->bytes + 10, 0xff, 2);
		return inet_pton(AF_INET, from->host, ret_address->bytes + 12) == 1;
	}
	memcpy(host, from->host, sizeof(host));
	host[strcspn(host, "%")] = '\0';
	return inet_pton(AF_INET6, host, ret_address->bytes) == 1;
}

static void place_add(struct watcher_mirrors *m, const struct conf_mirror *mirror,
                      const struct conf_address *from)
{
	struct watcher_mirror_place place = { .is_any = from->kind == CONF_ADDRESS_ANY,
		                              .port = from->port,
		                              .mirror = mirror };
	if (place.is_any || address_read(from, &place.address))
		m->places[m->count++] = place;
}

int watcher_mirrors_make(struct watcher_mirrors *ret_mirrors, const struct conf_settings *settings)
{
	struct watcher_mirrors m = {};
	size_t count = 0;
	for (size_t i = 0; i < settings->mirror_count; i++)
		count += settings->mirrors[i].server_count;
	m.places = calloc(count + 1, sizeof(*m.places));
	if (!m.places)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < settings->mirror_count; i++)
		for (size_t n = 0; n < settings->mirrors[i].server_count; n++)
			place_add(&m, &settings->mirrors[i], &settings->mirrors[i].servers[n]);
	*ret_mirrors = m;
	return 0;
}

const struct conf_mirror *watcher_mirrors_find(const struct watcher_mirrors *mirrors,
                                               const struct watch_address *server, uint16_t port)
{
	for (size_t i = 0; i < mirrors->count; i++) {
		const struct watcher_mirror_place *place = &mirrors->places[i];
		if (place->port == port &&
		    (place->is_any || watch_address_equal(&place->address, server)))
			return place->mirror;
	}
	return NULL;
}
