/* One connection to a bad MX, or to the web server of its policies. */
#include "base/clean.h"
#include "base/err.h"
#include "check/sender_inside.h"
#include "tls/faulty.h"
#include "tls/session.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum {
	VISIT_MS = 180 * 1000, /* all of it */
	FETCH_MS = 20 * 1000,
	LINGER_MS = 5 * 1000, /* for the peer to end, too */
};

static void end(struct check_sender_visit *v)
{
	io_later_add(v->bench->set.loop, &v->end);
}

/* As far as it came; the bench is told once of each step. */
static void note(struct check_sender_visit *v)
{
	enum check_sender_arrival arrival = check_sender_talk_arrival(&v->talk);
	if (v->c && arrival > v->noted)
		check_sender_note(v->bench, v, arrival);
	v->noted = arrival > v->noted ? arrival : v->noted;
}

void check_sender_visit_free(struct check_sender_visit *v)
{
	struct check_sender_bench *b = v->bench;
	if (!b->is_closing)
		note(v);
	b->strangers += v->c && v->noted == CHECK_SENDER_NEVER;
	v->prev->next = v->next;
	v->next->prev = v->prev;
	b->visit_count--;
	io_deadline_disarm(&v->late);
	io_later_remove(b->set.loop, &v->end);
	io_stream_deinit(&v->stream);
	check_sender_talk_deinit(&v->talk);
	free(v);
}

static void on_end(struct io_later *later)
{
	check_sender_visit_free(
		(struct check_sender_visit *)((char *)later -
	                                      offsetof(struct check_sender_visit, end)));
}

/* The last word is on its way: the peer has a while to take it. */
static void finish(struct check_sender_visit *v)
{
	if (v->is_over) {
		end(v);
		return;
	}
	v->is_over = true;
	io_stream_end(&v->stream);
	io_deadline_arm(v->bench->set.loop, &v->late, LINGER_MS);
}

static int send_out(struct check_sender_visit *v)
{
	int r = io_stream_write(&v->stream, buf_slice(&v->talk.out));
	buf_clear(&v->talk.out);
	return err_up(r);
}

static void on_late(struct io_deadline *d)
{
	struct check_sender_visit *v =
		(struct check_sender_visit *)((char *)d -
	                                      offsetof(struct check_sender_visit, late));
	bool is_talking = v->c && !v->is_over && v->talk.state != CHECK_SENDER_TALK_HANDSHAKE;
	if (!is_talking || check_sender_talk_dismiss(&v->talk) || send_out(v)) {
		end(v);
		return;
	}
	finish(v);
}

static int tls_begin(struct check_sender_visit *v, struct tls_faulty *server)
{
	struct tls_session *tls = NULL;
	int r = tls_faulty_accept(&tls, server, &v->stream);
	if (r)
		return err_up(r);
	io_stream_start_tls(&v->stream, tls);
	return 0;
}

static void on_mail_bytes(struct check_sender_visit *v)
{
	enum check_sender_talk_todo todo = CHECK_SENDER_TALK_READ;
	size_t used = 0;
	int r = check_sender_talk_feed(&v->talk, io_stream_input(&v->stream), &used, &todo);
	io_stream_consume(&v->stream, used);
	if (!r)
		r = send_out(v);
	if (v->talk.messages || v->talk.is_misled)
		note(v);
	if (!r && todo == CHECK_SENDER_TALK_START_TLS)
		r = tls_begin(v, check_sender_tls_of(v->bench->set.tls, v->c));
	if (r)
		end(v);
	else if (todo == CHECK_SENDER_TALK_CLOSE)
		finish(v);
}

static void on_request_bytes(struct check_sender_visit *v)
{
	CLEAN(buf_deinit) struct buf answer = {};
	const struct check_sender_case *c = NULL;
	int r = check_sender_web_answer(&answer, v->bench->set.site, io_stream_input(&v->stream),
	                                &c);
	if (r == CHECK_SENDER_REQUEST_MORE)
		return;
	io_stream_consume(&v->stream, io_stream_input(&v->stream).len);
	if (r || io_stream_write(&v->stream, buf_slice(&answer))) {
		end(v);
		return;
	}
	if (c)
		check_sender_note_fetch(v->bench, c);
	finish(v);
}

static void on_data(struct check_sender_visit *v)
{
	if (v->is_over) /* nobody listens any more */
		io_stream_consume(&v->stream, io_stream_input(&v->stream).len);
	else if (v->c)
		on_mail_bytes(v);
	else
		on_request_bytes(v);
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct check_sender_visit *v = stream->owner;
	switch (event) {
	case IO_STREAM_CONNECTED:
	case IO_STREAM_ROOM:
		return;
	case IO_STREAM_DATA:
		on_data(v);
		return;
	case IO_STREAM_TLS_UP:
		if (v->c)
			check_sender_talk_secured(&v->talk);
		return;
	case IO_STREAM_TLS_FAILED:
		if (!v->c)
			check_sender_note_refusal(v->bench, tls_session_facts(stream->tls)->sni);
		end(v);
		return;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		end(v);
		return;
	}
}

void check_sender_peer_text(const struct sockaddr_storage *peer,
                            char ret_text[CHECK_SENDER_PEER_CAP])
{
	const void *at = peer->ss_family == AF_INET6
	                         ? (const void *)&((const struct sockaddr_in6 *)peer)->sin6_addr
	                         : (const void *)&((const struct sockaddr_in *)peer)->sin_addr;
	if (!inet_ntop(peer->ss_family, at, ret_text, CHECK_SENDER_PEER_CAP))
		ret_text[0] = '\0';
}

static int talk_begin(struct check_sender_visit *v)
{
	const struct check_sender_site *site = v->bench->set.site;
	check_sender_host(site, v->c, v->host);
	check_sender_domain(site, v->c, v->domain);
	struct check_sender_talk_settings set = {
		.offer = v->c->offer,
		.was_sealed = v->bench->seen[check_sender_number(v->c)].was_sealed,
		.host = v->host,
		.domain = v->domain,
	};
	int r = check_sender_talk_init(&v->talk, &set);
	return r ? err_up(r) : err_up(send_out(v));
}

void check_sender_visit_begin(struct check_sender_bench *b, const struct check_sender_case *c,
                              int fd, const struct sockaddr_storage *peer)
{
	struct check_sender_visit *v = calloc(1, sizeof(*v));
	if (!v || io_stream_open(&v->stream, b->set.loop, fd)) {
		free(v);
		close(fd);
		return;
	}
	v->bench = b;
	v->c = c;
	check_sender_peer_text(peer, v->peer);
	v->stream.on_event = on_event;
	v->stream.owner = v;
	v->late.fn = on_late;
	v->end.fn = on_end;
	v->next = &b->visits;
	v->prev = b->visits.prev;
	v->prev->next = b->visits.prev = v;
	b->visit_count++;
	io_deadline_arm(b->set.loop, &v->late, c ? VISIT_MS : FETCH_MS);
	if (c ? talk_begin(v)
	      : tls_begin(v, b->set.tls->by_certificate[CHECK_SENDER_CERTIFICATE_GOOD]))
		end(v);
}
