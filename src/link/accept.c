/* Who comes to a link: whether there is room for him, and his session. */
#include "link/inside.h"

#include "base/clean.h"
#include "base/log.h"
#include "io/address.h"

#include <unistd.h>

enum { HANDSHAKES_MAX = 500 }; /* who only begins one must not keep our own hosts out */

static const char *limit_hit(const struct link_pool *pool, const struct link_end *end)
{
	if (pool->is_draining)
		return "draining";
	if (end->is_far && pool->handshakes >= HANDSHAKES_MAX)
		return "handshakes";
	return end->connections_max && end->open >= end->connections_max ? "connections" : NULL;
}

static void turn_away(struct link_pool *pool, struct link_end *end, int fd, const char *why)
{
	const struct linger at_once = { .l_onoff = 1 };
	uint64_t unsaid;
	pool->counters.refused++;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
	if (log_calm(&end->refusals, io_loop_now_ms(pool->loop), &unsaid))
		log_warn(NULL, "link refused", kv_str("link", end->name), kv_str("end", "here"),
		         kv_str("error", why), kv_int("unsaid", (int64_t)unsaid));
}

void link_accept(struct link_pool *pool, struct link_world *w, uint32_t number, int socket,
                 const struct sockaddr *peer)
{
	CLEAN(closep) int fd = socket;
	struct link_end *end = number < w->count ? &w->ends[number] : NULL;
	if (!end)
		return;
	struct sockaddr_storage wanted;
	link_wanted_find(end, fd, &wanted);
	const char *why = limit_hit(pool, end);
	if (!link_is_wanted(end, &wanted))
		why = "it was not on its way to a destination of this link";
	struct link_session *s = why ? NULL : link_session_new(pool, w, end);
	if (!s) {
		turn_away(pool, end, TAKE_FD(fd), why ? why : "memory");
		return;
	}
	io_address_text(peer, s->addr, sizeof(s->addr), &s->port);
	io_address_text((struct sockaddr *)&wanted, s->wanted_addr, sizeof(s->wanted_addr),
	                &s->wanted_port);
	if (io_stream_open(&s->in, pool->loop, fd)) {
		s->in.fd = -1;
		link_session_end(s, "no-memory");
		return;
	}
	(void)TAKE_FD(fd);
	io_stream_keepalive(&s->in, end->keepalive_s);
	link_session_begin(s);
}
