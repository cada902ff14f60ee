#include "link/inside.h"

#include "base/log.h"
#include "tls/client.h"
#include "tls/inside.h"
#include "tls/peer.h"
#include "tls/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DOWN_MS = 5000 }; /* so long a target that could not be used comes last */

static const char *mend_of(const struct link_dial *d, enum link_whose whose)
{
	if (whose == LINK_WHOSE_FAR_SERVICE)
		return "is the service running, on the host of that far end? The log there says "
		       "more";
	if (!d->way->len)
		return "look at DNS, the hosts file and resolver in the configuration, or write an "
		       "address";
	if (!d->end->is_far && d->stream.tls)
		return "look at the log of the other end; peer is who it has to be, mailseal pki "
		       "list says who has which certificate";
	return d->end->is_far ? "is the service running?"
	                      : "is the other end running, and open to this host?";
}

static bool has_next(const struct link_dial *d)
{
	return d->ways.at < d->ways.count;
}

static void complain(struct link_dial *d, enum link_whose whose)
{
	bool is_service = d->end->is_far || whose == LINK_WHOSE_FAR_SERVICE;
	uint64_t unsaid;
	if (!log_calm(&d->end->failures, io_loop_now_ms(d->pool->loop), &unsaid))
		return;
	log_warn(d->session_id,
	         has_next(d) ? "target of a link cannot be used" : "link cannot be made",
	         kv_str("link", d->end->name), kv_str("end", is_service ? "service" : "far"),
	         kv_str("address", d->way->text), kv_str("peer", d->end->peers),
	         kv_str("error", d->error), kv_str("mend", mend_of(d, whose)),
	         kv_int("unsaid", (int64_t)unsaid));
}

void link_dial_failed(struct link_dial *d, enum link_whose whose, const char *error)
{
	if (d->is_failed)
		return;
	d->is_failed = true;
	io_deadline_disarm(&d->late);
	snprintf(d->error, sizeof(d->error), "%s", error);
	link_down_note(&d->end->downs, d->way, io_loop_now_ms(d->pool->loop) + DOWN_MS);
	d->pool->counters.tls_failed += d->stream.tls && whose == LINK_WHOSE_TARGET;
	complain(d, whose);
	io_later_add(d->pool->loop, &d->again);
}

static void failed(struct link_dial *d, const char *error)
{
	link_dial_failed(d, LINK_WHOSE_TARGET, error);
}

static void is_up(struct link_dial *d)
{
	io_deadline_disarm(&d->late);
	link_down_note(&d->end->downs, d->way, 0);
	d->on_done(d, true);
}

static void on_connected(struct link_dial *d)
{
	struct tls_session *tls = NULL;
	io_stream_keepalive(&d->stream, d->end->keepalive_s);
	if (!d->end->client)
		is_up(d);
	else if (tls_session_connect(&tls, d->end->client, &d->stream))
		failed(d, "no memory");
	else
		io_stream_start_tls(&d->stream, tls);
}

static void on_tls_up(struct link_dial *d)
{
	if (link_is_revoked(d->pool, d->end, d->session_id, d->stream.tls)) {
		failed(d, "certificate revoked");
		return;
	}
	link_expiry_say(d->pool, d->end, d->session_id, d->stream.tls);
	is_up(d);
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct link_dial *d = stream->owner;
	if (d->is_failed)
		return;
	switch (event) {
	case IO_STREAM_CONNECTED:
		on_connected(d);
		break;
	case IO_STREAM_TLS_UP:
		on_tls_up(d);
		break;
	case IO_STREAM_TLS_FAILED:
		failed(d, tls_session_error(stream->tls));
		break;
	case IO_STREAM_ERROR:
		failed(d, strerror(stream->error));
		break;
	case IO_STREAM_EOF:
		failed(d, "it closed the connection");
		break;
	case IO_STREAM_DATA:
	case IO_STREAM_ROOM:
		break;
	}
}

static void wait_end(struct link_dial *d)
{
	if (!d->at)
		return;
	*d->at = d->next;
	if (d->next)
		d->next->at = d->at;
	d->at = NULL;
}

