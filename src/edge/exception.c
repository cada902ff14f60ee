#include "edge/exception.h"

#include "edge/peer.h"

#include <string.h>

struct edge_allowance edge_exceptions_for(const struct conf_settings *settings, const char *edge,
                                          const struct sockaddr *peer, int64_t now_s)
{
	struct edge_allowance all = {};
	for (size_t i = 0; i < settings->exception_count; i++) {
		const struct conf_exception *e = &settings->exceptions[i];
		if (e->until_s <= now_s || strcmp(e->edge, edge) != 0)
			continue;
		if (!e->any_from && !edge_peer_is_in(peer, e->from, e->from_count))
			continue;
		all.plain_login |= e->allow_plain_login;
		if (e->allow_version && (!all.version || e->allow_version < all.version))
			all.version = e->allow_version;
	}
	return all;
}
