/* The far end of syslog: frames from the stream, datagrams to the server of this host. */
#include "link/frame.h"
#include "link/inside.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void lost(struct link_session *s, const char *why)
{
	uint64_t unsaid;
	s->pool->counters.datagrams_lost++;
	if (!log_calm(&s->end->losses, io_loop_now_ms(s->pool->loop), &unsaid))
		return;
	log_warn(s->id, "syslog message lost", kv_str("link", s->end->name),
	         kv_str("end", "service"),
	         kv_str("address", s->dial.target ? s->dial.target->text : ""),
	         kv_str("error", why), kv_int("unsaid", (int64_t)unsaid));
}

static void on_answer(struct io_udp *u, struct slice packet, int error)
{
	(void)packet; /* nobody answers to syslog */
	if (error)
		lost(u->owner, strerror(error));
}

/* The first that there is a socket for: of UDP nobody says whether he is there. */
static int open_any(struct link_session *s)
{
	int r = -ENOENT;
	for (size_t i = 0; r && i < s->end->target_count; i++) {
		struct link_target *t = &s->end->targets[i];
		r = io_udp_open(&s->syslog, s->pool->loop, (struct sockaddr *)&t->sa, t->len);
		s->dial.target = t;
	}
	return r;
}

static void deliver(struct link_session *s, struct slice message)
{
	int r = s->syslog.fd < 0 ? open_any(s) : 0;
	if (!r)
		r = io_udp_send(&s->syslog, message);
	/* A server that was started anew has another socket at the same path. */
	if (r) {
		io_udp_close(&s->syslog);
		r = open_any(s);
		if (!r)
			r = io_udp_send(&s->syslog, message);
	}
	s->datagrams += !r;
	s->pool->counters.datagrams += !r;
	if (r)
		lost(s, strerror(-r));
}

static void frames_read(struct link_session *s)
{
	struct slice message;
	size_t used;
	int r;
	while ((r = link_frame_read(io_stream_input(&s->in), &message, &used)) == 0) {
		deliver(s, message);
		io_stream_consume(&s->in, used);
	}
	if (r != LINK_FRAME_BAD)
		return;
	snprintf(s->error, sizeof(s->error), "what came is no frame of RFC 5425");
	link_session_break(s, "bad-syntax");
}

void link_receiver_begin(struct link_session *s)
{
	s->syslog.on_packet = on_answer;
	s->syslog.owner = s;
	s->was_up = true;
	/* A socket for datagrams is always there, and nobody says whether somebody reads. */
	if (link_word_say(&s->in, &(struct link_word){ .is_reached = true }))
		link_session_break(s, "no-memory");
}

void link_receiver_event(struct link_session *s, enum io_stream_event event)
{
	switch (event) {
	case IO_STREAM_DATA:
		frames_read(s);
		break;
	case IO_STREAM_EOF:
		io_stream_end(&s->in);
		link_session_end(s, s->in.was_truncated ? "cut" : "ok");
		break;
	case IO_STREAM_ERROR:
		link_session_break(s, "cut");
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_ROOM:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}
