#include "ask/upstream.h"

#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "dns/query.h"
#include "io/address.h"
#include "io/stream.h"
#include "io/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { AGAIN_MS = 4000, DNS_PORT = 53, LENGTH_LEN = 2 };

struct server {
	struct sockaddr_storage address;
	socklen_t len;
};

struct upstream {
	struct io_loop *loop;
	struct server *servers;
	size_t count;
	unsigned open;
	unsigned questions_max;
	unsigned again_ms;
	bool has_zone;
};

struct upstream_question {
	struct upstream *u;
	upstream_fn *fn;
	void *owner;
	size_t server; /* the one that is asked */
	size_t errors; /* of servers, one after the other */
	bool is_answered;
	struct io_udp udp;
	struct io_stream tcp;
	struct buf input; /* of tcp */
	struct io_deadline again;
	struct io_later lost; /* the server did not do; for `error` */
	int error;
	uint8_t query[LENGTH_LEN + DNS_QUERY_MAX]; /* as it is sent over TCP (RFC 1035 4.2.2) */
	size_t len;                                /* without its length */
};

/* ADDRESS or ADDRESS@PORT */
static bool address_parse(struct server *ret_server, const char *text)
{
	char host[64];
	size_t len = strcspn(text, "@");
	long port = text[len] ? strtol(text + len + 1, NULL, 10) : DNS_PORT;
	if (len >= sizeof(host) || port < 1 || port > UINT16_MAX)
		return false;
	slice_to_text(slice_head(slice_str(text), len), host, sizeof(host));
	ret_server->len = io_address_take(host, (uint16_t)port, &ret_server->address);
	return ret_server->len != 0;
}

int upstream_new(struct upstream **ret_u, struct io_loop *loop,
                 const struct upstream_settings *settings, const char **ret_bad)
{
	struct upstream *u = calloc(1, sizeof(*u));
	struct server *servers = calloc(settings->count + 1, sizeof(*servers));
	if (!u || !servers) {
		free(u);
		free(servers);
		return err_raise(-ENOMEM);
	}
	*u = (struct upstream){ .loop = loop,
		                .servers = servers,
		                .count = settings->count,
		                .questions_max = settings->questions_max,
		                .again_ms = settings->again_ms ? settings->again_ms : AGAIN_MS,
		                .has_zone = settings->has_zone };
	for (size_t i = 0; i < u->count; i++) {
		if (address_parse(&servers[i], settings->addresses[i]))
			continue;
		*ret_bad = settings->addresses[i];
		upstream_free(u);
		return UPSTREAM_BAD_ADDRESS;
	}
	*ret_u = u;
	return 0;
}

void upstream_free(struct upstream *u)
{
	if (!u)
		return;
	free(u->servers);
	free(u);
}

static struct slice query_of(const struct upstream_question *q)
{
	return slice_of(q->query + LENGTH_LEN, q->len);
}

static void answer(struct upstream_question *q, struct slice packet, const char *why)
{
	if (q->is_answered)
		return;
	q->is_answered = true;
	io_deadline_disarm(&q->again);
	q->fn(q->owner, packet, why);
}

/* The server whose turn it is, by datagram; never from inside of tcp. 0 or a negative. */
static int server_ask(struct upstream_question *q)
{
	const struct server *s = &q->u->servers[q->server];
	io_udp_close(&q->udp);
	io_stream_deinit(&q->tcp);
	io_deadline_arm(q->u->loop, &q->again, q->u->again_ms);
	int r = io_udp_open(&q->udp, q->u->loop, (const struct sockaddr *)&s->address, s->len);
	return r ? err_up(r) : err_up(io_udp_send(&q->udp, query_of(q)));
}

/* That one, or the next, as long as not all of them, one after the other, could not be asked. */
static int servers_ask(struct upstream_question *q)
{
	int r;
	while ((r = server_ask(q)) && ++q->errors < q->u->count)
		q->server = (q->server + 1) % q->u->count;
	return err_up(r);
}

static void on_lost(struct io_later *l)
{
	struct upstream_question *q =
		(struct upstream_question *)((char *)l - offsetof(struct upstream_question, lost));
	if (q->is_answered)
		return;
	if (++q->errors < q->u->count) {
		q->server = (q->server + 1) % q->u->count;
		q->error = -servers_ask(q);
		if (!q->error)
			return;
	}
	answer(q, (struct slice){}, strerror(q->error));
}

/* The next one is asked, from a later turn: no stream is closed from inside. */
static void server_lost(struct upstream_question *q, int error)
{
	q->error = error;
	io_later_add(q->u->loop, &q->lost);
}

