/* The connection to a backend, and from which address of this host it is made. */
#include "edge/session.h"

#include "base/err.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void source_take(struct sockaddr_storage *sa, const struct conf_network *from)
{
	if (from->is_v6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;
		v6->sin6_family = AF_INET6;
		memcpy(&v6->sin6_addr, from->addr, sizeof(v6->sin6_addr));
	} else {
		struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
		v4->sin_family = AF_INET;
		memcpy(&v4->sin_addr, from->addr, sizeof(v4->sin_addr));
	}
}

int edge_sources_fill(struct edge_backend *b)
{
	size_t count = b->conf->source_count;
	b->sources = calloc(count + 1, sizeof(*b->sources));
	if (!b->sources)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < count; i++)
		source_take(&b->sources[i], &b->conf->sources[i]);
	/* Workers that begin together do not use the same one together. */
	if (getrandom(&b->source_turn, sizeof(b->source_turn), 0) < 0)
		b->source_turn = 0;
	return 0;
}

/* The next of that family; NULL: any will do. */
static const struct sockaddr *source_next(struct edge_backend *b, sa_family_t family)
{
	for (size_t i = 0; i < b->conf->source_count; i++) {
		size_t at = b->source_turn++ % b->conf->source_count;
		if (b->sources[at].ss_family == family)
			return (const struct sockaddr *)&b->sources[at];
	}
	return NULL;
}

/* A tunnel is no matter of routes alone: the connection is bound to its interface. */
int edge_source_connect(struct edge_session *s)
{
	struct edge_backend *b = s->target;
	const struct edge_address *a = &b->addresses[s->address];
	const struct io_way way = { .from = source_next(b, a->sa.ss_family),
		                    .to = (const struct sockaddr *)&a->sa,
		                    .len = a->sa_len,
		                    .device = b->conf->tls.interface };
	int r = io_stream_connect(&s->backend, s->pool->loop, &way);
	/* It has no port left to there, or is not of this host now: another may. */
	for (size_t i = 1; r == -EADDRNOTAVAIL && i < b->conf->source_count; i++) {
		struct io_way other = way;
		other.from = source_next(b, a->sa.ss_family);
		r = io_stream_connect(&s->backend, s->pool->loop, &other);
	}
	return err_up(r);
}