static void begin(struct link_dial *d);

/* The name is not worth more: the other targets have their turn, and the log says what it is. */
static void on_late(struct io_deadline *late)
{
	struct link_dial *d = (struct link_dial *)((char *)late - offsetof(struct link_dial, late));
	if (!d->at) {
		failed(d, "no answer in time");
		return;
	}
	wait_end(d);
	begin(d);
}

static void on_again(struct io_later *again)
{
	link_dial_start((struct link_dial *)((char *)again - offsetof(struct link_dial, again)));
}

void link_expiry_say(struct link_pool *pool, struct link_end *end, const char *session_id,
                     const struct tls_session *tls)
{
	int64_t ago_s = tls_session_expired_s(tls);
	uint64_t unsaid;
	if (!ago_s || !log_calm(&end->expiries, io_loop_now_ms(pool->loop), &unsaid))
		return;
	log_error(session_id, "certificate of one of our hosts has expired and is accepted for now",
	          kv_str("link", end->name), kv_str("end", end->is_far ? "near" : "far"),
	          kv_str("names", end->is_far ? tls_session_peer_names(tls) : end->peers),
	          kv_int("expired_s", ago_s),
	          kv_str("mend", "renew it: mailseal pki renew NAME on the CA's host"),
	          kv_int("unsaid", (int64_t)unsaid));
}

static void way_try(struct link_dial *d)
{
	io_stream_deinit(&d->stream);
	if (!has_next(d)) {
		d->on_done(d, false);
		return;
	}
	d->way = &d->ways.list[d->ways.at++];
	d->target = d->way->target;
	d->is_failed = false;
	d->stream = (struct io_stream){ .fd = -1, .owner = d, .on_event = on_event };
	if (!d->way->len) {
		failed(d, d->way->fault);
		return;
	}
	io_deadline_arm(d->pool->loop, &d->late, d->end->connect_timeout_ms);
	int r = io_stream_connect(
		&d->stream, d->pool->loop,
		&(struct io_way){ .to = (struct sockaddr *)&d->way->sa, .len = d->way->len });
	if (r)
		failed(d, strerror(-r));
}

static void begin(struct link_dial *d)
{
	io_deadline_disarm(&d->late);
	if (link_ways_init(&d->ways, d->end, io_loop_now_ms(d->pool->loop)))
		d->on_done(d, false);
	else
		way_try(d);
}

static void wait_begin(struct link_dial *d)
{
	d->next = d->pool->dials;
	d->at = &d->pool->dials;
	if (d->next)
		d->next->at = &d->next;
	d->pool->dials = d;
	io_deadline_arm(d->pool->loop, &d->late, d->end->connect_timeout_ms);
}

void link_dial_start(struct link_dial *d)
{
	d->again.fn = on_again;
	d->late.fn = on_late;
	if (d->ways.list)
		way_try(d);
	else if (link_ways_are_pending(d->end))
		wait_begin(d);
	else
		begin(d);
}

/* In a later turn: this is inside of what names have to do. */
void link_dials_wake(struct link_pool *pool)
{
	for (struct link_dial *d = pool->dials, *next; d; d = next) {
		next = d->next;
		if (link_ways_are_pending(d->end))
			continue;
		wait_end(d);
		io_deadline_disarm(&d->late);
		io_later_add(pool->loop, &d->again);
	}
}

void link_dial_rewind(struct link_dial *d)
{
	link_ways_deinit(&d->ways);
	d->way = NULL;
}

const char *link_dial_ended(const struct link_dial *d)
{
	if (!d->stream.is_dead)
		return "it closed the connection";
	return d->stream.error == EPROTO ? tls_session_error(d->stream.tls)
	                                 : strerror(d->stream.error);
}

void link_dial_deinit(struct link_dial *d)
{
	if (d->pool)
		io_later_remove(d->pool->loop, &d->again);
	wait_end(d);
	link_dial_rewind(d);
	io_deadline_disarm(&d->late);
	io_stream_deinit(&d->stream);
}