/* No answer: it was lost, or takes its time, or that server is not well. */
static void on_again(struct io_deadline *d)
{
	struct upstream_question *q =
		(struct upstream_question *)((char *)d - offsetof(struct upstream_question, again));
	io_later_remove(q->u->loop, &q->lost);
	q->server = (q->server + 1) % q->u->count;
	q->errors = 0;
	int r = servers_ask(q);
	if (r)
		answer(q, (struct slice){}, strerror(-r));
}

/* Whole, or more is to come, or it is no answer to this question. */
static void tcp_read(struct upstream_question *q)
{
	struct slice input = io_stream_input(&q->tcp);
	int r = buf_add(&q->input, input);
	io_stream_consume(&q->tcp, input.len);
	struct slice whole = buf_slice(&q->input);
	if (r) {
		answer(q, (struct slice){}, "out of memory");
		return;
	}
	if (whole.len < LENGTH_LEN)
		return;
	size_t len = (size_t)(whole.data[0] << 8 | whole.data[1]);
	struct slice packet = slice_skip(whole, LENGTH_LEN);
	if (packet.len < len)
		return;
	packet = slice_head(packet, len);
	if (!dns_query_match(query_of(q), packet))
		answer(q, packet, NULL);
	else
		server_lost(q, EBADMSG);
}

static void on_tcp(struct io_stream *s, enum io_stream_event event)
{
	struct upstream_question *q = s->owner;
	if (q->lost.is_queued || q->is_answered)
		return;
	switch (event) {
	case IO_STREAM_CONNECTED:
		if (io_stream_write(s, slice_of(q->query, LENGTH_LEN + q->len)))
			server_lost(q, ENOMEM);
		break;
	case IO_STREAM_DATA:
		tcp_read(q);
		break;
	case IO_STREAM_EOF:
		server_lost(q, ECONNRESET);
		break;
	case IO_STREAM_ERROR:
		server_lost(q, s->error);
		break;
	case IO_STREAM_ROOM:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

static void tcp_begin(struct upstream_question *q)
{
	const struct server *s = &q->u->servers[q->server];
	io_udp_close(&q->udp);
	buf_clear(&q->input);
	q->tcp = (struct io_stream){ .fd = -1, .owner = q, .on_event = on_tcp };
	int r = io_stream_connect(
		&q->tcp, q->u->loop,
		&(struct io_way){ .to = (const struct sockaddr *)&s->address, .len = s->len });
	if (r)
		server_lost(q, -r);
}

static void on_packet(struct io_udp *udp, struct slice packet, int error)
{
	struct upstream_question *q = udp->owner;
	if (q->is_answered || q->lost.is_queued)
		return;
	if (error) {
		server_lost(q, error);
		return;
	}
	int r = dns_query_match(query_of(q), packet);
	if (!r)
		answer(q, packet, NULL);
	else if (r == DNS_TRUNCATED)
		tcp_begin(q);
}

int upstream_ask(struct upstream_question **ret_q, struct upstream *u, const char *name,
                 enum dns_type type, upstream_fn *fn, void *owner)
{
	uint16_t id;
	if (u->open == u->questions_max)
		return UPSTREAM_BUSY;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return err_raise(-errno);
	struct upstream_question *q = calloc(1, sizeof(*q));
	if (!q)
		return err_raise(-ENOMEM);
	*q = (struct upstream_question){
		.u = u,
		.fn = fn,
		.owner = owner,
		.again.fn = on_again,
		.lost.fn = on_lost,
		.udp = { .fd = -1, .on_packet = on_packet, .owner = q },
		.tcp = { .fd = -1 },
	};
	u->open++;
	int r = dns_query_write(q->query + LENGTH_LEN, &q->len, id, name, type) ? UPSTREAM_BAD_NAME
	                                                                        : 0;
	if (!r && u->has_zone)
		dns_query_undirect(q->query + LENGTH_LEN);
	q->query[0] = (uint8_t)(q->len >> 8);
	q->query[1] = (uint8_t)q->len;
	if (!r && servers_ask(q))
		r = UPSTREAM_BUSY;
	if (r) {
		upstream_question_free(q);
		return r;
	}
	*ret_q = q;
	return 0;
}

void upstream_question_free(struct upstream_question *q)
{
	if (!q)
		return;
	q->u->open--;
	io_deadline_disarm(&q->again);
	io_later_remove(q->u->loop, &q->lost);
	io_udp_close(&q->udp);
	io_stream_deinit(&q->tcp);
	buf_deinit(&q->input);
	free(q);
}
